"""A server under steady load for long: what grows, and what went wrong on the way."""
