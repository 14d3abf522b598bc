"""What testifies of a message before the rules decide about it, and does nothing by itself."""
