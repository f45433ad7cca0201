"""Payloads as a whole: forth and back here, on redis-server and on valkey-server."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrite_lite.data.values import (
    EncodingLimits,
    Hash,
    List,
    Set,
    Value,
    VolatileHash,
    encoding_of,
    kind_of,
)
from ferrite_lite.errors import BadDumpChecksum, BadDumpFormat
from ferrite_lite.persistence.crc64 import crc64
from ferrite_lite.persistence.dump import dump, load
from ferrite_lite.persistence.packed import write_listpack
from tests.support.servers import RealServer
from tests.support.wire import RawConnection

LIMITS = EncodingLimits()
MAX_BYTES = 1 << 20

words = st.one_of(
    st.binary(max_size=100),
    st.integers(-(2**63), 2**63 - 1).map(lambda number: b"%d" % number),
    st.sampled_from([b"ab", b"hello ", b"\0"]).flatmap(
        lambda piece: st.integers(0, 300).map(lambda times: piece * times)
    ),
)


def a_hash(fields: dict[bytes, bytes]) -> Hash:
    made = Hash(LIMITS)
    for field, value in fields.items():
        made.assign(field, value)
    return made


def a_set(members: set[bytes]) -> Set:
    made = Set(LIMITS)
    made.insert(sorted(members))
    return made


numbers = st.integers(-(2**63), 2**63 - 1).map(lambda number: b"%d" % number)
values: st.SearchStrategy[Value] = st.one_of(
    words,
    words.map(bytearray),
    st.dictionaries(words, words, min_size=1, max_size=20).map(a_hash),
    st.sets(words, min_size=1, max_size=20).map(a_set),
    st.sets(numbers, min_size=1, max_size=50).map(a_set),
    st.lists(words, min_size=1, max_size=30).map(List),
)


def reloaded(payload: bytes) -> Value:
    return load(payload, LIMITS, MAX_BYTES)


@given(values)
def test_a_payload_loads_as_the_value_it_was_made_of(value: Value) -> None:
    loaded = reloaded(dump(value))
    assert loaded == value
    assert kind_of(loaded) == kind_of(value)
    if not isinstance(value, bytearray):
        assert encoding_of(loaded) == encoding_of(value)


@given(values)
def test_without_compression_it_loads_just_as_well(value: Value) -> None:
    assert reloaded(dump(value, compresses=False)) == value


def test_compression_can_be_left_out() -> None:
    assert b"a" * 100 in dump(b"a" * 100, compresses=False)
    assert b"a" * 100 not in dump(b"a" * 100)


def test_large_collections_load() -> None:
    fields = a_hash({b"%d" % n: b"x" * n for n in range(600)})
    members = a_set({b"m%d" % n for n in range(600)})
    elements = List(b"%d" % n * 20 for n in range(3000))
    for value in (fields, members, elements):
        assert reloaded(dump(value)) == value


# --- the real servers -----------------------------------------------------------------------------


def bulk(raw: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(raw), raw)


def sealed(body: bytes, version: int = 10) -> bytes:
    checked = body + version.to_bytes(2, "little")
    return checked + crc64(checked).to_bytes(8, "little")


def packed_words(*words: str) -> bytes:
    """A listpack, as a string."""
    blob = write_listpack([word.encode() for word in words])
    return bytes((len(blob),)) + blob


def unordered(value: Value) -> bool:
    return isinstance(value, Hash | Set) and value.is_table and len(value) > 1


_ON_A_SERVER = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)


@_ON_A_SERVER
@given(value=values)
def test_redis_restores_a_payload_and_dumps_the_same(
    redis_server: RealServer, value: Value
) -> None:
    payload = dump(value)
    with redis_server.connect() as connection:
        assert connection.ask("RESTORE", "k", 0, payload, "REPLACE") == b"+OK\r\n"
        theirs = connection.ask("DUMP", "k")
    if not unordered(value):
        assert theirs == bulk(payload)


@_ON_A_SERVER
@given(value=values)
def test_valkey_restores_a_payload_and_its_own_loads(
    valkey_server: RealServer, value: Value
) -> None:
    with valkey_server.connect() as connection:
        assert connection.ask("RESTORE", "k", 0, dump(value), "REPLACE") == b"+OK\r\n"
        theirs = connection.ask("DUMP", "k")
    loaded = reloaded(theirs.split(b"\r\n", 1)[1][:-2])
    assert loaded == value


SCRIPT = [
    ("SET", "string", "x" * 500),
    ("HSET", "small hash", "f", "v", "n", "-5000"),
    ("HSET", "large hash", *[word for n in range(600) for word in (f"f{n}", f"v{n}" * 20)]),
    ("SADD", "integers", *range(-300, 40_000, 1000), 2**40),
    ("SADD", "small set", "a", "b", "12"),
    ("SADD", "large set", *[f"member {n}" for n in range(600)]),
    ("RPUSH", "small list", "a", "12"),
    ("RPUSH", "large list", *[f"element {n}" for n in range(3000)], "x" * 100_000),
]


@pytest.fixture(params=["redis_server", "valkey_server"])
def real_server(request: pytest.FixtureRequest) -> RealServer:
    server: RealServer = request.getfixturevalue(request.param)
    return server


@pytest.mark.parametrize("command", SCRIPT, ids=lambda command: str(command[1]))
def test_what_a_real_server_dumps_goes_there_and_back(
    real_server: RealServer, command: tuple[str, ...]
) -> None:
    real_server.flush()
    key = command[1]
    with real_server.connect() as connection:
        connection.ask(*command)
        theirs = dumped(connection, key)
        ours = dump(reloaded(theirs))
        assert connection.ask("RESTORE", "copy", 0, ours) == b"+OK\r\n"
        assert digest(connection, "copy") == digest(connection, key)


def dumped(connection: RawConnection, key: str) -> bytes:
    return connection.ask("DUMP", key).split(b"\r\n", 1)[1][:-2]


def digest(connection: RawConnection, key: str) -> list[bytes]:
    """All that a key holds, in an order of its own."""
    kind = connection.ask("TYPE", key)
    reader = {
        b"+string\r\n": ("GET", key),
        b"+hash\r\n": ("HGETALL", key),
        b"+set\r\n": ("SMEMBERS", key),
        b"+list\r\n": ("LRANGE", key, 0, -1),
    }[kind]
    held = connection.ask(*reader).split(b"\r\n")
    return held if kind == b"+list\r\n" else sorted(held)


# --- fields with deadlines ------------------------------------------------------------------------

NO_DEADLINE = {
    "Redis's large form": (
        12,
        b"\x18" + bytes(8) + b"\x02" + b"\x00\x01f\x01v" + b"\x00\x01g\xc0\x07",
    ),
    "Redis's small form": (12, b"\x19" + bytes(8) + packed_words("f", "v", "0", "g", "7", "0")),
    "Valkey's form": (80, b"\x16\x02\x01f\x01v" + b"\xff" * 8 + b"\x01g\xc0\x07" + b"\xff" * 8),
}
LATE_MS = 33_177_117_420_123
LATE = LATE_MS.to_bytes(8, "little")
WITH_DEADLINE = {
    "Redis's large form": (12, b"\x18" + LATE + b"\x01\x01\x01f\x01v"),
    "Redis's small form": (12, b"\x19" + LATE + packed_words("f", "v", str(LATE_MS))),
    "Valkey's form": (80, b"\x16\x01\x01f\x01v" + LATE),
}


@pytest.mark.parametrize("form", NO_DEADLINE)
def test_a_form_for_deadlines_that_has_none_is_read(form: str) -> None:
    version, body = NO_DEADLINE[form]
    assert reloaded(sealed(body, version)) == {b"f": b"v", b"g": b"7"}


@pytest.mark.parametrize("form", WITH_DEADLINE)
def test_fields_keep_the_deadlines_that_any_server_wrote(form: str) -> None:
    version, body = WITH_DEADLINE[form]
    read = reloaded(sealed(body, version))
    assert isinstance(read, VolatileHash)
    assert read == {b"f": b"v"}
    assert list(read.deadlines.items()) == [(b"f", LATE_MS)]


@pytest.mark.parametrize(
    ("version", "body"),
    [
        (80, b"\x16\x01\x01f\x01v" + (-2).to_bytes(8, "little", signed=True)),
        (12, b"\x18" + (2**63 - 1).to_bytes(8, "little") + b"\x01\x09\x01f\x01v"),
        (12, b"\x19" + LATE + packed_words("f", "v", "-5")),
        (12, b"\x19" + LATE + packed_words("f", "v", "x")),
    ],
)
def test_a_deadline_that_is_no_time_is_refused(version: int, body: bytes) -> None:
    with pytest.raises(BadDumpFormat):
        reloaded(sealed(body, version))


def test_a_hash_with_deadlines_of_fields_is_dumped_as_valkey_does(
    valkey_server: RealServer,
) -> None:
    fields = a_hash({b"f": b"v", b"g": b"7", b"": b"long " * 30})
    fields.set_deadline(b"f", LATE_MS)
    payload = dump(fields)
    with valkey_server.connect() as connection:
        connection.ask("FLUSHALL")
        assert connection.ask("RESTORE", "ours", 0, payload) == b"+OK\r\n"
        theirs = connection.ask("DUMP", "ours").partition(b"\r\n")[2][:-2]
        reply = connection.ask("HPEXPIRETIME", "ours", "FIELDS", 2, "f", "g")
    assert reply == b"*2\r\n:%d\r\n:-1\r\n" % LATE_MS
    assert reloaded(theirs) == reloaded(payload) == fields


# --- hostile payloads -----------------------------------------------------------------------------


@pytest.mark.parametrize("version", [0, 6, 9, 10, 11, 12, 80])
def test_versions_of_servers_there_are_load(version: int) -> None:
    assert reloaded(sealed(b"\x00\x01a", version)) == b"a"


@pytest.mark.parametrize("version", [14, 79, 81, 65_535])
def test_versions_of_no_server_are_refused(version: int) -> None:
    with pytest.raises(BadDumpChecksum):
        reloaded(sealed(b"\x00\x01a", version))


@given(values, st.data())
def test_one_flipped_bit_anywhere_breaks_the_checksum(value: Value, data: st.DataObject) -> None:
    payload = bytearray(dump(value))
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BadDumpChecksum):
        reloaded(bytes(payload))


@given(values, st.data())
def test_a_changed_body_with_a_right_checksum_loads_or_is_refused(
    value: Value, data: st.DataObject
) -> None:
    body = bytearray(dump(value)[:-10])
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
        if not body:
            break
    try:
        loaded = reloaded(sealed(bytes(body)))
    except BadDumpFormat:
        return
    assert reloaded(dump(loaded)) == loaded


@given(st.integers(0, 30), st.binary(max_size=60))
def test_any_body_loads_or_is_refused(kind: int, rest: bytes) -> None:
    with contextlib.suppress(BadDumpFormat):
        reloaded(sealed(bytes((kind,)) + rest))


def test_compressed_parts_expand_to_so_much_and_no_more() -> None:
    compressed = b"\x00a" + b"\xe0\xff\x00" * 1000
    size = (264_001).to_bytes(4, "big")
    bomb = b"\xc3\x4b\xba\x80" + size + compressed
    body = b"\x01\x03" + bomb * 3
    assert load(sealed(body), LIMITS, 3 * 264_001) == [b"a" * 264_001] * 3
    with pytest.raises(BadDumpFormat):
        load(sealed(body), LIMITS, 3 * 264_001 - 1)


@pytest.mark.parametrize("kind", [1, 2, 4, 14, 18])
def test_a_count_that_the_payload_cannot_hold_is_refused_at_once(kind: int) -> None:
    with pytest.raises(BadDumpFormat):
        reloaded(sealed(bytes((kind,)) + b"\x81" + b"\x7f" * 8 + b"\x01a"))
