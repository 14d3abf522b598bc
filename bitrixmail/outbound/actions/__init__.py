"""What rules want done outside, carried out: each kind of job has its courier."""
