"""What sends, married: the queue, its couriers, and the ways out."""
