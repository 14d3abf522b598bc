"""FLOOR 4: what is kept: database, messages, directory, rulebook, blobs."""
