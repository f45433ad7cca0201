"""``python -m sessions.demo --web``: sessions as a person meets them, in a browser."""
