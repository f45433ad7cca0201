"""Lists of ACL rules as they come, given to ferrite_lite and to redis-server: the users are equal.

Redis names single commands in the order of a hash table, which differs from run to run. Nothing
else may differ.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import hiredis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferrite_lite.acl import ACL_CATEGORIES
from ferrite_lite.acl.unserved import CATEGORIES_OF
from ferrite_lite.commands import TABLE
from ferrite_lite.engine import Engine
from ferrite_lite.resp import encode
from tests.support.servers import RealServer
from tests.support.wire import RawConnection

_EXAMPLES = int(os.environ.get("DIFFERENTIAL_EXAMPLES", "150"))

SERVED = {each.name: each for top in TABLE.commands() for each in (top, *top.subcommands.values())}


@pytest.fixture(scope="module")
def reference(redis_server: RealServer) -> Iterator[RawConnection]:
    with redis_server.connect() as connection:
        yield connection
        connection.ask("ACL", "DELUSER", "u")


@pytest.fixture(scope="module")
def known(reference: RawConnection) -> dict[str, set[str]]:
    """The commands of redis-server and the categories of each."""
    return {
        info[0]: {category[1:] for category in info[6]}
        for top in parsed(reference.ask("COMMAND"))
        for info in (top, *top[9])
    }


def parsed(reply: bytes) -> Any:
    reader = hiredis.Reader(encoding="utf-8", errors="surrogateescape")
    reader.feed(reply)
    return reader.gets()


def test_every_command_of_redis_is_known_with_its_categories(known: dict[str, set[str]]) -> None:
    """Served or not."""
    ours = {name: set(categories) for name, categories in CATEGORIES_OF.items()}
    ours |= {name: set(command.categories) for name, command in SERVED.items() if name in known}
    assert ours == known


# --- rules ----------------------------------------------------------------------------------------

_NAMES = sorted({*CATEGORIES_OF, *(name for name, c in SERVED.items() if c.since < "7.2")})

_signs = st.sampled_from("+-")
_command_rules = st.one_of(
    st.builds("{}@{}".format, _signs, st.sampled_from([*ACL_CATEGORIES, "all"])),
    st.builds("{}{}".format, _signs, st.sampled_from(_NAMES)),
    st.builds("{}{}".format, _signs, st.sampled_from(["config", "client", "acl", "get", "select"])),
    st.builds("+{}|{}".format, st.sampled_from(["select", "get", "ping"]), st.sampled_from("01a")),
    st.sampled_from(["allcommands", "nocommands"]),
)
_key_rules = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["~", "%R~", "%W~", "%RW~"]), st.sampled_from("ab*?")),
    st.sampled_from(["allkeys", "resetkeys"]),
)
_channel_rules = st.sampled_from(["&a", "&b*", "&*", "allchannels", "resetchannels"])
_selector_rules = st.one_of(_command_rules, _command_rules, _key_rules, _channel_rules)
_selectors = st.lists(_selector_rules, max_size=4).map(lambda rules: f"({' '.join(rules)})")
_user_rules = st.sampled_from(
    [
        *("on", "off", "nopass", "resetpass", ">a", ">b", "<a", "#" + "0" * 64, "!" + "0" * 64),
        *("sanitize-payload", "skip-sanitize-payload", "reset", "clearselectors", "nosuch"),
    ]
)
_rules = st.lists(st.one_of(_selector_rules, _selector_rules, _selectors, _user_rules), max_size=8)

_REQUESTS = [
    *("GET a", "SET a v", "SET b v GET", "MGET a b", "COPY a b", "RENAME a b", "SORT a STORE b"),
    *("HSET a f v", "SMEMBERS b", "EVAL return1 1 a", "SELECT 0", "SELECT 1", "PING", "PING a"),
    *("CONFIG GET x", "CONFIG SET x y", "CLIENT ID", "CLIENT KILL x", "ACL WHOAMI", "ACL LIST"),
    *("OBJECT ENCODING a", "MEMORY USAGE b", "FLUSHALL", "KEYS *", "MULTI", "AUTH a", "INFO"),
]


@settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=_rules, second=_rules)
def test_the_same_rules_make_the_same_user(
    reference: RawConnection, first: list[str], second: list[str]
) -> None:
    engine = Engine()
    ctx = engine.connect()

    def here(*words: str) -> bytes:
        return encode(engine.execute(ctx, [word.encode() for word in words]), 2)

    reference.ask("ACL", "DELUSER", "u")
    for rules in (first, second):
        request = ("ACL", "SETUSER", "u", *rules)
        assert here(*request) == reference.ask(*request)
        ours, theirs = (parsed(ask("ACL", "GETUSER", "u")) for ask in (here, reference.ask))
        assert comparable(ours) == comparable(theirs)
    for request_line in _REQUESTS:
        request = ("ACL", "DRYRUN", "u", *request_line.split())
        assert here(*request) == reference.ask(*request), request_line


def comparable(user: list[Any] | None) -> Any:
    """An answer of ACL GETUSER, its single commands in any order."""
    if user is None:
        return None
    fields = dict(zip(user[::2], user[1::2], strict=True))
    words = fields["commands"].split()
    single = {word for word in words if word[1] != "@"}
    fields["commands"] = ([word for word in words if word not in single], single)
    if "selectors" in fields:
        fields["selectors"] = [comparable(each) for each in fields["selectors"]]
    return fields
