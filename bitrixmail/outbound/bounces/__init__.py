"""Who gets nothing more, and bounces that come in."""
