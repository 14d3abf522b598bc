"""FLOOR 4: from a door to the durable line: gate, transaction, routing, judging."""
