"""FLOOR 2: octets to lines and back, without sockets. PURE."""
