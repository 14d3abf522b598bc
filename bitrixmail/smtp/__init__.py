"""FLOOR 4: the door for SMTP."""
