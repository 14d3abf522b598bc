"""How safe the way must be, and whose signature mail carries."""
