"""Faults of the system put into a running server, and what it makes of them."""
