"""FLOOR 1: the words of the house as frozen values. Standard library only."""
