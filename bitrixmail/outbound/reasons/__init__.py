"""Why mail did not get through: what the words and codes of hosts mean."""
