from __future__ import annotations

import pytest

from ferrite_lite.usagetree import Argument, read_arguments


def shown(argument: Argument) -> str:
    """A tree in one line: ``name:type`` with its token and flags, parts in brackets."""
    text = f"{argument.name}:{argument.type}"
    if argument.token:
        text = f"{argument.token} {text}"
    if argument.flags:
        text += f" {'+'.join(argument.flags)}"
    if argument.arguments:
        text += f" ({', '.join(map(shown, argument.arguments))})"
    return text


@pytest.mark.parametrize(
    ("line", "tree"),
    [
        ("PING", []),
        ("CONFIG RESETSTAT", []),
        ("GET key", ["key:key"]),
        ("DEL key [key ...]", ["key:key multiple"]),
        ("EVAL numkeys [key [key ...]]", ["numkeys:integer", "key:key optional+multiple"]),
        ("INCRBY key increment", ["key:key", "increment:integer"]),
        ("INCRBYFLOAT key increment", ["key:key", "increment:double"]),
        ("SCAN cursor [TYPE type]", ["cursor:integer", "TYPE type:string optional"]),
        (
            "COPY source destination [REPLACE]",
            ["source:key", "destination:key", "REPLACE replace:pure-token optional"],
        ),
        (
            "SORT key [LIMIT offset count] [GET pattern [GET pattern ...]]",
            [
                "key:key",
                "LIMIT offset_count:block optional (offset:integer, count:integer)",
                "GET pattern:pattern optional+multiple+multiple_token",
            ],
        ),
        (
            "MSET key value [key value ...]",
            ["key_value:block multiple (key:key, value:string)"],
        ),
        (
            "GETEX key [EX seconds | PERSIST]",
            [
                "key:key",
                "expiration:oneof optional (EX seconds:integer, PERSIST persist:pure-token)",
            ],
        ),
        (
            "CLIENT LIST [TYPE NORMAL | PUBSUB]",
            [
                "TYPE normal_pubsub:oneof optional"
                " (NORMAL normal:pure-token, PUBSUB pubsub:pure-token)"
            ],
        ),
        (
            "X <ON | OFF>",
            ["enabled:oneof (ON on:pure-token, OFF off:pure-token)"],
        ),
        (
            "X key FIELDS numfields field value [field value ...]",
            [
                "key:key",
                "FIELDS fields:block (numfields:integer,"
                " field_value:block multiple (field:string, value:string))",
            ],
        ),
        (
            "X key FIELDS numfields field [field ...] [Y]",
            [
                "key:key",
                "FIELDS fields:block (numfields:integer, field:string multiple)",
                "Y y:pure-token optional",
            ],
        ),
        ("X [a [B]]", ["a_b:block optional (a:string, B b:pure-token optional)"]),
        ("X <a> ...", ["a:string multiple"]),
    ],
)
def test_a_usage_line_tells_the_arguments(line: str, tree: list[str]) -> None:
    assert [*map(shown, read_arguments(line))] == tree
