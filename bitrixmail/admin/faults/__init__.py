"""What is wrong with what a person gave, said in Russian; pure text."""
