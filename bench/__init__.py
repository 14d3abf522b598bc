"""Measures durable receive beside a private Postfix, in one run, as ratios. Not a test."""
