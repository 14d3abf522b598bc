"""FLOOR 3: conditions, actions, the engine that judges, the language. PURE."""
