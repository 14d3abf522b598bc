"""The pages, married with the running server."""
