"""The settings: what they are, where they come from, how they are checked, shown and changed."""
