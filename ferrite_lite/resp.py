"""RESP, both ways: bytes to requests, replies to bytes. No I/O, and all the protocol's limits.

``RequestParser`` is strict where Redis is, and refuses in Redis's words. Nearly every read holds
whole, well-formed requests: it is parsed by hiredis, and a check proves that hiredis, which is
lenient, was right. Anything else goes to the strict parser written here.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from typing import Any

import hiredis

from .errors import CommandError, ProtocolError
from .numeric import format_float, maybe_int
from .reply import (
    NO_REPLY,
    NULL_ARRAY,
    Attributed,
    BigNumber,
    Double,
    DoubleText,
    FlatMap,
    InProtocol,
    OrderedSet,
    Pairs,
    Piecemeal,
    Push,
    Reply,
    Several,
    Status,
    StringMap,
    StringSet,
    Verbatim,
    Written,
)
from .words import split_words

Request = list[bytes]

CRLF = b"\r\n"

#: ``PROTO_INLINE_MAX_SIZE``: the longest inline request, and the longest header line.
MAX_LINE_BYTES = 64 * 1024
#: Redis allows so many and grows as they come; MAX_REQUEST_BYTES ends it long before.
MAX_REQUEST_WORDS = 2**31 - 1
#: ``proto-max-bulk-len``.
MAX_BULK_BYTES = 512 * 1024 * 1024
#: ``client-query-buffer-limit``: all arguments of one request together.
MAX_REQUEST_BYTES = 1024 * 1024 * 1024
#: What a client that has not yet authenticated may send: words of a request, bytes of one.
MAX_UNAUTHENTICATED_WORDS = 10
MAX_UNAUTHENTICATED_BULK_BYTES = 16_384
#: What a word takes beside its bytes: its place in the list.
WORD_BYTES = 8
#: ``PROTO_MBULK_BIG_ARG``: a larger argument is gathered on its own, without a second copy.
BIG_BULK_BYTES = 32 * 1024


class RequestTooBig(Exception):
    """A request past MAX_REQUEST_BYTES: Redis closes the connection without a word."""


@dataclass(slots=True)
class ParserLimits:
    """What the parser of one connection accepts; the server loosens it at AUTH."""

    max_bulk_bytes: int = MAX_BULK_BYTES
    authenticated: bool = True


#: A header that announces a million words or more, or bulk text that looks like one.
_HUGE_REQUEST = re.compile(rb"\*[0-9]{7}")

#: A single request shorter than this is read without hiredis; BULK_HEADERS has all its lengths.
SHORT_READ_BYTES = 1024

#: What parts a request from the one before, and what stands in for a missing one.
_NEXT_REQUEST = b"\r\n*"
_NO_REQUEST = b":0\r\n"

_ONLY_ARRAYS = {list}
_CR = ord("\r")
#: Verbatim text, and aggregates other than arrays: no request has any of them.
_OTHER_KINDS = re.compile(rb"(?:\A|\r\n)[=~>|%]")
_EQUALS, _TILDE, _GREATER, _BAR, _PERCENT = b"=~>|%"


def _may_hold_other_kinds(data: bytes) -> bool:
    """A quick test: looking for single bytes is fast, and most requests have none of these."""
    has_any = _EQUALS in data or _TILDE in data or _GREATER in data
    return has_any or _BAR in data or _PERCENT in data


class _Incomplete:
    """What hiredis returns when it needs more bytes: no reply can be this object."""


_INCOMPLETE = _Incomplete()


class RequestParser:
    """The requests in a stream of bytes that arrives in arbitrary pieces.

    After a ProtocolError the rest of the stream has no meaning: close it.
    """

    def __init__(self, limits: ParserLimits | None = None) -> None:
        self.limits = limits or ParserLimits()
        self._reader = self._new_reader()
        self._buffer = bytearray()
        self._argv: Request | None = None
        self._words_missing = 0
        self._bulk_bytes: int | None = None
        self._big_bulk: BytesIO | None = None
        self._request_bytes = 0

    def feed(self, data: bytes) -> Iterator[Request]:
        """The requests that ``data`` completes. Exhaust one answer before the next call.

        Raises ProtocolError while being iterated, after the requests that came before the fault.
        """
        return chain.from_iterable(self.feed_batches(data))

    def feed_batches(self, data: bytes) -> Iterable[list[Request]]:
        """As ``feed``, in lists as long as they come."""
        requests = self.feed_whole(data)
        return self.feed_strictly(data) if requests is None else (requests,)

    def feed_whole(self, data: bytes) -> list[Request] | None:
        """All the requests in bytes that are whole, well-formed requests, as nearly every read is.

        None for any other bytes: then nothing was consumed, and ``feed_strictly`` must take them.
        """
        if self._argv is not None or self._buffer or not self.limits.authenticated:
            return None
        if len(data) < SHORT_READ_BYTES and data.rfind(b"*") == 0:
            argv = _read_one(data)
            if argv is not None:
                return [argv]
        return self._parse_whole(data)

    @property
    def pending_bytes(self) -> int:
        """Bytes received of a request that is not complete."""
        big = self._big_bulk.tell() if self._big_bulk is not None else 0
        return len(self._buffer) + self._request_bytes + big

    # --- the fast way -----------------------------------------------------------------------------

    @staticmethod
    def _new_reader() -> hiredis.Reader:
        return hiredis.Reader(notEnoughData=_INCOMPLETE)

    def _parse_whole(self, data: bytes) -> list[Request] | None:
        """Parse bytes that are whole requests; None if they are anything else.

        hiredis is lenient: it accepts ``+`` and ``:`` for arguments, and does not look at the two
        bytes behind a bulk. The proof that the bytes were well-formed nevertheless:

        - The data holds exactly as many line ends as these requests have when properly written;
          each leniency would leave fewer. (No argument may hold half a line end, and nothing may
          have come as verbatim text, a set or a map.)
        - Joining the arguments raises TypeError unless each is a string, and for a string in place
          of a request, unless that is empty.
        - The last request is complete: see ``_read_array``.

        Encoding the requests again and comparing would take four times as long.
        """
        if _HUGE_REQUEST.search(data):
            return None  # hiredis would allocate what is announced
        try:
            requests = self._read_array(data)
            words: list[bytes] = []
            for argv in requests:
                words += argv
            payload = b"".join(words)
            if (
                data.count(CRLF) == len(requests) + 2 * len(words)
                # An argument's last byte could be half of a line end that is not there.
                and _CR not in payload
                and not (_may_hold_other_kinds(data) and _OTHER_KINDS.search(data))
            ):
                if all(requests):
                    return requests
                # An empty request is one of no words; an empty string that is none is neither.
                if {*map(type, requests)} == _ONLY_ARRAYS:
                    return [argv for argv in requests if argv]
        except (hiredis.ProtocolError, TypeError):
            pass
        self._reader = self._new_reader()
        return None

    def _read_array(self, data: bytes) -> list[Any]:
        """What hiredis makes of the requests in some bytes. Raises TypeError unless all are whole.

        It reads one array of them all, for that is faster than one by one. How long the array is
        must be said before: there are as many requests as stars. Stars in arguments make it too
        long; then numbers take the place of what is missing, and must be found there, for one of
        them may have become part of an incomplete request.
        """
        reader, length = self._reader, data.count(b"*")
        reader.feed(b"*%d\r\n" % length)
        reader.feed(data)
        reply: Any = reader.gets()
        if reply is _INCOMPLETE:
            count = 1 + data.count(_NEXT_REQUEST)
            reader.feed(_NO_REQUEST * (length - count))
            reply = reader.gets()
            if reply[count:] != [0] * (length - count):
                raise TypeError
            del reply[count:]
        if reader.has_data():
            raise TypeError
        requests: list[Any] = reply
        return requests

    # --- the strict way ---------------------------------------------------------------------------

    def feed_strictly(self, data: bytes) -> Iterator[list[Request]]:
        """As ``feed_batches``, for whatever bytes."""
        if self._big_bulk is None:
            self._buffer += data
        else:
            self._gather(data)
        may_hurry = self.limits.authenticated
        while True:
            argv = self._next_request()
            if argv is None:
                return
            if argv:
                yield [argv]
            if may_hurry and self._buffer and self.limits.authenticated:
                may_hurry = False
                yield self._parse_whole_head()

    def _parse_whole_head(self) -> list[Request]:
        """Whatever whole requests the fast way can read at the front of the buffer."""
        end = self._buffer.rfind(b"\r\n*") + len(CRLF)
        if self._buffer.endswith(CRLF):
            requests = self._parse_whole(bytes(self._buffer))
            if requests is not None:
                self._buffer.clear()
                return requests
        if end < len(CRLF):
            return []
        requests = self._parse_whole(bytes(self._buffer[:end]))
        if requests is None:
            return []
        del self._buffer[:end]
        return requests

    def _next_request(self) -> Request | None:
        """One request, an empty list for an empty one, None when bytes are missing."""
        if self._argv is None:
            if not self._buffer:
                return None
            if self._buffer[0] != ord("*"):
                return self._inline_request()
            if not self._start_request():
                return None
            if not self._words_missing:
                self._argv = None
                return []
        while self._words_missing:
            word = self._next_word()
            if word is None:
                return None
            self._words_missing -= 1
            self._request_bytes += len(word) + WORD_BYTES
            self._argv.append(word)  # type: ignore[union-attr]  # set by _start_request
        argv, self._argv, self._request_bytes = self._argv, None, 0
        return argv

    def _start_request(self) -> bool:
        """Read ``*3``; false when the line is not complete."""
        line = self._take_line("too big mbulk count string")
        if line is None:
            return False
        words = maybe_int(line[1:])
        if words is None or words > MAX_REQUEST_WORDS:
            raise ProtocolError("invalid multibulk length")
        if words > MAX_UNAUTHENTICATED_WORDS and not self.limits.authenticated:
            raise ProtocolError("unauthenticated multibulk length")
        self._argv, self._words_missing = [], max(0, words)
        return True

    def _next_word(self) -> bytes | None:
        if self._bulk_bytes is None and not self._start_bulk():
            return None
        wanted = self._bulk_bytes
        assert wanted is not None  # noqa: S101  # _start_bulk has set it
        if self._big_bulk is not None:
            return self._finish_big_bulk(wanted)
        if len(self._buffer) < wanted + len(CRLF):
            if wanted >= BIG_BULK_BYTES:
                self._big_bulk = BytesIO()
                self._gather(b"")
            return None
        word = bytes(self._buffer[:wanted])
        self._end_bulk(wanted)
        return word

    def _start_bulk(self) -> bool:
        """Read ``$5``; false when the line is not complete."""
        line = self._take_line("too big bulk count string")
        if line is None:
            return False
        if line[:1] != b"$":
            raise ProtocolError(f"expected '$', got '{_shown(line)}'")
        size = maybe_int(line[1:])
        if size is None or not 0 <= size <= self.limits.max_bulk_bytes:
            raise ProtocolError("invalid bulk length")
        if size > MAX_UNAUTHENTICATED_BULK_BYTES and not self.limits.authenticated:
            raise ProtocolError("unauthenticated bulk length")
        if self._request_bytes + size > MAX_REQUEST_BYTES:
            raise RequestTooBig
        self._bulk_bytes = size
        return True

    def _gather(self, data: bytes) -> None:
        """Move bytes to the big argument: it grows by what arrives, not by what was announced."""
        assert self._big_bulk is not None  # noqa: S101  # only called while one is gathered
        assert self._bulk_bytes is not None  # noqa: S101  # as above
        self._buffer += data
        missing = self._bulk_bytes - self._big_bulk.tell()
        self._big_bulk.write(self._buffer[:missing])
        del self._buffer[:missing]

    def _finish_big_bulk(self, wanted: int) -> bytes | None:
        big = self._big_bulk
        assert big is not None  # noqa: S101  # only called while one is gathered
        if big.tell() < wanted or len(self._buffer) < len(CRLF):
            return None
        self._big_bulk = None
        self._end_bulk(0)
        return big.getvalue()

    def _end_bulk(self, at: int) -> None:
        """Pass the line end behind an argument. Redis 7.0 takes any two bytes; Valkey is strict."""
        if self._buffer[at : at + len(CRLF)] != CRLF:
            raise ProtocolError("invalid CRLF in request")
        del self._buffer[: at + len(CRLF)]
        self._bulk_bytes = None

    def _take_line(self, too_long: str) -> bytes | None:
        end = self._line_end(b"\r")
        if end < 0:
            if len(self._buffer) > MAX_LINE_BYTES:
                raise ProtocolError(too_long)
            return None
        if end + 1 >= len(self._buffer):
            return None
        if self._buffer[end + 1] != ord("\n"):
            raise ProtocolError("invalid CRLF in request")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + len(CRLF)]
        return line

    def _line_end(self, mark: bytes) -> int:
        """Where the line ends that the buffer begins with; -1 when that is missing.

        A line that holds a NUL has no end, as in Redis: C's ``strchr`` looks no further.
        """
        end = self._buffer.find(mark)
        nul = self._buffer.find(b"\0", 0, end if end >= 0 else len(self._buffer))
        return end if nul < 0 else -1

    def _inline_request(self) -> Request | None:
        end = self._line_end(b"\n")
        if end < 0:
            if len(self._buffer) > MAX_LINE_BYTES:
                raise ProtocolError("too big inline request")
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        argv = split_words(line.removesuffix(b"\r"))
        if argv is None:
            raise ProtocolError("unbalanced quotes in request")
        return argv


def _read_one(data: bytes) -> Request | None:
    """A short request, split at its line ends; None unless each header is right for its word.

    For a single request this takes a third of the time of hiredis with its check. Requests of two
    and three words, which most are, are compared without a loop.
    """
    lines, headers = data.split(CRLF), BULK_HEADERS
    match lines:
        case [b"*2", first, name, second, key, b""]:
            if first == headers[len(name)] and second == headers[len(key)]:
                return [name, key]
        case [b"*3", first, name, second, key, third, value, b""]:
            if (
                first == headers[len(name)]
                and second == headers[len(key)]
                and third == headers[len(value)]
            ):
                return [name, key, value]
        case [count, *_]:
            argv = lines[2::2]
            expected = [headers[len(word)] for word in argv]
            expected.append(b"")  # what is behind the last line end
            if lines[1::2] == expected and count == ARRAY_HEADERS[len(argv)]:
                return argv or None
    return None


def _shown(line: bytes) -> str:
    """The byte that an error quotes; a line end shows as a space."""
    return line[:1].decode("utf-8", "surrogateescape") or " "


# --- replies --------------------------------------------------------------------------------------

#: ``$5`` by length: most arguments and values are short.
BULK_HEADERS = [b"$%d" % size for size in range(1024)]
ARRAY_HEADERS = [b"*%d" % size for size in range(1024)]
#: ``:5``: most numbers are small.
INTEGER_LINES = [b":%d" % number for number in range(1024)]

_LINE_ENDS = str.maketrans("\r\n\0", "   ")

Writer = Callable[[list[bytes], Any], None]


class _Writers(dict[type, Writer]):
    """How each kind of reply is written; a subclass is written as its base, which is found once."""

    def __missing__(self, kind: type) -> Writer:
        for base in kind.__mro__:
            if base in self:
                self[kind] = self[base]
                return self[base]
        raise TypeError(f"{kind.__name__} is no reply")


class ReplyEncoder:
    """Writes replies in one version of the protocol, as lines that CRLF will join."""

    def __init__(self, resp: int) -> None:
        self._is_3 = resp == 3
        self.null = b"_" if resp == 3 else b"$-1"
        self._null_array = b"_" if resp == 3 else b"*-1"
        #: ``writers[type(reply)](lines, reply)`` appends the lines of a reply.
        self.writers = _Writers(self._all_writers())

    def _all_writers(self) -> dict[type, Writer]:
        return {
            CommandError: self._error,
            bytes: self._bulk,
            # A copy: the next command of a pipeline may edit the string before it is sent.
            bytearray: lambda lines, value: self._bulk(lines, bytes(value)),
            int: lambda lines, number: lines.append(b":%d" % number),
            bool: self._bool,
            float: self._double,
            Double: self._double,
            DoubleText: self._double_text,
            type(None): lambda lines, _: lines.append(self.null),
            Status: lambda lines, status: lines.append(b"+" + status),
            Verbatim: self._verbatim,
            BigNumber: self._big_number,
            list: self._array,
            tuple: self._array,
            dict: self._map,
            Pairs: self._pairs,
            StringMap: self._string_map,
            FlatMap: self._flat_map,
            StringSet: self._string_set,
            set: self._set,
            OrderedSet: self._set,
            Push: self._push,
            Several: self._bulks,
            InProtocol: lambda lines, each: ENCODERS[each.resp].write(lines, each.reply),
            Piecemeal: self._piecemeal,
            Attributed: self._attributed,
            type(NULL_ARRAY): lambda lines, _: lines.append(self._null_array),
            type(NO_REPLY): lambda lines, _: None,
        }

    def encode(self, reply: Reply) -> bytes:
        """The bytes of one reply."""
        lines: list[bytes] = []
        self.write(lines, reply)
        return b"\r\n".join([*lines, b""])

    def write(self, lines: list[bytes], reply: Reply) -> None:
        """Append a reply's lines."""
        self.writers[reply.__class__](lines, reply)

    def _error(self, lines: list[bytes], error: CommandError) -> None:
        # Without this, client bytes in a message could forge a second reply.
        text = str(error).translate(_LINE_ENDS)
        lines.append(b"-" + text.encode("utf-8", "surrogateescape"))

    def _bulk(self, lines: list[bytes], value: bytes) -> None:
        size = len(value)
        lines += (BULK_HEADERS[size] if size < 1024 else b"$%d" % size), value

    def _bool(self, lines: list[bytes], value: bool) -> None:
        if self._is_3:
            lines.append(b"#t" if value else b"#f")
        else:
            lines.append(b":%d" % value)

    def _double(self, lines: list[bytes], value: float) -> None:
        self._double_text(lines, format_float(value))

    def _double_text(self, lines: list[bytes], text: bytes) -> None:
        if self._is_3:
            lines.append(b"," + text)
        else:
            self._bulk(lines, text)

    def _verbatim(self, lines: list[bytes], text: Verbatim) -> None:
        if self._is_3:
            lines += b"=%d" % (len(text) + 4), text.format + b":" + text
        else:
            self._bulk(lines, text)

    def _big_number(self, lines: list[bytes], digits: bytes) -> None:
        if self._is_3:
            lines.append(b"(" + digits)
        else:
            self._bulk(lines, digits)

    def _array(self, lines: list[bytes], items: list[Reply]) -> None:
        size = len(items)
        lines.append(ARRAY_HEADERS[size] if size < 1024 else b"*%d" % size)
        self._bulks(lines, items)

    def _piecemeal(self, lines: list[bytes], array: Piecemeal) -> None:
        if array.is_announced:
            self._array(lines, array.items)
        else:
            self._bulks(lines, array.items)

    def _bulks(self, lines: list[bytes], items: Iterable[Reply]) -> None:
        """Items, most of which are strings; any other kind works too, but is slower."""
        headers, append, writers = BULK_HEADERS, lines.append, self.writers
        for item in items:
            if item.__class__ is bytes:
                size = len(item)
                append(headers[size] if size < 1024 else b"$%d" % size)
                append(item)
            elif item.__class__ is int:
                append(b":%d" % item)
            else:
                writers[item.__class__](lines, item)

    def _set(self, lines: list[bytes], members: Collection[Reply]) -> None:
        lines.append((b"~%d" if self._is_3 else b"*%d") % len(members))
        self._bulks(lines, members)

    def _push(self, lines: list[bytes], items: Push) -> None:
        lines.append((b">%d" if self._is_3 else b"*%d") % len(items))
        for item in items:
            self.write(lines, item)

    def _map(self, lines: list[bytes], mapping: Mapping[Any, Reply]) -> None:
        self._write_pairs(lines, len(mapping), mapping.items())

    def _attributed(self, lines: list[bytes], each: Attributed) -> None:
        if self._is_3:
            lines.append(b"|%d" % len(each.attributes))
            for key, value in each.attributes.items():
                self.write(lines, key)
                self.write(lines, value)
        self.write(lines, each.reply)

    def _pairs(self, lines: list[bytes], pairs: Pairs) -> None:
        self._write_pairs(lines, len(pairs), pairs)

    def _write_pairs(
        self, lines: list[bytes], size: int, pairs: Iterable[tuple[Any, Reply]]
    ) -> None:
        lines.append(b"%%%d" % size if self._is_3 else b"*%d" % (2 * size))
        for key, value in pairs:
            self.write(lines, key)
            self.write(lines, value)

    def _flat_map(self, lines: list[bytes], flat: FlatMap) -> None:
        """A hash in its RESP2 form, which nearly always is kept from an earlier reply."""
        mapping = flat.mapping
        written, size = mapping.written, 2 * len(mapping)
        if written is None or written.body is None or size >= 1024:
            ENCODERS[2]._string_map(lines, mapping)
        else:
            lines += ARRAY_HEADERS[size], written.body

    def _string_map(self, lines: list[bytes], mapping: StringMap) -> None:
        """A hash: as it was kept, or written in this one loop (calls would double the time)."""
        lines.append((b"%%%d" if self._is_3 else b"*%d") % (len(mapping) * (2 - self._is_3)))
        written = mapping.written
        if written is not None and written.body is not None:
            lines.append(written.body)
            return
        headers, start = BULK_HEADERS, len(lines)
        try:
            for key, value in mapping.items():
                lines += headers[len(key)], key, headers[len(value)], value
        except IndexError:  # a string longer than the headers that are ready
            del lines[start:]
            self._bulks(lines, chain.from_iterable(mapping.items()))
            return
        if written is READ_ONCE:
            mapping.written = _keep(lines, start)
        elif written is not NOT_KEPT:
            mapping.written = READ_ONCE

    def _string_set(self, lines: list[bytes], members: StringSet) -> None:
        headers, start = BULK_HEADERS, len(lines)
        lines.append((b"~%d" if self._is_3 else b"*%d") % len(members))
        try:
            for member in members:
                lines += headers[len(member)], member
        except IndexError:
            del lines[start:]
            self._set(lines, members)


#: Marks a map that was read once since it changed; at the second reading its form is kept.
READ_ONCE = Written(None)
#: Marks a map that is too long to be kept.
NOT_KEPT = Written(None)
MAX_WRITTEN_LINES, MAX_WRITTEN_BYTES = 256, 1024
#: How many forms are kept, the latest ones: 16 MB at most; typical sessions take a third of that.
MAX_WRITTEN_MAPS = 16_384
_written: deque[Written] = deque()


def _keep(lines: list[bytes], start: int) -> Written:
    """Keep the lines of a map, which begin at ``start``; the oldest form may have to go."""
    if not 0 < len(lines) - start <= MAX_WRITTEN_LINES:
        return NOT_KEPT
    body = CRLF.join(lines[start:])
    if len(body) > MAX_WRITTEN_BYTES:
        return NOT_KEPT
    written = Written(body)
    _written.append(written)
    if len(_written) > MAX_WRITTEN_MAPS:
        _written.popleft().body = None
    return written


ENCODERS = {2: ReplyEncoder(2), 3: ReplyEncoder(3)}


def encode(reply: Reply, resp: int = 2) -> bytes:
    """The bytes of one reply in RESP2 or RESP3."""
    return ENCODERS[resp].encode(reply)


def request_bytes(argv: list[bytes]) -> int:
    """How long a request is on the wire."""
    return len(encode([*argv]))
