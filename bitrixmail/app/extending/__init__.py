"""Extensions, married: found, started, and kept behind guards."""
