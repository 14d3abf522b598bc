"""What the doctor finds, said in other languages. Pure texts."""
