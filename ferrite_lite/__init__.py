"""A Redis-compatible server and store that lives inside a Python process."""
