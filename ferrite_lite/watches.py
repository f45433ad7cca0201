"""WATCH: who wants to know whether a key changed before EXEC."""

from __future__ import annotations

from .keyspace import Keyspace


class Watch:
    """The keys that one connection watches, and whether one of them was touched."""

    __slots__ = ("broken", "keys")

    def __init__(self) -> None:
        self.broken = False
        #: Database and key, and whether the key was already past its deadline when WATCH came.
        self.keys: set[tuple[Keyspace, bytes]] = set()


class Watches:
    """All watched keys of a server. It observes a database only while a key of it is watched."""

    def __init__(self, databases: list[Keyspace]) -> None:
        self._databases = databases
        self._watching: dict[tuple[Keyspace, bytes], set[Watch]] = {}

    def add(self, watch: Watch, db: Keyspace, key: bytes) -> None:
        """Start watching; a key watched twice is watched once."""
        watch.keys.add((db, key))
        self._watching.setdefault((db, key), set()).add(watch)
        if self not in db.observers:
            db.observers.append(self)

    def release(self, watch: Watch) -> None:
        """Stop watching everything: EXEC, DISCARD, UNWATCH, or the end of the connection."""
        for place in watch.keys:
            watching = self._watching[place]
            watching.discard(watch)
            if not watching:
                del self._watching[place]
        watch.keys.clear()
        watch.broken = False
        still_watched = {db for db, _ in self._watching}
        for db in self._databases:
            if self in db.observers and db not in still_watched:
                db.observers.remove(self)

    def key_changed(self, db: Keyspace, event: str, key: bytes) -> None:
        for watch in self._watching.get((db, key), ()):
            watch.broken = True

    def keys_replaced(self, db: Keyspace, by: Keyspace | None = None) -> None:
        """FLUSHDB breaks the watch of a key that is there; SWAPDB also of one that comes in."""
        for (watched_db, key), watching in self._watching.items():
            if watched_db is db and (key in db or (by is not None and key in by)):
                for watch in watching:
                    watch.broken = True
