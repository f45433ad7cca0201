"""``python -m sessions.demo``: the whole system at work, in one process and half a minute."""
