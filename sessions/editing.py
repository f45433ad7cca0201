"""Changing a session's data in place: what was changed is found out, and only that is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from .datatype import T


@dataclass(slots=True)
class MutableSession(Generic[T]):
    """What ``SessionStore.edit`` lends out. Change ``data``, or put another in its place."""

    user_id: str | None
    public_id: str
    data: T


@dataclass(frozen=True, slots=True)
class Delta:
    """The difference between two states of some fields."""

    set: dict[str, Any]
    remove: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.set or self.remove)

    def meets(self, other: Delta) -> bool:
        """Whether both change one field, and not in the same way."""
        mine, theirs = self._changes(), other._changes()
        return any(mine[name] != theirs[name] for name in mine.keys() & theirs.keys())

    def _changes(self) -> dict[str, tuple[Any, ...]]:
        changes: dict[str, tuple[Any, ...]] = {name: (value,) for name, value in self.set.items()}
        return {**changes, **dict.fromkeys(self.remove, ())}


#: In place of each value of an outdated state: nothing equals it, so that all is written anew.
_OUTDATED = object()


def outdated(stored: Iterable[str]) -> dict[str, Any]:
    """The state before an edit of fields that are of an older version than is written."""
    return dict.fromkeys(stored, _OUTDATED)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Delta:
    """What leads from one state to the other."""
    changed = {
        name: value for name, value in after.items() if name not in before or before[name] != value
    }
    return Delta(changed, frozenset(before.keys() - after.keys()))
