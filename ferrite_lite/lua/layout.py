"""Where the keys of a table stand in real Lua: that is the order of a traversal.

Lua 5.1 keeps a table in two parts. The *array part* holds the keys 1 to its size, in order. Every
other key has a *node*, one of 2^n places. It wants the place that its hash gives. If that is taken
by a key that stands there by right, it gets a free place, and is chained behind the other; a key
that stands there only because its own place was taken must make room. Free places are looked for
from the last one down, and never twice, so what was removed in between is not found: a removed key
keeps its node, until another wants just that place or all nodes are made anew. This happens when no
free place is found: both parts get the sizes that fit what there is then, and the nodes are put
again, from the last one down. A traversal takes the array part, then the nodes in their places.

What comes of it is the order of Redis 7.0.15, but for three things. Keys that are tables or
functions Lua places by their addresses; here they count up, and mostly come in the order in which
they were set; so do strings of more than 4096 bytes. And where a key was removed and is set again,
it may stand elsewhere if the garbage collector has passed in between: here it never does, except
for strings of more than 256 bytes, which are forgotten as soon as they are removed. And the
libraries themselves, such as ``string`` or ``_G``, are not filled in the order in which Redis does.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from .budget import SMALL_BYTES, reserve, spend
from .key_hashes import NO_HASH, hash_of, hashes_of, place_of, places_of

#: The array part is never longer (``MAXASIZE``).
MAX_ARRAY_BITS = 26
_MAX_ARRAY_SIZE = 1 << MAX_ARRAY_BITS
#: Beyond, the border of a table is looked for from the beginning.
_MAX_INT = 2**31 - 1
#: What a place for a key takes, about; and what it takes to find it again.
NODE_BYTES, INDEX_BYTES = 24, 72
#: Keys that are put again between two looks at the budget, a step each; and what goes faster:
#: keys that are counted in a step, elements that are set in one.
KEYS_AT_ONCE = 256
_COUNTED_A_STEP = 16
_ELEMENTS_A_STEP = 4096
_NOWHERE = -1


def rounded(size: int) -> int:
    """A size as a constructor tells it, in four bits and an exponent: from 16 on, a bit more."""
    exponent = 0
    while size >= 16:
        size = (size + 1) >> 1
        exponent += 1
    return size << exponent


def power_of_two(size: int) -> int:
    """The number of nodes that are made for so many keys."""
    return 1 << (size - 1).bit_length() if size else 0


def element(key: Any) -> int:
    """The place that a key would have in an array part; 0 if it never could."""
    if key.__class__ is float and 0 < key <= _MAX_ARRAY_SIZE and key.is_integer():
        return int(key)
    return 0


def arranged(hashes: list[int], node_count: int) -> list[int]:
    """Which of some keys stands in each place, none of which could be an element; -1 for no key.

    It is what a ``Layout`` comes to if they are put in turn, and nothing is removed: then new nodes
    are made when all are taken, and not before.
    """
    size, done = power_of_two(node_count) or 1, 0
    standing: list[int] = []
    while True:
        end = min(size, len(hashes))
        standing.reverse()
        standing.extend(range(done, end))
        standing = _placed(standing, places_of(hashes[:end], size), size)
        if end == len(hashes):
            return standing
        size, done = 2 * size, end


def _placed(keys: list[int], wanted: list[int], size: int) -> list[int]:
    """The places after these keys were put, as ``Nodes.add`` does; ``wanted`` is where each may."""
    places, free = [_NOWHERE] * size, size
    for key in keys:
        at = wanted[key]
        other = places[at]
        if other < 0:
            places[at] = key
            continue
        free -= 1
        while places[free] >= 0:
            free -= 1
        if wanted[other] == at:
            places[free] = key
        else:
            places[free], places[at] = other, key
    return places


class Nodes:
    """The places of the keys that are in no array part; their number never changes."""

    __slots__ = ("_free", "_places", "alive", "hashes", "keys")

    def __init__(self, size: int) -> None:
        """``size`` is a power of two, or 0."""
        reserve(size * NODE_BYTES)
        self.keys: list[Any] = [None] * size
        self.hashes = array("q", bytes(8 * size))
        #: 1 where the key has a value, 0 where it is removed, or never was.
        self.alive = bytearray(size)
        #: No place from here on is free.
        self._free = size
        #: Where each key stands, as soon as somebody has asked for one.
        self._places: dict[Any, int] | None = None

    def find(self, key: Any) -> int:
        """The place of a key, be it removed; negative if it has none."""
        if self._places is None:
            self._places = self._indexed()
        place = self._places.get(key, _NOWHERE)
        return place if place < 0 or self.keys[place] == key else _NOWHERE

    def _indexed(self) -> dict[Any, int]:
        size = len(self.keys)
        reserve(size * INDEX_BYTES)
        places: dict[Any, int] = {}
        for begin in range(0, size, KEYS_AT_ONCE):
            spend(KEYS_AT_ONCE // _COUNTED_A_STEP)
            end = min(begin + KEYS_AT_ONCE, size)
            places.update(zip(self.keys[begin:end], range(begin, end), strict=True))
        return places

    def forget(self, place: int) -> None:
        """Hold the key no longer that was removed there; the place stays taken."""
        if self._places is not None:
            self._places.pop(self.keys[place], None)
        self.keys[place] = _FORGOTTEN

    def add(self, keys: Sequence[Any], hashes: Sequence[int], begin: int = 0) -> int:
        """Put keys that are new, with values; from ``begin`` to the first that finds no place.

        A key that stands where its hash says stays there; any other makes room for such a one.
        """
        taken, kept, alive, places = self.keys, self.hashes, self.alive, self._places
        size, free = len(taken), self._free
        if not size:
            return begin
        mask = size - 1
        odd = mask | 1
        for index in range(begin, len(keys)):
            hash_ = hashes[index]
            at = hash_ & mask if hash_ >= 0 else ~hash_ % odd  # place_of, without a call
            if alive[at]:
                free -= 1
                while free >= 0 and taken[free] is not None:
                    free -= 1
                if free < 0:
                    self._free = 0
                    return index
                if place_of(kept[at], size) == at:
                    at = free
                else:
                    taken[free], kept[free], alive[free] = taken[at], kept[at], 1
                    if places is not None:
                        places[taken[free]] = free
            taken[at], kept[at], alive[at] = keys[index], hash_, 1
            if places is not None:
                places[keys[index]] = at
        self._free = free
        return len(keys)


class Layout:
    """Both parts of one table, and which of their places hold a value."""

    __slots__ = ("_elements", "_may_be_there", "_nodes", "_numbered", "_numbers", "moves")

    def __init__(self, array_size: int, node_count: int) -> None:
        """As large as it was announced: by a constructor, or not at all."""
        self._elements = bytearray(array_size)
        self._nodes = Nodes(power_of_two(node_count))
        #: What stands for the address of each key that Lua would hash by it.
        self._numbers: dict[Any, int] = {}
        self._numbered = 0
        #: Whether a node may be there for a key that is told of as new: it was removed, or the
        #: telling was broken off.
        self._may_be_there = False
        #: How often keys got places: as long as it stays, each key stays where it is.
        self.moves = 0

    # --- changes ----------------------------------------------------------------------------------

    def put(self, key: Any, *, alive: bool) -> None:
        """Set a key to a value, or to nil, for which Lua makes a node as well."""
        if self._elements and 0 < (at := element(key)) <= len(self._elements):
            self._elements[at - 1] = alive
            return
        place = self._nodes.find(key) if self._may_be_there or not alive else _NOWHERE
        if place < 0:
            self.moves += 1
            if not self._nodes.add((key,), (self._hash(key),)):
                self._rehash(key)
                self.put(key, alive=alive)
                return
            if alive:
                return
            place = self._nodes.find(key)
        self._nodes.alive[place] = alive
        if not alive:
            self._may_be_there = True
            if key.__class__ is bytes and len(key) > SMALL_BYTES:
                self._nodes.forget(place)
                self._numbers.pop(key, None)

    def put_all(self, keys: list[Any]) -> None:
        """Set keys to values; those that were there before only if they were removed since."""
        if len(keys) == 1:
            self.put(keys[0], alive=True)
            return
        hashes = hashes_of(keys)
        done = 0 if self._may_be_there or NO_HASH in hashes else self._put_new(keys, hashes)
        for key in keys[done:]:
            self.put(key, alive=True)

    def _put_new(self, keys: list[Any], hashes: list[int]) -> int:
        """Set keys that are new, to the first that may be an element; how many."""
        has_numbers = float in set(map(type, keys))
        self.moves += 1
        done = 0
        while done < len(keys) and not (has_numbers and self._elements):
            done = self._nodes.add(keys, hashes, done)
            if done < len(keys):
                self._rehash(keys[done])
        return done

    def broken_off(self) -> None:
        """What was told of last will be told again."""
        self._may_be_there = True

    def put_elements(self, keys: range) -> None:
        """Set numbers in turn."""
        at, stop = keys.start, keys.stop
        while at < stop:
            end = min(stop, len(self._elements) + 1, at + _ELEMENTS_A_STEP)
            if end > at:
                self._elements[at - 1 : end - 1] = b"\1" * (end - at)
                at = end
            else:
                self.put(float(at), alive=True)
                at += 1
            spend(1)

    def stretch(self, array_size: int) -> None:
        """Lengthen the array part, as a list of results does at the end of a constructor."""
        if array_size > len(self._elements):
            self._resize(array_size, len(self._nodes.keys))

    def _hash(self, key: Any) -> int:
        hash_ = hash_of(key)
        if hash_ != NO_HASH:
            return hash_
        if key not in self._numbers:
            self._numbers[key] = self._numbered
            self._numbered += 1
        return ~self._numbers[key]

    # --- sizes ------------------------------------------------------------------------------------

    def _rehash(self, key: Any) -> None:
        """Give both parts the sizes that fit what there is, and one key more."""
        total, counts = self._counted()
        total += 1
        if at := element(key):
            counts[(at - 1).bit_length()] += 1
        array_size, held = _best_array_size(counts)
        number = self._numbers.get(key)
        self._resize(array_size, total - held)
        if number is not None:
            self._numbers[key] = number

    def _counted(self) -> tuple[int, list[int]]:
        """How many keys have values, and how many of them lie between the powers of two."""
        counts = [0] * (MAX_ARRAY_BITS + 1)
        begin = 0
        for bits in range(MAX_ARRAY_BITS + 1):
            end = 1 << bits
            counts[bits] = self._elements.count(1, begin, end)
            begin = end
            if end >= len(self._elements):
                break
        nodes = self._nodes
        total = sum(counts) + nodes.alive.count(1)
        for begin in range(0, len(nodes.keys), KEYS_AT_ONCE):
            keys = nodes.keys[begin : begin + KEYS_AT_ONCE]
            spend(len(keys) // _COUNTED_A_STEP)
            if float in set(map(type, keys)):
                for key, alive in zip(keys, nodes.alive[begin : begin + KEYS_AT_ONCE], strict=True):
                    if alive and (at := element(key)):
                        counts[(at - 1).bit_length()] += 1
        return total, counts

    def _resize(self, array_size: int, node_count: int) -> None:
        """Make the parts anew, then take their places: an error on the way changes nothing."""
        before, elements = self._nodes, self._elements[:array_size]
        elements.extend(bytes(array_size - len(elements)))
        nodes = Nodes(power_of_two(node_count))
        for begin in range(array_size, len(self._elements), KEYS_AT_ONCE):
            spend(KEYS_AT_ONCE)
            some = self._elements[begin : begin + KEYS_AT_ONCE]
            keys = [float(at) for at, alive in enumerate(some, begin + 1) if alive]
            nodes.add(keys, hashes_of(keys))
        for end in range(len(before.keys), 0, -KEYS_AT_ONCE):
            spend(min(end, KEYS_AT_ONCE))
            places = [
                at for at in range(end - 1, max(end - KEYS_AT_ONCE, 0) - 1, -1) if before.alive[at]
            ]
            if array_size:
                places = [at for at in places if not self._is_element(before.keys[at], elements)]
            nodes.add([before.keys[at] for at in places], [before.hashes[at] for at in places])
        self._nodes, self._elements, self._may_be_there = nodes, elements, False
        self.moves += 1
        if self._numbers:
            self._numbers = {
                key: ~hash_
                for key, hash_ in zip(nodes.keys, nodes.hashes, strict=True)
                if key in self._numbers
            }

    @staticmethod
    def _is_element(key: Any, elements: bytearray) -> bool:
        """Whether a key has moved to the array part."""
        at = element(key)
        if 0 < at <= len(elements):
            elements[at - 1] = 1
            return True
        return False

    # --- traversal --------------------------------------------------------------------------------

    def position(self, key: Any) -> int:
        """Where a key stands, the array part first. Raises KeyError if it does not."""
        at = element(key)
        if 0 < at <= len(self._elements):
            return at - 1
        place = self._nodes.find(key)
        if place < 0:
            raise KeyError(key)
        return len(self._elements) + place

    def following(self, position: int) -> int:
        """The first position from there on that holds a value; negative if none does."""
        size = len(self._elements)
        if position < size:
            found = self._elements.find(1, position)
            if found >= 0:
                return found
            position = size
        found = self._nodes.alive.find(1, position - size)
        return found + size if found >= 0 else _NOWHERE

    def key_at(self, position: int) -> Any:
        size = len(self._elements)
        return float(position + 1) if position < size else self._nodes.keys[position - size]

    # --- border -----------------------------------------------------------------------------------

    def border(self) -> int:
        """What ``#`` gives: a number with a value before one without, as Lua finds it."""
        size = len(self._elements)
        if size and not self._elements[-1]:
            return self._halved(0, size)
        return self._border_beyond(size) if self._nodes.keys else size

    def _border_beyond(self, low: int) -> int:
        """Doubling the number until one has no value."""
        high = low + 1
        while self._holds(high):
            low, high = high, high * 2
            if high > _MAX_INT:
                border = 0
                while self._holds(border + 1):
                    border += 1
                return border
        return self._halved(low, high)

    def _halved(self, low: int, high: int) -> int:
        while high - low > 1:
            middle = (low + high) // 2
            if self._holds(middle):
                low = middle
            else:
                high = middle
        return low

    def _holds(self, at: int) -> bool:
        if at <= len(self._elements):
            return bool(self._elements[at - 1])
        key = float(at)
        place = self._nodes.find(key)
        return place >= 0 and bool(self._nodes.alive[place])


#: Stands where a long string was.
_FORGOTTEN = object()


def _best_array_size(counts: list[int]) -> tuple[int, int]:
    """The greatest power of two more than half of which is used, and by how many keys."""
    wanted = sum(counts)
    used = size = held = 0
    for bits, count in enumerate(counts):
        if (1 << bits) // 2 >= wanted:
            break
        used += count
        if count and used > (1 << bits) // 2:
            size, held = 1 << bits, used
        if used == wanted:
            break
    return size, held
