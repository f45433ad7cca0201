"""CLIENT LIST tells of a connection what Redis tells, whatever state it is in."""

from __future__ import annotations

import re

import pytest

from tests.support.wire import RawConnection, encode

from .runner import PROTOCOLS, Target
from .script import split_words

#: What depends on the moment, or on buffers that are not kept here.
NOT_COMPARED = frozenset(
    {
        *("id", "addr", "laddr", "fd", "age", "idle", "redir"),
        *("qbuf-free", "rbs", "rbp", "tot-mem", "lib-name", "lib-ver"),
    }
)

_SIZES = re.compile(rb" (?:qbuf|argv-mem|cmd)=\S+")

#: What a connection does.
STATES = {
    "new": [],
    "named": ["CLIENT SETNAME me", "SELECT 3", "GET k"],
    "subscribed": ["SUBSCRIBE a", "PSUBSCRIBE p*", "SSUBSCRIBE s"],
    "in a transaction": ["WATCH k", "MULTI", "SET k value", "PING"],
    "watching what has changed": ["WATCH k", "SET k v", "MULTI"],
    "queueing for nothing, after an error": ["MULTI", "PING", "GET", "PING", "SET k v"],
    "queueing for nothing, after a change": ["WATCH k", "SET k v", "MULTI", "PING"],
    "not to be evicted": ["CLIENT NO-EVICT ON"],
    "tracking": ["CLIENT TRACKING ON", "GET k"],
    "tracking prefixes": ["CLIENT TRACKING ON BCAST PREFIX a"],
    "a user's": ["ACL SETUSER alice on nopass +@all", "AUTH alice x"],
    "monitoring": ["MONITOR"],
    "back from a script": ["EVAL \"return redis.call('GET', 'k')\" 0"],
    "back from a transaction": ["MULTI", "PING", "EXEC"],
    "refused, for there is no such command": ["GET k", "NOSUCH"],
    "refused, for there is no such subcommand": ["GET k", "CLIENT NOSUCH"],
    "refused first of all": ["NOSUCH"],
    "reset": ["CLIENT NO-EVICT ON", "MULTI", "RESET"],
    "refused": ["CONFIG SET maxmemory x"],
    "refused for its arguments": ["CONFIG SET maxmemory"],
}


def line_of(target: Target, steps: list[str], protocol: int) -> dict[str, str]:
    """The fields of a connection that has taken these steps, as another connection sees them."""
    with target.connect(protocol) as subject, target.connect(2) as observer:
        number = subject.ask("CLIENT", "ID")[1:-2].decode()
        for step in steps:
            subject.ask(*split_words(step))
        found = fields(observer, "CLIENT", "LIST", "ID", number)
        observer.ask("ACL", "DELUSER", "alice")
        return found


def fields(connection: RawConnection, *request: str) -> dict[str, str]:
    _, _, line = connection.ask(*request).decode().partition("\r\n")
    found = dict(field.split("=", 1) for field in line.removeprefix("txt:").split())
    return {name: value for name, value in found.items() if name not in NOT_COMPARED}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("state", STATES)
def test_a_line_of_client_list_is_redis_s(
    state: str, protocol: int, reference: Target, subject: Target
) -> None:
    steps = STATES[state]
    assert line_of(subject, steps, protocol) == line_of(reference, steps, protocol)


def test_a_redirection_is_told_with_who_it_leads_to(reference: Target, subject: Target) -> None:
    for target in (reference, subject):
        with target.connect(3) as first, target.connect(2) as other:
            number = other.ask("CLIENT", "ID")[1:-2]
            first.ask("CLIENT", "TRACKING", "ON", "REDIRECT", number)
            assert b" redir=%b " % number in first.ask("CLIENT", "INFO")


def test_the_bytes_of_the_running_request_are_told(reference: Target, subject: Target) -> None:
    told = []
    for target in (reference, subject):
        with target.connect(2) as connection:
            connection.send(encode("CLIENT", "INFO") * 2)
            told.append([_SIZES.findall(connection.read_reply()) for _ in range(2)])
    assert told[0] == told[1]


def test_a_transaction_that_runs_is_seen_from_inside_it(reference: Target, subject: Target) -> None:
    told = []
    for target in (reference, subject):
        with target.connect(2) as connection:
            for request in ("MULTI", "PING", "CLIENT INFO"):
                connection.ask(*split_words(request))
            words = connection.ask("EXEC").decode().split()
            seen = dict(word.split("=", 1) for word in words if "=" in word)
            told.append({name: seen[name] for name in ("flags", "multi", "argv-mem", "cmd")})
    assert told[0] == told[1]
    assert told[0]["cmd"] == "exec"
