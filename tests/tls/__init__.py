"""testssl against every door that speaks TLS: `make tls`. Not a test: it takes minutes."""
