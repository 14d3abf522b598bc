"""BELOW THE WORKING FLOOR: what the sessions of all doors share over their transports."""
