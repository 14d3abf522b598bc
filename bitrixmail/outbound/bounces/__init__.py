"""What a refusal means, who gets nothing more, and bounces that come in."""
