"""FLOOR 6: settings, composition, services; the only room that knows all others."""
