"""The dialogue with one host: octets, time, TLS, login, and what its answers mean."""
