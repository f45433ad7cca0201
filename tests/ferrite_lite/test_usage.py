from __future__ import annotations

import pytest

from ferrite_lite.usage import NOT_KEY_WORDS, read_usage


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("PING [message]", "ping"),
        ("CONFIG GET parameter [parameter ...]", "config get"),
        ("CLIENT NO-EVICT <ON | OFF>", "client no-evict"),
        ("EVAL_RO script numkeys [key [key ...]] [arg [arg ...]]", "eval_ro"),
        ("DBSIZE", "dbsize"),
    ],
)
def test_the_name_is_the_leading_words_in_upper_case(line: str, name: str) -> None:
    assert read_usage(line).name == name


@pytest.mark.parametrize(
    ("line", "arity"),
    [
        ("DBSIZE", 1),
        ("GET key", 2),
        ("CONFIG GET parameter [parameter ...]", -3),
        ("SET key value [NX | XX] [GET] [EX seconds | PX milliseconds]", -3),
        ("CLIENT REPLY <ON | OFF | SKIP>", 3),
        ("HELLO [protover [AUTH username password] [SETNAME clientname]]", -1),
        ("CLIENT KILL <ip:port | <[ID client-id] | [USER username]> ...>", -3),
    ],
)
def test_required_words_are_the_arity_and_options_make_it_a_minimum(line: str, arity: int) -> None:
    assert read_usage(line).arity == arity


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("PING [message]", (0, 0, 0)),
        ("GET key", (1, 1, 1)),
        ("RENAME key newkey", (1, 2, 1)),
        ("LCS key1 key2 [LEN]", (1, 2, 1)),
        ("SMOVE source destination member", (1, 2, 1)),
        ("DEL key [key ...]", (1, -1, 1)),
        ("MSET key value [key value ...]", (1, -1, 2)),
        ("SDIFFSTORE destination key [key ...]", (1, -1, 1)),
        ("OBJECT ENCODING key", (2, 2, 1)),
        ("MIGRATE host port key timeout [AUTH password] [KEYS key [key ...]]", (3, 3, 1)),
    ],
)
def test_key_words_say_where_the_keys_stand(line: str, keys: tuple[int, int, int]) -> None:
    usage = read_usage(line)
    assert (usage.first_key, usage.last_key, usage.key_step) == keys
    assert usage.numkeys_at == 0


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("SPUBLISH shardchannel message", (1, 1, 1)),
        ("SSUBSCRIBE shardchannel [shardchannel ...]", (1, -1, 1)),
        ("SUNSUBSCRIBE [shardchannel [shardchannel ...]]", (1, -1, 1)),
    ],
)
def test_other_words_can_stand_where_keys_do(line: str, keys: tuple[int, int, int]) -> None:
    usage = read_usage(line, NOT_KEY_WORDS)
    assert (usage.first_key, usage.last_key, usage.key_step) == keys
    assert read_usage(line).first_key == 0


def test_a_count_of_keys_replaces_their_positions() -> None:
    usage = read_usage("EVAL script numkeys [key [key ...]] [arg [arg ...]]")
    assert usage.numkeys_at == 2
    assert (usage.first_key, usage.last_key, usage.key_step) == (0, 0, 0)
    assert usage.arity == -3


@pytest.mark.parametrize(
    ("line", "request_line", "positions"),
    [
        ("PING [message]", "PING a", []),
        ("GET key", "GET a", [1]),
        ("RENAME key newkey", "RENAME a b", [1, 2]),
        ("DEL key [key ...]", "DEL a b c", [1, 2, 3]),
        ("MSET key value [key value ...]", "MSET a 1 b 2", [1, 3]),
        ("OBJECT ENCODING key", "OBJECT ENCODING a", [2]),
        ("EVAL script numkeys [key [key ...]] [arg [arg ...]]", "EVAL s 2 a b c", [3, 4]),
        ("EVAL script numkeys [key [key ...]] [arg [arg ...]]", "EVAL s 0 a", []),
        ("SINTERCARD numkeys key [key ...] [LIMIT limit]", "SINTERCARD 1 a LIMIT 2", [2]),
    ],
)
def test_the_keys_of_a_request_are_found(
    line: str, request_line: str, positions: list[int]
) -> None:
    found = read_usage(line).key_positions(request_line.encode().split())
    assert list(found or []) == positions


@pytest.mark.parametrize("count", [b"two", b"-1", b"", b"1.0"])
def test_a_count_of_keys_that_is_no_count_finds_none(count: bytes) -> None:
    usage = read_usage("EVAL script numkeys [key [key ...]] [arg [arg ...]]")
    assert usage.key_positions([b"EVAL", b"s", count, b"a"]) is None
