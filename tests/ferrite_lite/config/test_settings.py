from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrite_lite.config import NAMES, SETTINGS, Config, Setting
from ferrite_lite.config.kinds import MEMORY_UNITS, Choice, Integer, Secret, Size, Text, YesNo


def test_defaults_are_redis_s() -> None:
    config = Config()
    shown = {name: setting.kind.write(setting.get(config)) for name, setting in SETTINGS.items()}
    assert shown["port"] == b"6379"
    assert shown["databases"] == b"16"
    assert shown["maxclients"] == b"10000"
    assert shown["proto-max-bulk-len"] == b"536870912"
    assert shown["hash-max-listpack-entries"] == b"512"
    assert shown["hash-max-listpack-value"] == b"64"
    assert shown["set-max-intset-entries"] == b"512"
    assert shown["maxmemory-policy"] == b"noeviction"
    assert shown["requirepass"] == b""


def test_an_old_name_is_the_same_setting() -> None:
    assert NAMES["hash-max-ziplist-entries"] is NAMES["hash-max-listpack-entries"]
    assert NAMES["lua-time-limit"] is NAMES["busy-reply-threshold"]
    assert "lua-time-limit" not in SETTINGS


def test_two_configs_share_nothing() -> None:
    first, second = Config(), Config()
    setting = NAMES["hash-max-listpack-entries"]
    setting.set(first, 7)
    assert (first.encodings.hash_entries, second.encodings.hash_entries) == (7, 512)


#: For settings that are no number, no choice and no text.
_OTHER_VALUES = {
    "client-output-buffer-limit": b"normal 1 2 3 slave 4 5 6 pubsub 7 8 9",
    "maxmemory-policy": b"volatile-lfu",
    "maxmemory-eviction-tenacity": b"77",
    "rdbcompression": b"no",
    "latency-tracking": b"no",
    "notify-keyspace-events": b"AKE",
    "latency-tracking-info-percentiles": b"0 12.5 100",
    "maxmemory-clients": b"77",
    "hz": b"77",
    "cluster-announce-hostname": b"a.b-9",
    "oom-score-adj-values": b"-2000 0 2000",
    "proc-title-template": b"{title} {port}",
    "shutdown-on-sigint": b"nosave now force",
    "shutdown-on-sigterm": b"now",
}


def another_value(setting: Setting) -> bytes:
    """A value that is not the default, where a setting has another one."""
    default = setting.kind.write(setting.get(Config()))
    match setting.kind:
        case Integer(high=high):
            return b"%d" % min(high, 1_048_577)
        case Choice(words=words):
            return next(word.encode() for word in words if word.encode() != default)
        case YesNo():
            return b"no" if default == b"yes" else b"yes"
        case Text() | Secret():
            return b"a text"
        case _:
            return default


@pytest.fixture
def _log_level() -> Iterator[None]:
    """``loglevel`` is the level of a logger, which all servers of a process share."""
    logger = logging.getLogger("ferrite_lite")
    before = logger.level
    yield
    logger.setLevel(before)


@pytest.mark.usefixtures("_log_level")
@pytest.mark.parametrize("name", [n for n, s in SETTINGS.items() if not s.frozen_because])
def test_what_is_set_is_what_is_read_and_written(name: str) -> None:
    setting, config = SETTINGS[name], Config()
    raw = _OTHER_VALUES.get(name) or another_value(setting)
    setting.set(config, setting.kind.read(raw))
    assert setting.kind.write(setting.get(config)) == raw


def test_nothing_but_the_default_is_accepted_of_what_is_not_served() -> None:
    kind = SETTINGS["appendonly"].kind
    assert kind.read(b"no") is False
    with pytest.raises(ValueError, match="only 'no' is accepted: data is not kept on disk"):
        kind.read(b"yes")
    with pytest.raises(ValueError, match="argument must be 'yes' or 'no'"):
        kind.read(b"maybe")


def test_what_nothing_depends_on_is_kept() -> None:
    setting, config = NAMES["slave-priority"], Config()
    assert setting.get(config) == 100
    setting.set(config, setting.kind.read(b"7"))
    assert SETTINGS["replica-priority"].get(config) == 7
    assert SETTINGS["replica-priority"].get(Config()) == 100


@pytest.mark.parametrize(("raw", "hz"), [(b"0", 1), (b"100", 100), (b"1000", 500)])
def test_hz_keeps_to_redis_s_bounds(raw: bytes, hz: int) -> None:
    setting, config = SETTINGS["hz"], Config()
    setting.set(config, setting.kind.read(raw))
    assert config.hz == hz


@pytest.mark.parametrize("raw", [b"8", b"1000", b"-1", b"", b"0o7"])
def test_permissions_are_octal(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"octal number|between 0 and 777"):
        SETTINGS["unixsocketperm"].kind.read(raw)
    assert SETTINGS["unixsocketperm"].kind.read(b"0770") == 0o770


@pytest.mark.parametrize("raw", [b"", b"x", b"1.0", b" 1", b"01", b"+1", b"99999999999999999999"])
def test_an_integer_is_written_as_redis_writes_it(raw: bytes) -> None:
    with pytest.raises(ValueError, match="couldn't be parsed into an integer"):
        Integer(0, 10).read(raw)


@pytest.mark.parametrize("raw", [b"-1", b"11"])
def test_an_integer_has_its_bounds(raw: bytes) -> None:
    with pytest.raises(ValueError, match="between 0 and 10 inclusive"):
        Integer(0, 10).read(raw)


@pytest.mark.parametrize(
    ("raw", "size_bytes"),
    [
        (b"100", 100),
        (b"100b", 100),
        (b"1k", 1000),
        (b"1kb", 1024),
        (b"1Kb", 1024),
        (b"2m", 2_000_000),
        (b"2MB", 2 * 1024**2),
        (b"1g", 10**9),
        (b"1gb", 1024**3),
        (b"", 0),
        (b"kb", 0),
    ],
)
def test_a_size_may_have_a_unit(raw: bytes, size_bytes: int) -> None:
    assert Size(0, 2**63 - 1).read(raw) == size_bytes


@pytest.mark.parametrize("raw", [b"1 kb", b"1tb", b"-1", b"1.5kb", b"1kbkb", b"1" * 128])
def test_another_size_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="must be a memory value"):
        Size(0, 2**63 - 1).read(raw)


def test_a_size_beyond_64_bits_is_the_last_one_within() -> None:
    assert Size(0, 2**64 - 1).read(b"9" * 30) == 2**64 - 1


def test_a_size_has_its_bounds_after_its_unit() -> None:
    with pytest.raises(ValueError, match="between 0 and 1000 inclusive"):
        Size(0, 1000).read(b"1kb")
    with pytest.raises(ValueError, match="inclusive"):
        Size(0, 2**63 - 1).read(b"1" * 20)


@given(st.integers(0, 2**33), st.sampled_from(sorted(MEMORY_UNITS)))
def test_a_size_is_its_number_times_its_unit(number: int, unit: bytes) -> None:
    unbounded = Size(0, 2**64)
    assert unbounded.read(b"%d%b" % (number, unit)) == number * MEMORY_UNITS[unit]


@given(st.binary(max_size=20))
def test_text_comes_back_as_the_bytes_it_was(raw: bytes) -> None:
    assert Text().write(Text().read(raw)) == raw


def test_output_limits_are_read_by_kind_of_client_and_the_others_stay() -> None:
    config = Config()
    setting = SETTINGS["client-output-buffer-limit"]
    setting.set(config, setting.kind.read(b"replica 1k 0 5 pubsub 2mb 1mb 60"))
    assert setting.kind.write(setting.get(config)) == (
        b"normal 0 0 0 slave 1000 0 5 pubsub 2097152 1048576 60"
    )


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (b"pubsub 1 2", "Wrong number of arguments in"),
        (b"master 1 2 3", "Invalid client class specified in"),
        (b"pubsub x 2 3", "Error in hard, soft or soft_seconds setting in"),
        (b"pubsub 1 2 -3", "Error in hard, soft or soft_seconds setting in"),
    ],
)
def test_output_limits_that_make_no_sense_are_refused(words: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=f"{reason} buffer limit configuration."):
        SETTINGS["client-output-buffer-limit"].kind.read(words)
