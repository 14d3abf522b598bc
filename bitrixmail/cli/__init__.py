"""FLOOR 5: the bitrixmail command; decides nothing itself."""
