"""The doctor's looks at the surroundings: at the start, once a day, and when somebody asks."""
