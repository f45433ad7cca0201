from __future__ import annotations

import pytest

from ferrite_lite.command import MANY_WORDS, CommandGroup, CommandTable, KeySpec
from ferrite_lite.commands import TABLE
from ferrite_lite.context import Context
from ferrite_lite.errors import UnknownSubcommand, WrongArity
from ferrite_lite.reply import Reply


def answer(ctx: Context, *words: bytes) -> Reply:
    """Say what was asked.

    More about it.
    """
    return list(words)


@pytest.fixture
def group() -> CommandGroup:
    group = CommandGroup("string")
    group("READ key", "readonly fast", since="2.0.0")(answer)
    group("MOVE source destination", "write denyoom", since="1.0.0", also="dangerous")(answer)
    group("BOX OPEN key", "readonly", since="6.2.0")(answer)
    group("BOX NO-LID <ON | OFF>", "admin", since="5.0.14")(answer)
    group("BOX CLOSE", since="10.0.0")(answer)
    group("COUNTED numkeys key [key ...]", "readonly", since="1.0.0")(answer)
    return group


@pytest.fixture
def table(group: CommandGroup) -> CommandTable:
    return CommandTable([group])


# --- declaring ------------------------------------------------------------------------------------


def test_a_name_can_be_declared_once(group: CommandGroup) -> None:
    with pytest.raises(ValueError, match="read is declared twice"):
        group("READ key value", since="1.0.0")(answer)


def test_the_summary_is_the_first_line_of_the_docstring(table: CommandTable) -> None:
    command = table[b"read"]
    assert command is not None
    assert command.summary == "Say what was asked."


def test_an_arity_that_redis_does_not_document_can_be_given() -> None:
    group = CommandGroup("connection")
    group("QUIT", since="1.0.0", arity=-1)(answer)
    quit_ = CommandTable([group])[b"quit"]
    assert quit_ is not None
    assert quit_.accepts(1)
    assert quit_.accepts(7)


@pytest.mark.parametrize(
    ("group_name", "flags", "also", "categories"),
    [
        ("string", "readonly fast", "", ["read", "string", "fast"]),
        ("generic", "write", "", ["keyspace", "write", "slow"]),
        ("server", "admin", "", ["admin", "slow", "dangerous"]),
        ("transactions", "fast", "", ["fast", "transaction"]),
        ("scripting", "readonly", "", ["slow", "scripting"]),
        ("string", "write", "dangerous", ["write", "string", "slow", "dangerous"]),
    ],
)
def test_the_categories_follow_from_group_and_flags(
    group_name: str, flags: str, also: str, categories: list[str]
) -> None:
    group = CommandGroup(group_name)
    group("READ key", flags, since="1.0.0", also=also)(answer)
    assert [command.categories for command in group] == [categories]


def test_a_group_may_have_another_category_than_its_name() -> None:
    group = CommandGroup("generic", category="connection")
    group("WAIT numreplicas timeout", since="3.0.0")(answer)
    assert [command.categories for command in group] == [["slow", "connection"]]


def test_a_command_whose_keys_move_says_so(table: CommandTable) -> None:
    counted, read = table[b"counted"], table[b"read"]
    assert counted is not None
    assert read is not None
    assert counted.all_flags == {"readonly", "movablekeys"}
    assert read.all_flags == {"readonly", "fast"}


# --- keys -----------------------------------------------------------------------------------------


def test_what_a_command_does_to_its_keys_follows_from_its_flags() -> None:
    group = CommandGroup("string")
    group("READ key", "readonly", since="1.0.0")(answer)
    group("WRITE key", "write", since="1.0.0")(answer)
    group("PUT source destination", "write", since="1.0.0", keys="RO access | ? OW update")(answer)
    group("PING", since="1.0.0")(answer)
    specs = {command.name: command.key_specs for command in group}
    assert specs == {
        "read": [KeySpec(("RO", "access"), is_movable=False)],
        "write": [KeySpec(("RW", "access", "update"), is_movable=False)],
        "put": [
            KeySpec(("RO", "access"), is_movable=False),
            KeySpec(("OW", "update"), is_movable=True),
        ],
        "ping": [],
    }


def test_a_key_finder_knows_better_than_the_usage_line() -> None:
    group = CommandGroup("generic")
    group("SORT key", "write", since="1.0.0", find_keys=lambda argv: [1, len(argv) - 1])(answer)
    (sort,) = group
    assert sort.keys([b"SORT", b"a", b"STORE", b"b"]) == [b"a", b"b"]
    assert sort.has_keys


def test_a_count_that_exceeds_the_request_names_no_keys(table: CommandTable) -> None:
    counted = table[b"counted"]
    assert counted is not None
    assert counted.keys([b"COUNTED", b"2", b"a", b"b"]) == [b"a", b"b"]
    assert counted.key_positions([b"COUNTED", b"3", b"a", b"b"]) is None
    assert counted.keys([b"COUNTED", b"3", b"a", b"b"]) == []


# --- finding --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [b"read", b"READ", b"Read", b"rEAD"])
def test_a_command_is_found_in_any_case(table: CommandTable, name: bytes) -> None:
    command = table[name]
    assert command is not None
    assert command.name == "read"


@pytest.mark.parametrize("name", [b"", b"reads", b"\xff", b"read ", b"box|open"])
def test_an_unknown_name_is_none_and_leaves_no_trace(table: CommandTable, name: bytes) -> None:
    size = len(table)
    assert table[name] is None
    assert len(table) == size


def test_each_command_is_listed_once(table: CommandTable) -> None:
    assert [command.name for command in table.commands()] == ["read", "move", "counted", "box"]


def test_a_container_follows_from_its_subcommands(table: CommandTable) -> None:
    box = table[b"box"]
    assert box is not None
    assert box.is_container
    assert (box.since, box.usage.arity, box.flags) == ("5.0.14", -2, frozenset())
    assert sorted(box.subcommands) == [b"close", b"no-lid", b"open"]


def test_a_container_may_be_a_command_itself() -> None:
    group = CommandGroup("server")
    group("BOX OPEN key", since="7.0.0")(answer)
    group("BOX", since="2.8.13", arity=-1)(answer)
    box = CommandTable([group])[b"box"]
    assert box is not None
    assert box.resolve([b"BOX"]) is box
    assert box.resolve([b"BOX", b"open", b"k"]).name == "box|open"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (b"read", "read"),
        (b"BOX|Open", "box|open"),
        (b"box", "box"),
        (b"box|none", None),
        (b"none|open", None),
    ],
)
def test_lookup_takes_subcommands_with_a_bar(
    table: CommandTable, name: bytes, found: str | None
) -> None:
    command = table.lookup(name)
    assert (command.name if command else None) == found


def test_resolving_finds_the_subcommand_that_is_meant(table: CommandTable) -> None:
    box = table[b"box"]
    assert box is not None
    assert box.resolve([b"BOX", b"No-Lid", b"on"]).name == "box|no-lid"


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        ("READ", "ERR wrong number of arguments for 'read' command"),
        ("READ a b", "ERR wrong number of arguments for 'read' command"),
        ("BOX", "ERR wrong number of arguments for 'box' command"),
        ("BOX OPEN", "ERR wrong number of arguments for 'box|open' command"),
        ("BOX SHUT", "ERR unknown subcommand 'SHUT'. Try BOX HELP."),
    ],
)
def test_resolving_refuses_what_does_not_fit(table: CommandTable, argv: str, error: str) -> None:
    words = argv.encode().split()
    command = table[words[0]]
    assert command is not None
    with pytest.raises((WrongArity, UnknownSubcommand)) as refused:
        command.resolve(words)
    assert str(refused.value) == error


# --- the commands there are -----------------------------------------------------------------------


def test_every_command_says_what_it_does() -> None:
    for top in TABLE.commands():
        for command in (top, *top.subcommands.values()):
            assert command.is_container or command.summary.endswith("."), command.name


def test_the_short_cut_by_word_count_agrees_with_the_arity() -> None:
    for command in TABLE.commands():
        for argc in range(1, MANY_WORDS + 1):
            may_take_it = command.usage.name.encode() in TABLE.short_cuts[argc]
            assert may_take_it == (command.accepts(argc) and command.is_plain)


def test_no_command_of_fixed_arity_has_many_words() -> None:
    assert all(command.usage.arity < MANY_WORDS for command in TABLE.commands())


def test_what_changes_the_connection_has_no_short_cut() -> None:
    names = {command.name for command in TABLE.commands() if not command.is_plain}
    assert names >= {
        "multi",
        "exec",
        "discard",
        "watch",
        "auth",
        "hello",
        "reset",
        "quit",
        "client",
    }
    assert names.isdisjoint({"get", "set", "eval", "evalsha", "ping", "hgetall"})
