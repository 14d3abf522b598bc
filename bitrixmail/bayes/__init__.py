"""What tells spam from mail that is wanted by its words. Pure: texts and counts in, a score out."""
