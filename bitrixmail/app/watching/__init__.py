"""What those see who watch the server: logs, the mail log, metrics, and counts for the pages."""
