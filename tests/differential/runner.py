"""Play a case to a server, and lay what two servers answered side by side."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.support.wire import ConnectionClosed, RawConnection, encode

from .replies import same
from .script import Case, Step, read_step

PROTOCOLS = (2, 3)

#: Sent on each connection when the case is over: a reply too many shows here at the latest.
_LAST_WORD = read_step("ECHO end-of-case")
#: What a connection may answer to it, whatever state the case left it in.
_LAST_REPLIES = (
    *(b"$11\r\nend-of-case\r\n", b"+QUEUED\r\n"),
    *(b"-ERR Can't execute", b"-NOAUTH", b"-NOPERM"),
)

#: How PING is answered, also while there are subscriptions.
_PONGS = (b"+PONG\r\n", b"*2\r\n$4\r\npong\r\n")

#: A busy machine answers in time, and a run does not take hours if a server has stopped answering.
_TIMEOUT_SECONDS = 20.0
_WAITING = "still waiting"
#: The default user's rules.
_FREE = ("on", "nopass", "clearselectors", "allkeys", "allchannels", "allcommands")
_BULK = re.compile(rb"\$\d+\r\n([^\r]*)\r\n")
_SHOWN_BYTES = 400
_IDS = frozenset({b"@first", b"@other"})


@dataclass(frozen=True)
class Target:
    """A server that cases are played to, over TCP."""

    name: str
    host: str
    port: int
    timeout_seconds: float = _TIMEOUT_SECONDS

    def connect(self, protocol: int) -> RawConnection:
        connection = RawConnection((self.host, self.port), self.timeout_seconds)
        if protocol != 2:
            connection.ask("HELLO", protocol)
        return connection


@dataclass(frozen=True)
class Exchange:
    """A step and all that came back; ``end`` says why no more came: closed, still waiting..."""

    step: Step
    reply: bytes
    end: str = ""

    def agrees_with(self, other: Exchange) -> bool:
        return self.end == other.end and same(self.step, self.reply, other.reply)

    def __str__(self) -> str:
        shown = self.reply[:_SHOWN_BYTES]
        text = repr(shown)[2:-1].replace(r"\r\n", " ")
        if len(self.reply) > _SHOWN_BYTES:
            text += f"... {len(self.reply)} bytes"
        return text + (f" <{self.end}>" if self.end else "")


def play(target: Target, case: Case, protocol: int) -> list[Exchange]:
    """Play a case to a server without data; its connections are new, and closed afterwards."""
    with target.connect(2) as connection:
        connection.ask("FLUSHALL")
        connection.ask("CONFIG", "SET", "notify-keyspace-events", "")
        connection.ask("SCRIPT", "FLUSH")
        _forget_users(connection)
    connections: dict[str, RawConnection] = {}
    try:
        return list(_play(target, case, protocol, connections))
    finally:
        for connection in connections.values():
            connection.close()
        # The server may be shared with tests that expect nobody else there.
        with target.connect(2) as connection:
            _forget_users(connection)


def _forget_users(connection: RawConnection) -> None:
    """Leave the default user alone, as it was at first, and nothing in ACL LOG."""
    connection.ask("ACL", "LOG", "RESET")
    connection.ask("ACL", "SETUSER", "default", *_FREE)
    others = _BULK.findall(connection.ask("ACL", "USERS"))
    if others != [b"default"]:
        connection.ask("ACL", "DELUSER", *(name for name in others if name != b"default"))


def _play(
    target: Target, case: Case, protocol: int, connections: dict[str, RawConnection]
) -> Iterator[Exchange]:
    ids: dict[RawConnection, bytes] = {}
    for step in case.steps:
        if step.connection not in connections:
            connections[step.connection] = target.connect(protocol)
        exchange = _take_step(connections[step.connection], _with_ids(step, connections, ids))
        yield exchange
        if exchange.end:
            connections.pop(step.connection).close()
        if exchange.end == _WAITING:
            return
    for connection in connections.values():
        yield _take_step(connection, _LAST_WORD)


def _with_ids(
    step: Step, connections: dict[str, RawConnection], ids: dict[RawConnection, bytes]
) -> Step:
    """The step with the ids of the connections that it names, which are there already."""
    words = [
        _id_of(connections[word[1:].decode()], ids) if word in _IDS else word for word in step.words
    ]
    return replace(step, words=words)


def _id_of(connection: RawConnection, ids: dict[RawConnection, bytes]) -> bytes:
    """Asked for once: later the connection may not answer."""
    if connection not in ids:
        ids[connection] = connection.ask("CLIENT", "ID")[1:-2]
    return ids[connection]


def _take_step(connection: RawConnection, step: Step) -> Exchange:
    # The clock of a real server cannot be moved: a few cases have to wait for it.
    time.sleep(step.numbers.get("after", 0) / 1000)
    connection.send(b"".join(step.words) if "raw" in step.flags else encode(*step.words))
    replies: list[bytes] = []
    try:
        if "closes" in step.flags:
            return Exchange(step, connection.read_until_closed(), "closed")
        replies.extend(connection.read_reply() for _ in range(step.numbers.get("replies", 1)))
        while "told" in step.flags and not replies[-1].startswith(_PONGS):
            replies.append(connection.read_reply())
    except ConnectionClosed as closed:
        return Exchange(step, b"".join(replies) + closed.received, "closed")
    except TimeoutError:
        return Exchange(step, b"".join(replies) + connection.received(), _WAITING)
    except ValueError:
        return Exchange(step, b"".join(replies) + connection.received(), "not RESP")
    return Exchange(step, b"".join(replies))


def differences(case: Case, reference: Target, subject: Target) -> str:
    """Both transcripts of a case where they differ, in RESP2 or in RESP3; empty if they agree."""
    transcripts = []
    for protocol in PROTOCOLS:
        theirs = play(reference, case, protocol)
        _check_last_word(case, theirs)
        ours = play(subject, case, protocol)
        if len(theirs) != len(ours) or not all(map(Exchange.agrees_with, ours, theirs)):
            title = f"{case}  [RESP{protocol}]"
            transcripts.append("\n".join([title, *_side_by_side(reference, theirs, subject, ours)]))
    return "\n\n".join(transcripts)


def _check_last_word(case: Case, theirs: list[Exchange]) -> None:
    """A case that reads too few or too many replies is written wrongly."""
    for exchange in theirs:
        if exchange.step is _LAST_WORD and not exchange.reply.startswith(_LAST_REPLIES):
            raise AssertionError(f"{case}: a reply that no step has read: {exchange}")
        if exchange.end in {_WAITING, "not RESP"}:
            raise AssertionError(f"{case}: {exchange.step.line}: the reference gave {exchange}")


def _side_by_side(
    reference: Target, theirs: list[Exchange], subject: Target, ours: list[Exchange]
) -> Iterator[str]:
    width = max(len(reference.name), len(subject.name))
    for their, our in zip(theirs, ours, strict=False):
        yield f"  {'   ' if our.agrees_with(their) else '!! '}{their.step.line[:_SHOWN_BYTES]}"
        yield f"       {reference.name:{width}}  {their}"
        yield f"       {subject.name:{width}}  {our}"
