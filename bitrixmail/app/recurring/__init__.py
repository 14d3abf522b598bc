"""What is done again and again while the server runs, by a clock."""
