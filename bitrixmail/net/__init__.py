"""FLOOR 4: the way to the network: TLS contexts, later DNS and HTTP."""
