"""The order in which a table is traversed, worked out only when somebody asks.

A table of ours has no order of its own but that in which its keys came, for Python's dicts keep
that. As long as the elements 1 to n came first, and nothing was removed, this and the sizes that
its constructor announced say all that a ``Layout`` needs: such a table is *regular*, and unless it
is large, its order is worked out without one, and kept. One that is not, or that has grown since it
was traversed, gets a ``History``: what happened, in turn. It costs nothing to look at while keys
are added to the dict, for they are found at its end when they matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias

from .budget import SMALL_BYTES, spend
from .key_hashes import NO_HASH, hashes_of
from .layout import KEYS_AT_ONCE, Layout, arranged

#: Events that are kept before they are worked into a layout, besides two for each key.
MAX_EVENTS = 32_768
#: The same of the bytes of long strings among them that are gone.
MAX_REMOVED_BYTES = 1 << 20
#: Orders of regular tables that are remembered, each of at most so many keys, which are short.
MAX_ORDERS, MAX_ORDER_KEYS, MAX_NAME_BYTES = 512, 128, 64
#: The most keys of a table whose order is worked out at once, which takes a millisecond.
MAX_KNOWN_KEYS = 4096

#: A key that was set; a removed one, alone in a tuple; numbers that were set in turn.
Event: TypeAlias = Any


class History:
    """What happened to one table since it was made, or since its layout was worked out."""

    __slots__ = (
        *("_events", "_hash", "_layout", "_moves", "_position", "_removed_bytes", "_seen"),
        *("_standing_at", "is_sparse"),
    )

    def __init__(
        self, array_size: int, node_count: int, elements: int, hash_: dict[Any, Any]
    ) -> None:
        """Of a table that is regular: the sizes that were announced, what it has."""
        self._layout = Layout(array_size, node_count)
        self._events: list[Event] = [range(1, elements + 1)] if elements else []
        #: The dict of the table, and how many of its keys are told of.
        self._hash, self._seen = hash_, 0
        #: Of long strings that were removed, and are held by the events alone.
        self._removed_bytes = 0
        #: Whether the dict may hold numbers that could have been elements.
        self.is_sparse = False
        #: Where a traversal is: a key, and its position as long as no key moves.
        self._standing_at: Any = None
        self._position = self._moves = 0

    # --- what happens -----------------------------------------------------------------------------

    def grown(self, at: int) -> None:
        """An element was set behind the last one."""
        self._tell()
        events = self._events
        if events and events[-1].__class__ is range and events[-1].stop == at:
            events[-1] = range(events[-1].start, at + 1)
        else:
            events.append(range(at, at + 1))
            self._limit()

    def removed(self, key: Any) -> None:
        """A key was set to nil, whether it was there or not; the dict is told."""
        self._tell()
        self._events.append((key,))
        self._hash.pop(key, None)
        self._seen = len(self._hash)
        if key.__class__ is bytes and len(key) > SMALL_BYTES:
            self._removed_bytes += len(key)
        self._limit()

    def moved(self) -> None:
        """The dict has lost keys, or got some, without Lua's knowing."""
        self._seen = len(self._hash)

    def stretched(self, array_size: int) -> None:
        """The constructor of the table ended with a list of results, up to this number."""
        self._settle().stretch(array_size)

    def _tell(self) -> None:
        """Add what the dict tells of: its last keys are new."""
        new = len(self._hash) - self._seen
        if new == 1:
            self._events.append(next(reversed(self._hash)))
        elif new:
            self._events += reversed(list(islice(reversed(self._hash), new)))
        self._seen += new

    def _limit(self) -> None:
        if (
            len(self._events) > MAX_EVENTS + 2 * len(self._hash)
            or self._removed_bytes > MAX_REMOVED_BYTES
        ):
            self._settle()

    def _settle(self) -> Layout:
        """The layout, with all that has happened. Raises as ``tick``, and can be called again."""
        self._tell()
        if self._events:
            self._work()
        return self._layout

    def _work(self) -> None:
        events, layout = self._events, self._layout
        done = 0
        try:
            while done < len(events):
                event = events[done]
                end = done + 1
                if event.__class__ is tuple:
                    layout.put(event[0], alive=False)
                elif event.__class__ is range:
                    layout.put_elements(event)
                else:
                    end = self._end_of_keys(end)
                    layout.put_all(events[done:end])
                spend(end - done)
                done = end
        except BaseException:
            layout.broken_off()
            raise
        finally:
            del events[:done]
        self._removed_bytes = 0

    def _end_of_keys(self, at: int) -> int:
        """Where the events that are keys end, or some of them."""
        events, end = self._events, min(len(self._events), at + KEYS_AT_ONCE)
        while at < end and events[at].__class__ is not tuple and events[at].__class__ is not range:
            at += 1
        return at

    # --- what follows from it ---------------------------------------------------------------------

    def after(self, key: Any) -> Any:
        """The key that follows in a traversal, which None begins; None at its end.

        Raises KeyError for what is no key of the table.
        """
        layout = self._settle()
        if key is None:
            position = -1
        elif key is self._standing_at and layout.moves == self._moves:
            position = self._position
        else:
            position = layout.position(key)
        found = layout.following(position + 1)
        if found < 0:
            return None
        self._standing_at, self._position = layout.key_at(found), found
        self._moves = layout.moves
        return self._standing_at

    def following(self, key: Any) -> Iterator[Any]:
        """The keys that follow in a traversal, during which the table may change."""
        layout = self._settle()
        position = -1 if key is None else layout.position(key)
        while True:
            position = layout.following(position + 1)
            if position < 0:
                return
            key = layout.key_at(position)
            yield key
            if self._events or len(self._hash) != self._seen:
                moves = layout.moves
                self._settle()
                if moves != layout.moves:
                    position = layout.position(key)

    def border(self) -> int:
        """The length of the table."""
        return self._settle().border()


# --- regular tables -------------------------------------------------------------------------------

Keys: TypeAlias = tuple[Any, ...]

#: Tables that are made alike are traversed alike.
_orders: dict[tuple[Any, ...], Keys] = {}


def order(array_size: int, node_count: int, elements: int, keys: Keys) -> Keys:
    """The keys of a regular table in their order; ``keys`` are those of its dict."""
    if len(keys) > MAX_ORDER_KEYS:
        return _worked_out(array_size, node_count, elements, keys)
    made = (array_size, node_count, elements, keys)
    found = _orders.get(made)
    if found is None:
        found = _worked_out(array_size, node_count, elements, keys)
        if all(map(_is_name, keys)):
            if len(_orders) >= MAX_ORDERS:
                _orders.clear()
            _orders[made] = found
    return found


def _worked_out(array_size: int, node_count: int, elements: int, keys: Keys) -> Keys:
    hashes = hashes_of(keys)
    if NO_HASH in hashes or (node_count and array_size < elements):
        history = History(array_size, node_count, elements, dict.fromkeys(keys))
        return tuple(history.following(None))
    spend(len(keys))
    standing = [keys[at] for at in arranged(hashes, node_count) if at >= 0]
    return (*map(float, range(1, elements + 1)), *standing)


def _is_name(key: Any) -> bool:
    return key.__class__ is bytes and len(key) <= MAX_NAME_BYTES
