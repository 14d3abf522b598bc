"""Pages and API over the use cases, in HTML that works without scripts."""
