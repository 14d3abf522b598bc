"""What settings are for, said in other languages. Pure texts."""
