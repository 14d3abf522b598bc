"""FLOOR 4: use cases of the two faces, web and command line."""
