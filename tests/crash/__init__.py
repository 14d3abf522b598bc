"""Kills a loaded server again and again and counts what was lost or doubled."""
