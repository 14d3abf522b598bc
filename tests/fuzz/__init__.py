"""Throws inputs that nobody would send at everything that reads what strangers write."""
