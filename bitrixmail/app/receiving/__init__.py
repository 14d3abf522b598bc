"""Reception, married: the doors that take mail in, in the server and in the processes beside it."""
