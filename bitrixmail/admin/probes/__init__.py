"""One look at the surroundings each."""
