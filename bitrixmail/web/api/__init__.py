"""The API at /api/v1: operations as values over the same use cases as the pages."""
