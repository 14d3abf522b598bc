"""Sending: when, to whom, by which host, and what to do with the answer."""
