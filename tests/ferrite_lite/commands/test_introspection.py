from __future__ import annotations

import pytest

from ferrite_lite.commands import TABLE
from tests.ferrite_lite.conftest import Run

SYNTAX = b"-ERR syntax error\r\n"


def array(*texts: str) -> bytes:
    items = b"".join(b"$%d\r\n%b\r\n" % (len(text), text.encode()) for text in texts)
    return b"*%d\r\n%b" % (len(texts), items)


def names(run: Run, *words: str) -> set[str]:
    """What COMMAND LIST names."""
    return {line.decode() for line in run("COMMAND", "LIST", *words).split(b"\r\n")[2::2]}


# --- COUNT, LIST ----------------------------------------------------------------------------------


def test_list_names_subcommands_which_count_does_not_count(run: Run) -> None:
    listed = names(run)
    assert {"get", "client", "client|list", "exec", "command"} <= listed
    top = [name for name in listed if "|" not in name]
    assert run("COMMAND", "COUNT") == b":%d\r\n" % len(top)


def test_a_pattern_lists_subcommands_too_and_has_no_case(run: Run) -> None:
    assert names(run, "FILTERBY", "PATTERN", "HM*") == {"hmget", "hmset"}
    assert names(run, "filterby", "pattern", "client|no-*") == {
        "client|no-evict",
        "client|no-touch",
    }


def test_a_category_lists_its_commands(run: Run) -> None:
    listed = names(run, "FILTERBY", "ACLCAT", "Transaction")
    assert listed == {"multi", "exec", "discard", "watch", "unwatch"}
    assert run("COMMAND", "LIST", "FILTERBY", "ACLCAT", "nope") == b"*0\r\n"


def test_there_are_no_modules(run: Run) -> None:
    assert run("COMMAND", "LIST", "FILTERBY", "MODULE", "json") == b"*0\r\n"


@pytest.mark.parametrize(
    "words", [("x",), ("FILTERBY",), ("FILTERBY", "PATTERN"), ("FILTERBY", "NAME", "x")]
)
def test_another_filter_is_refused(run: Run, words: tuple[str, ...]) -> None:
    assert run("COMMAND", "LIST", *words) == SYNTAX


# --- INFO, DOCS -----------------------------------------------------------------------------------


def test_info_has_redis_s_ten_elements(run: Run) -> None:
    assert run("COMMAND", "INFO", "get") == (
        b"*1\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n"
        b"*3\r\n+@read\r\n+@string\r\n+@fast\r\n*0\r\n"
        b"*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+RO\r\n+access\r\n"
        b"$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n"
        b"*2\r\n$5\r\nindex\r\n:1\r\n"
        b"$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n"
        b"*6\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n*0\r\n"
    )


def test_info_takes_subcommands_and_is_null_for_what_it_does_not_know(run: Run) -> None:
    reply = run("COMMAND", "INFO", "nope", "CONFIG|get", "config|nope")
    assert reply.startswith(b"*3\r\n$-1\r\n*10\r\n$10\r\nconfig|get\r\n")
    assert reply.endswith(b"$-1\r\n")


def test_info_without_names_is_command(run: Run) -> None:
    everything = run("COMMAND")
    assert everything == run("COMMAND", "INFO")
    assert everything.startswith(b"*%d\r\n" % len(TABLE.commands()))


def test_docs_tell_what_was_declared(run: Run) -> None:
    assert run("COMMAND", "DOCS", "dbsize", "nope") == b"*2\r\n$6\r\ndbsize\r\n" + array(
        *("summary", "Return the number of keys in the selected database"),
        *("since", "1.0.0", "group", "server", "complexity", "O(1)"),
    )


def test_docs_of_a_container_hold_its_subcommands(run3: Run) -> None:
    reply = run3("COMMAND", "DOCS", "memory")
    assert b"$11\r\nsubcommands\r\n%6\r\n$12\r\nmemory|usage\r\n%5\r\n" in reply


def test_docs_tell_what_replaces_a_deprecated_command(run: Run) -> None:
    reply = run("COMMAND", "DOCS", "hmset")
    assert b"doc_flags\r\n*1\r\n+deprecated\r\n$16\r\ndeprecated_since\r\n$5\r\n4.0.0" in reply
    assert b"replaced_by\r\n$38\r\n`HSET` with multiple field-value pairs\r\n" in reply


def test_docs_without_names_are_about_everything(run3: Run) -> None:
    assert run3("COMMAND", "DOCS").startswith(b"%%%d\r\n" % len(TABLE.commands()))


# --- GETKEYS --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_line", "keys"),
    [
        ("GET a", ["a"]),
        ("MSET a 1 b 2", ["a", "b"]),
        ("DEL a b c", ["a", "b", "c"]),
        ("SINTERCARD 2 a b LIMIT 1", ["a", "b"]),
        ("EVAL x 2 a b c", ["a", "b"]),
        ("SORT a BY w* STORE b", ["a", "b"]),
        ("OBJECT ENCODING a", ["a"]),
        ("MEMORY USAGE a", ["a"]),
    ],
)
def test_getkeys_names_the_keys_of_a_request(run: Run, request_line: str, keys: list[str]) -> None:
    assert run("COMMAND", "GETKEYS", *request_line.split()) == array(*keys)


@pytest.mark.parametrize(
    ("request_line", "error"),
    [
        ("NOPE a b", "Invalid command specified"),
        ("CONFIG NOPE a", "Invalid command specified"),
        ("GET a b", "Invalid number of arguments specified for command"),
        ("CONFIG GET a", "The command has no key arguments"),
        ("ECHO a", "The command has no key arguments"),
        ("SINTERCARD 3 a b", "Invalid arguments specified for command"),
        ("SINTERCARD x a b", "Invalid arguments specified for command"),
    ],
)
def test_getkeys_says_why_there_are_none(run: Run, request_line: str, error: str) -> None:
    assert run("COMMAND", "GETKEYS", *request_line.split()) == b"-ERR %b\r\n" % error.encode()


def test_a_script_may_have_no_keys(run: Run) -> None:
    assert run("COMMAND", "GETKEYS", "EVAL", "x", 0) == b"*0\r\n"


def test_getkeysandflags_tells_what_happens_to_each_key(run: Run) -> None:
    assert run("COMMAND", "GETKEYSANDFLAGS", "SMOVE", "a", "b", "m") == (
        b"*2\r\n*2\r\n$1\r\na\r\n*3\r\n+RW\r\n+access\r\n+delete\r\n"
        b"*2\r\n$1\r\nb\r\n*2\r\n+RW\r\n+insert\r\n"
    )
    assert run("COMMAND", "GETKEYSANDFLAGS", "MGET", "a", "b") == (
        b"*2\r\n*2\r\n$1\r\na\r\n*2\r\n+RO\r\n+access\r\n*2\r\n$1\r\nb\r\n*2\r\n+RO\r\n+access\r\n"
    )
