"""Each atomic operation once, in Lua: what runs on whichever server there is."""

from __future__ import annotations

from hashlib import sha1
from importlib.resources import files


class Script:
    """One of the files beside this one: its text and its SHA-1.

    It may do what other scripts do, as functions of KEYS and ARGV that have their names: so an
    operation within an operation is stated once, too.
    """

    def __init__(self, name: str, *parts: str) -> None:
        self.text = b"".join([*map(_as_function, parts), _lua(name)])
        self.sha = sha1(self.text, usedforsecurity=False).hexdigest()


def _as_function(name: str) -> bytes:
    return b"local function %b(KEYS, ARGV)\n%bend\n" % (name.encode(), _lua(name))


def _lua(name: str) -> bytes:
    return files(__package__).joinpath(f"{name}.lua").read_bytes()


__all__ = ["Script"]
