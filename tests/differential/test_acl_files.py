"""ACL LOAD and SAVE, beside a redis-server that has the same file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ferrite_lite.config import Config
from ferrite_lite.context import Context
from ferrite_lite.engine import Engine
from ferrite_lite.resp import encode
from tests.support import servers
from tests.support.wire import RawConnection

pytestmark = pytest.mark.usefixtures("redis_server")  # left out where there is none

#: Without a selector that is not closed: at that, redis-server stops for ever.
FILES = {
    "nothing": b"",
    "blank lines": b"\n  \n\t\r\n",
    "one user": b"user alice on >pw ~a* &b +get\n",
    "no newline at the end": b"user alice on",
    "DOS lines": b"user alice on\r\nuser bob off\r\n",
    "spaces around and between": b"  user  alice   on  +get  \n",
    "a space for a name": b"user  on\n",
    "the default user": b"user default on >pw ~* &* +@all\nuser alice on +get\n",
    "the default user in another case": b"user DEFAULT on\n",
    "selectors": b"user alice on (+get ~a) (+set ~b) (%R~c +@read )\n",
    "only a user": b"user\n",
    "no user": b"alice on\n",
    "the word in capitals": b"USER alice on\n",
    "a comment": b"# users\nuser alice on\n",
    "quotes": b'user alice on >"a b"\n',
    "the same user twice": b"user alice on\nuser bob on\nuser alice off\n",
    "an unknown rule": b"user alice on nosuch\n",
    "an unknown command": b"user alice on +nosuch +get -nosuchtoo\n",
    "an unknown category": b"user alice +@nosuch\n",
    "a name with a tab": b"user al\tice on\n",
    "several faults in a line": b"user alice nosuch +nosuch another #abc ~* ~a\n",
    "several faulty lines": b"user alice nosuch\nfoo\nuser bob +nosuch\nuser alice on\n",
    "a fault behind a user": b"user alice on nosuch\nuser carol on nopass\n",
    "a tab behind a rule": b"user alice on\t +get\t\n",
    "a pattern after all": b"user alice ~* ~b\n",
    "a command with a first word": b"user alice +select|0 -@all +select|1\n",
    "a reset": b"user alice on >pw +@all reset\n",
}


@dataclass
class Side:
    """A server, and the directory that its ACL file is in."""

    connection: RawConnection | tuple[Engine, Context]
    path: Path

    def ask(self, *words: str) -> bytes:
        if isinstance(self.connection, RawConnection):
            reply = self.connection.ask(*words)
        else:
            engine, ctx = self.connection
            reply = encode(engine.execute(ctx, [word.encode() for word in words]), 2)
        return reply.replace(bytes(self.path), b"FILE")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    path = tmp_path_factory.mktemp("reference") / "users.acl"
    path.write_bytes(b"")
    with servers.redis_server("--aclfile", str(path)) as server, server.connect() as connection:
        yield Side(connection, path)


@pytest.fixture
def ours(tmp_path: Path) -> Side:
    path = tmp_path / "users.acl"
    engine = Engine(config=Config(aclfile=str(path)))
    return Side((engine, engine.connect()), path)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_as_redis_reads_it(name: str, theirs: Side, ours: Side) -> None:
    transcripts = []
    for side in (theirs, ours):
        side.path.write_bytes(b"user before on\n")
        assert side.ask("ACL", "LOAD") == b"+OK\r\n"
        side.path.write_bytes(FILES[name])
        transcripts.append([side.ask("ACL", "LOAD"), side.ask("ACL", "LIST")])
        side.ask("ACL", "SETUSER", "default", "on", "nopass", "~*", "&*", "+@all")
    assert transcripts[1] == transcripts[0]


def test_what_is_saved_is_what_redis_saves_and_loads_again(theirs: Side, ours: Side) -> None:
    saved = []
    for side in (theirs, ours):
        side.path.write_bytes(b"")
        assert side.ask("ACL", "LOAD") == b"+OK\r\n"
        for rules in ("b on >pw ~a +get (+set ~b)", "a off", "c nopass skip-sanitize-payload"):
            assert side.ask("ACL", "SETUSER", *rules.split()) == b"+OK\r\n"
        assert side.ask("ACL", "SAVE") == b"+OK\r\n"
        saved.append(side.path.read_bytes())
        users = side.ask("ACL", "LIST")
        assert side.ask("ACL", "LOAD") == b"+OK\r\n"
        assert side.ask("ACL", "LIST") == users
    assert saved[1] == saved[0]


def test_a_file_that_is_not_there_is_told_as_redis_does(theirs: Side, ours: Side) -> None:
    replies = []
    for side in (theirs, ours):
        side.path.unlink(missing_ok=True)
        replies.append(side.ask("ACL", "LOAD"))
    assert replies[1] == replies[0]


def test_a_file_that_cannot_be_written_is_told_as_redis_does(theirs: Side, ours: Side) -> None:
    replies = []
    for side in (theirs, ours):
        side.path.unlink(missing_ok=True)
        side.path.mkdir()
        replies.append(side.ask("ACL", "SAVE"))
        assert [each.name for each in side.path.parent.iterdir() if "tmp" in each.name] == []
        side.path.rmdir()
    assert replies[1] == replies[0]
