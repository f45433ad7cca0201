"""What SCAN, HSCAN and SSCAN share: the cursor, and the options MATCH, COUNT and TYPE."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..data.values import Collection, Set, names_in
from ..errors import InvalidCursor, NoValuesWithoutHash, SyntaxFault
from ..numeric import UINT64_MAX, parse_int
from ..patterns import Matcher, matcher
from ..words import keyword
from .options import argument_of

#: What ``strtoul`` reads to the end: nothing at all is 0.
_CURSOR = re.compile(rb"(?:(?P<minus>-)|\+)?0*(?P<digits>\d+)|")
_UINT64_DIGITS = 20


@dataclass(slots=True)
class ScanOptions:
    """The words behind a cursor."""

    count: int = 10
    matches: Matcher | None = None
    #: What TYPE asks for, in lower case; it need not be a type there is.
    kind: bytes | None = None
    #: Whether only the fields of a hash are asked for.
    only_names: bool = False

    def select(self, names: Iterable[bytes]) -> list[bytes]:
        """The names that MATCH lets through."""
        return list(names if self.matches is None else filter(self.matches, names))


def parse_cursor(raw: bytes) -> int:
    """A cursor as Redis reads it: up to the first NUL, a negative one modulo 2**64.

    Raises InvalidCursor.
    """
    match = _CURSOR.fullmatch(raw.partition(b"\0")[0])
    if match is None or len(match["digits"] or b"") > _UINT64_DIGITS:
        raise InvalidCursor
    cursor = int(match["digits"] or 0)
    if cursor > UINT64_MAX:
        raise InvalidCursor
    return UINT64_MAX + 1 - cursor if cursor and match["minus"] else cursor


def read_options(
    words: tuple[bytes, ...], *, takes_type: bool = False, takes_novalues: bool = False
) -> ScanOptions:
    """Raises SyntaxFault, also for a count below 1, NotAnInteger, and NoValuesWithoutHash."""
    options = ScanOptions()
    remaining = iter(words)
    for word in remaining:
        option = keyword(word)
        if option == b"COUNT":
            options.count = parse_int(argument_of(remaining))
            if options.count < 1:
                raise SyntaxFault
        elif option == b"MATCH":
            options.matches = matcher(argument_of(remaining))
        elif option == b"TYPE" and takes_type:
            options.kind = keyword(argument_of(remaining)).lower()
        elif option == b"NOVALUES":
            if not takes_novalues:
                raise NoValuesWithoutHash
            options.only_names = True
        else:
            raise SyntaxFault
    return options


def scan_names(owner: Collection, cursor: int, options: ScanOptions) -> tuple[int, list[bytes]]:
    """The next fields or members of a collection, and the cursor to go on with.

    As in Redis, one in its compact encoding comes all at once, whatever the count.
    """
    if not owner.is_table:
        return 0, options.select(owner.in_order() if isinstance(owner, Set) else owner)
    cursor, names = names_in(owner).scan(cursor, options.count, owner)
    return cursor, options.select(names)
