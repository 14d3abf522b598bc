"""What happens on the server, told to pages and programs as it happens."""
