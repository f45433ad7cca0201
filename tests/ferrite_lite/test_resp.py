from __future__ import annotations

from collections import deque
from typing import Any

import hiredis
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ferrite_lite import resp
from ferrite_lite.data.values import EncodingLimits, Hash
from ferrite_lite.errors import CommandError, ProtocolError
from ferrite_lite.reply import (
    NULL_ARRAY,
    BigNumber,
    Double,
    FlatMap,
    OrderedSet,
    Pairs,
    Push,
    Reply,
    Status,
    Verbatim,
)
from ferrite_lite.resp import (
    BIG_BULK_BYTES,
    MAX_LINE_BYTES,
    MAX_REQUEST_WORDS,
    ParserLimits,
    RequestParser,
    encode,
    request_bytes,
)
from tests.support.wire import encode as request

words = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from(
            [b"GET", b"\r\n", b"+OK\r\n", b"*1\r\n$4\r\nPING\r\n", b"=4\r\n", b"$", b"a*b"]
        ),
        st.binary(max_size=9).map(lambda tail: b"b" * BIG_BULK_BYTES + tail),
    ),
    min_size=1,
    max_size=4,
)
pipelines = st.lists(words, min_size=1, max_size=5)


def parse(parser: RequestParser, data: bytes) -> tuple[list[list[bytes]], str | None]:
    """The requests in some bytes, and the fault that ends them."""
    found: list[list[bytes]] = []
    try:
        for argv in parser.feed(data):
            found.append(list(argv))  # noqa: PERF401  # keeps what came before a fault
    except ProtocolError as error:
        return found, str(error)
    return found, None


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted(cut % (len(data) + 1) for cut in cuts)
    return [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]


@given(pipelines, st.lists(st.integers(0, 10**6), max_size=6))
def test_requests_are_the_same_however_their_bytes_are_cut(
    pipeline: list[list[bytes]], cuts: list[int]
) -> None:
    data = b"".join(request(*argv) for argv in pipeline)
    parser = RequestParser()
    found = []
    for piece in pieces_of(data, cuts):
        requests, fault = parse(parser, piece)
        assert fault is None
        found += requests
    assert found == pipeline
    assert parser.pending_bytes == 0


fragments = st.sampled_from(
    [
        *(b"*1\r\n", b"*2\r\n", b"$4\r\n", b"PING\r\n", b"GET\r\n", b"$3\r\n", b"\r\n", b"*0\r\n"),
        *(
            b"*-1\r\n",
            b"$-1\r\n",
            b"+OK\r\n",
            b":5\r\n",
            b"=8\r\ntxt:abcd\r\n",
            b"#f\r\n",
            b"_\r\n",
        ),
        *(b"x" * 9, b"*1", b"$", b'"', b"~1\r\n", b"%1\r\n", b"*99999999\r\n", b"$01\r\n"),
        *(b"*1\r\n$3\r\n***\r\n", b"***", b":0\r\n"),
    ]
)


@example(b"*1\r\n+OK\r\n*1\r\n", [])
@example(b"*1\r\n$4\r\nGET\r\n$", [])
@example(b"*1\r\n$4\r\nGET\r\nX*1\r\n$4\r\nPING\r\n", [])
@example(b"~1\r\n$4\r\nPING\r\n", [])
@example(b"*1\r\n$4\r\nPING\r\n>1\r\n$4\r\nPING\r\n", [])
@example(b"|1\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n$4\r\nPING\r\n", [])
@example(b"%1\r\n$1\r\naXX$1\r\nbXX", [])
@example(b"+\r\n", [])
@example(b"$0\r\nXX", [])
@example(b"*1\r\n$4\r\nPINGXX$0\r\n\r\n", [])
@example(b"*2\r\n$1\r\na\r\n$2\r\nb\r\n", [])
@example(b"*1\r\n$4\r\nPING\r\n\r\n", [])
@example(b"*1\r\n$4\r\nPINGxx:0\r\n", [])
@example(b"*1\r\n$5\r\nAB**Cxx:0\r\n*2\r\n$3\r\nGET\r\n", [])
@example(b"*1\r\n$5\r\nAB**C\r\n$0\r\n\r\n", [])
@example(b"*1\r\n$4\r\nPING:\n*1\r\n", [])
@given(st.lists(fragments, max_size=10).map(b"".join), st.lists(st.integers(0, 99), max_size=4))
def test_garbage_ends_in_a_protocol_error_or_waits_and_never_otherwise(
    data: bytes, cuts: list[int]
) -> None:
    """And the way that trusts hiredis decides as the way that does not."""
    whole = parse(RequestParser(), data)
    strict = parse(RequestParser(ParserLimits(authenticated=False)), data)
    if strict[1] is None or "unauthenticated" not in strict[1]:
        assert whole == strict
    parser, found = RequestParser(), []
    for piece in pieces_of(data, cuts):
        requests, fault = parse(parser, piece)
        found += requests
        if fault:
            assert whole == (found, fault)
            return
    assert whole == (found, None)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b'SET "a\r\n', "unbalanced quotes in request"),
        (b"x" * (MAX_LINE_BYTES + 1), "too big inline request"),
        (b"*abc\r\n", "invalid multibulk length"),
        (b"*+1\r\n", "invalid multibulk length"),
        (b"*01\r\n", "invalid multibulk length"),
        (b"*%d\r\n" % (MAX_REQUEST_WORDS + 1), "invalid multibulk length"),
        (b"*" + b"1" * MAX_LINE_BYTES, "too big mbulk count string"),
        (b"*1\r\nfoo\r\n", "expected '$', got 'f'"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$04\r\n", "invalid bulk length"),
        (b"*1\r\n$536870913\r\n", "invalid bulk length"),
        (b"*1\r\n$" + b"1" * MAX_LINE_BYTES, "too big bulk count string"),
        (b"*1\r\n$4\r\nPINGxx", "invalid CRLF in request"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:20]),
)
def test_a_protocol_error_has_redis_s_words(data: bytes, fault: str) -> None:
    assert parse(RequestParser(), data) == ([], f"ERR Protocol error: {fault}")


@pytest.mark.parametrize("count", range(1, 6))
def test_every_length_of_a_request_that_comes_alone_is_checked(count: int) -> None:
    argv = [b"word" + b"x" * at for at in range(count)]
    whole = request(*argv)
    assert parse(RequestParser(), whole) == ([argv], None)
    for word in argv:
        for wrong in (len(word) - 1, len(word) + 1):
            data = whole.replace(b"$%d" % len(word), b"$%d" % wrong)
            strict = RequestParser()
            expected = [parse(strict, data[at : at + 1]) for at in range(len(data))]
            found, fault = parse(RequestParser(), data)
            assert found == [argv for each, _ in expected for argv in each]
            assert fault == next((fault for _, fault in expected if fault), None)


@pytest.mark.parametrize("data", [b"\r\n", b"\n", b"*0\r\n", b"*-1\r\n", b"*-10\r\n", b"   \r\n"])
def test_an_empty_request_is_no_request(data: bytes) -> None:
    assert parse(RequestParser(), data + request("PING")) == ([[b"PING"]], None)


def test_an_announced_length_takes_no_memory() -> None:
    parser = RequestParser()
    assert parse(parser, b"*2\r\n$3\r\nSET\r\n$536870912\r\n") == ([], None)
    assert parser.pending_bytes < 100


# --- replies --------------------------------------------------------------------------------------

replies = st.recursive(
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=9)),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=8,
)


@given(replies, st.sampled_from([2, 3]))
def test_a_reply_is_read_back_by_hiredis(reply: Any, protocol: int) -> None:
    reader = hiredis.Reader()
    reader.feed(encode(reply, protocol))
    assert reader.gets() == reply


@pytest.mark.parametrize(
    ("reply", "resp2", "resp3"),
    [
        (Status(b"OK"), b"+OK\r\n", b"+OK\r\n"),
        (None, b"$-1\r\n", b"_\r\n"),
        (NULL_ARRAY, b"*-1\r\n", b"_\r\n"),
        (True, b":1\r\n", b"#t\r\n"),
        (Double(1.5), b"$3\r\n1.5\r\n", b",1.5\r\n"),
        (Verbatim(b"abc"), b"$3\r\nabc\r\n", b"=7\r\ntxt:abc\r\n"),
        (BigNumber(b"12"), b"$2\r\n12\r\n", b"(12\r\n"),
        ({b"a": 1}, b"*2\r\n$1\r\na\r\n:1\r\n", b"%1\r\n$1\r\na\r\n:1\r\n"),
        (
            Pairs([(1, 2), (1, 3)]),
            b"*4\r\n:1\r\n:2\r\n:1\r\n:3\r\n",
            b"%2\r\n:1\r\n:2\r\n:1\r\n:3\r\n",
        ),
        (OrderedSet([b"a"]), b"*1\r\n$1\r\na\r\n", b"~1\r\n$1\r\na\r\n"),
        (Push([b"a"]), b"*1\r\n$1\r\na\r\n", b">1\r\n$1\r\na\r\n"),
        (b"x" * 2000, b"$2000\r\n" + b"x" * 2000 + b"\r\n", b"$2000\r\n" + b"x" * 2000 + b"\r\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_kind_of_reply_has_its_form(reply: Reply, resp2: bytes, resp3: bytes) -> None:
    assert encode(reply, 2) == resp2
    assert encode(reply, 3) == resp3


small = st.binary(max_size=2)
edits = st.lists(
    st.one_of(
        st.tuples(st.just("assign"), small, st.one_of(small, st.just(b"x" * 1100))),
        st.tuples(st.just("drop"), small),
        st.tuples(st.just("set_deadline"), small, st.just(1)),
        st.tuples(st.just("read")),
    ),
    max_size=20,
)


@given(edits)
def test_a_hash_that_was_sent_before_is_sent_as_it_is_now(edits: list[tuple[Any, ...]]) -> None:
    fields = Hash(EncodingLimits())
    for edit, *words in edits:
        if edit == "read":
            encode(fields)
        elif edit != "set_deadline" or words[0] in fields:
            getattr(fields, edit)(*words)
        for protocol in (2, 3):
            assert encode(fields, protocol) == encode(dict(fields), protocol)
        assert encode(FlatMap(fields), 3) == encode(dict(fields), 2)


def test_a_hash_is_kept_as_it_is_sent_once_it_is_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resp, "MAX_WRITTEN_MAPS", 1)
    monkeypatch.setattr(resp, "_written", deque())
    carts = [Hash(EncodingLimits()) for _ in range(2)]
    for cart in carts:
        cart.assign(b"apples", b"2")
        encode(cart)
        assert cart.written is resp.READ_ONCE
        encode(cart)
        assert cart.written is not None
        assert cart.written.body == b"$6\r\napples\r\n$1\r\n2"
    assert carts[0].written is not None
    assert carts[0].written.body is None  # it has made room
    encode(carts[0])
    assert carts[0].written is resp.READ_ONCE


@pytest.mark.parametrize(
    ("count", "size"), [(1, resp.MAX_WRITTEN_BYTES - 1), (resp.MAX_WRITTEN_LINES, 1)]
)
def test_a_long_hash_is_not_kept(count: int, size: int) -> None:
    fields = Hash(EncodingLimits())
    for number in range(count):
        fields.assign(b"%d" % number, b"x" * size)
    for _ in range(3):
        encode(fields)
    assert fields.written is resp.NOT_KEPT


@given(st.binary(max_size=40))
def test_no_error_text_can_forge_a_second_reply(text: bytes) -> None:
    error = CommandError("ERR " + text.decode("utf-8", "surrogateescape"))
    encoded = encode(error)
    assert encoded.count(b"\r\n") == 1
    assert encoded.endswith(b"\r\n")


def test_the_size_of_a_request_is_that_on_the_wire() -> None:
    assert request_bytes([b"SET", b"k", b"0123456789"]) == 37
    assert request_bytes([b"PING"]) == len(b"*1\r\n$4\r\nPING\r\n")
