"""WATCH: whether a watched key changed before EXEC."""

from __future__ import annotations

from ..data.keyspace import Keyspace


class Watch:
    """The keys that one connection watches, and whether one of them was touched."""

    __slots__ = ("broken", "gone", "keys")

    def __init__(self) -> None:
        self.broken = False
        self.keys: set[tuple[Keyspace, bytes]] = set()
        #: Those that were past their deadlines already: that they are removed is no change.
        self.gone: set[tuple[Keyspace, bytes]] = set()

    def has_expired(self) -> bool:
        """Whether a key has passed its deadline since, be it still there."""
        return any(_is_past(db, key) for db, key in self.keys - self.gone)


def _is_past(db: Keyspace, key: bytes) -> bool:
    return db.stored(key) is not None and not db.is_living(key)


class Watches:
    """All watched keys of a server. A database is observed only while a key in it is watched."""

    def __init__(self) -> None:
        self._watching: dict[Keyspace, dict[bytes, set[Watch]]] = {}

    def add(self, watch: Watch, db: Keyspace, key: bytes) -> None:
        """Start watching; a key watched twice is watched once."""
        if (db, key) in watch.keys:
            return
        if db not in self._watching:
            self._watching[db] = {}
            db.observers.append(self)
        self._watching[db].setdefault(key, set()).add(watch)
        watch.keys.add((db, key))
        if _is_past(db, key):
            watch.gone.add((db, key))

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
        watch.gone.clear()
        watch.broken = False

    def key_changed(self, db: Keyspace, event: str, key: bytes) -> None:
        for watch in self._watching[db].get(key, ()):
            if (db, key) in watch.gone:
                watch.gone.remove((db, key))
                if db.stored(key) is None:
                    continue
            watch.broken = True

    def keys_replaced(self, db: Keyspace, by: Keyspace | None) -> None:
        """FLUSHDB breaks the watch of a key that exists; SWAPDB also that of a key swapped in."""
        for key, watching in self._watching[db].items():
            comes = by is not None and by.stored(key) is not None
            if comes or db.stored(key) is not None:
                comes_late = by is not None and _is_past(by, key)
                for watch in watching:
                    self._replace(watch, db, key, comes=comes, comes_late=comes_late)

    @staticmethod
    def _replace(watch: Watch, db: Keyspace, key: bytes, *, comes: bool, comes_late: bool) -> None:
        """Nothing changes where a key that is past its deadline comes for none, or goes."""
        was_gone = (db, key) in watch.gone
        if was_gone and not comes:
            watch.gone.remove((db, key))
        elif comes_late and (was_gone or db.stored(key) is None):
            watch.gone.add((db, key))
        else:
            watch.broken = True
