"""WATCH: who wants to know whether a key changed before EXEC."""

from __future__ import annotations

from ..data.keyspace import Keyspace


class Watch:
    """The keys that one connection watches, and whether one of them was touched."""

    __slots__ = ("broken", "keys")

    def __init__(self) -> None:
        self.broken = False
        self.keys: set[tuple[Keyspace, bytes]] = set()


class Watches:
    """All watched keys of a server. It observes a database only while a key of it is watched."""

    def __init__(self) -> None:
        self._watching: dict[Keyspace, dict[bytes, set[Watch]]] = {}

    def add(self, watch: Watch, db: Keyspace, key: bytes) -> None:
        """Start watching; a key watched twice is watched once."""
        if db not in self._watching:
            self._watching[db] = {}
            db.observers.append(self)
        self._watching[db].setdefault(key, set()).add(watch)
        watch.keys.add((db, key))

    def release(self, watch: Watch) -> None:
        """Stop watching everything: EXEC, DISCARD, UNWATCH, or the end of the connection."""
        for db, key in watch.keys:
            watched = self._watching[db]
            watched[key].remove(watch)
            if not watched[key]:
                del watched[key]
            if not watched:
                del self._watching[db]
                db.observers.remove(self)
        watch.keys.clear()
        watch.broken = False

    def key_changed(self, db: Keyspace, event: str, key: bytes) -> None:
        for watch in self._watching[db].get(key, ()):
            watch.broken = True

    def keys_replaced(self, db: Keyspace, by: Keyspace | None) -> None:
        """FLUSHDB breaks the watch of a key that is there; SWAPDB also of one that comes in."""
        for key, watching in self._watching[db].items():
            if key in db or (by is not None and key in by):
                for watch in watching:
                    watch.broken = True
