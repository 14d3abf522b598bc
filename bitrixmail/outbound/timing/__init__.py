"""When mail goes out, how much of it, and when it is tried again."""
