"""The form of a rule: from fields to a rule and back, what is added to it, and its words."""
