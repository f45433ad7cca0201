"""The compatibility cases of ``cts.json``: commands and the replies that a Redis gives to them.

The data are resp-compatibility's, under the MIT licence beside them.
"""

from __future__ import annotations

import json
import shlex
from functools import partial
from pathlib import Path
from typing import Any

import hiredis

from tests.support.servers import RealServer
from tests.support.wire import ConnectionClosed, RawConnection

from .outcomes import Outcome, Outcomes, Suite, Tick

DEFAULT_PATH = Path(__file__).with_name("cts.json")


def suites(path: Path) -> list[Suite]:
    return [suite([case for case in json.loads(path.read_text()) if not case.get("skipped")])]


def suite(cases: list[dict[str, Any]]) -> Suite:
    return Suite("cts", partial(_run, _named(cases)))


def _named(cases: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The cases by names of their own: several of them share one."""
    named: dict[str, dict[str, Any]] = {}
    for case in cases:
        tag = f" ({case['tags']})" if "tags" in case else ""
        name, number = case["name"] + tag, 2
        while name in named:
            name, number = f"{case['name']}{tag} {number}", number + 1
        named[name] = case
    return named


def _run(
    cases: dict[str, dict[str, Any]],
    server: RealServer,
    names: frozenset[str] | None,
    tick: Tick,
) -> Outcomes:
    outcomes: Outcomes = {}
    for name, case in cases.items():
        if names is None or name in names:
            outcomes[name] = _play(case, server)
            tick()
    return outcomes


def _play(case: dict[str, Any], server: RealServer) -> Outcome:
    server.flush()
    requests = [words_of(line, is_binary="command_binary" in case) for line in case["command"]]
    commands = frozenset(words[0].decode().lower() for words in requests)
    with server.connect() as connection:
        for words, expected in zip(requests, case["result"], strict=False):
            got = _ask(connection, words)
            if comparable(got, case) != comparable(expected, case):
                said = f"{b' '.join(words)!r}: {got!r} is not {expected!r}"
                return Outcome(False, commands, said)
    return Outcome(True, commands)


def words_of(line: str, *, is_binary: bool) -> list[bytes]:
    """The words of a request; those of a binary one are written with escapes."""
    if is_binary:
        escaped = [word.encode().decode("unicode_escape") for word in line.split(" ")]
        return [word.encode("latin-1") for word in escaped]
    return [word.encode() for word in shlex.split(line)]


def _ask(connection: RawConnection, words: list[bytes]) -> Any:
    reader = hiredis.Reader(encoding="utf-8", errors="replace")
    try:
        reader.feed(connection.ask(*words))
    except (ConnectionClosed, TimeoutError) as problem:
        return repr(problem)
    reply = reader.gets()
    return repr(reply) if isinstance(reply, hiredis.ReplyError) else reply


def comparable(reply: Any, case: dict[str, Any]) -> Any:
    if case.get("sort_result") and isinstance(reply, list):
        return sorted(reply, key=str)
    return reply
