"""FLOOR 4: the doors for readers: POP3."""
