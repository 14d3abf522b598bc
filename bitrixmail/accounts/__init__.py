"""FLOOR 4: who may log in: realm, checkers, passwords, throttle."""
