"""HTTP under the pages and the API: the door and its limits, requests read, routes guarded."""
