"""FLOOR 4: the door for programs of this machine, which leave their mail as files."""
