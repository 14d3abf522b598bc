"""FLOOR 2: message syntax: header fields, charsets, trace fields. PURE."""
