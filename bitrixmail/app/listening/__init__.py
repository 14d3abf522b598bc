"""Sockets that listen, and the small HTTP doors that need no pages."""
