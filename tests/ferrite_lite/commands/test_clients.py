from __future__ import annotations

import pytest

from ferrite_lite.clock import ManualClock
from ferrite_lite.context import Context, Peer
from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run, runner

OK = b"+OK\r\n"
SYNTAX = b"-ERR syntax error\r\n"


class Client:
    """A connection with an address, which writes down that it was closed."""

    def __init__(self, engine: Engine, port: int) -> None:
        self.ctx: Context = engine.connect(Peer(f"10.0.0.1:{port}", "10.0.0.9:6379", fd=port))
        self.ctx.close = self._close
        self.run: Run = runner(engine, self.ctx)
        self.is_closed = False

    def _close(self) -> None:
        self.is_closed = True

    @property
    def is_gone(self) -> bool:
        """Whether no request of it is run any more."""
        return self.run("PING") == b""


@pytest.fixture
def me(engine: Engine) -> Client:
    return Client(engine, 5001)


@pytest.fixture
def friend(engine: Engine, me: Client) -> Client:
    return Client(engine, 5002)


@pytest.fixture
def stranger(engine: Engine, friend: Client) -> Client:
    return Client(engine, 5003)


def lines(reply: bytes) -> list[dict[str, str]]:
    """The fields of each line of CLIENT LIST."""
    _, _, text = reply.decode().partition("\r\n")
    rows = text.removesuffix("\r\n").splitlines()
    return [dict(field.split("=", 1) for field in row.split(" ")) for row in rows]


# --- CLIENT INFO and LIST -------------------------------------------------------------------------


def test_client_info_describes_this_connection(me: Client, clock: ManualClock) -> None:
    me.run("CLIENT", "SETNAME", "me")
    me.run("CLIENT", "SETINFO", "LIB-NAME", "redis-py")
    me.run("SELECT", 3)
    clock.advance(seconds=7)
    (line,) = lines(me.run("CLIENT", "INFO"))
    expected = {
        "id": "1",
        "addr": "10.0.0.1:5001",
        "laddr": "10.0.0.9:6379",
        "fd": "5001",
        "name": "me",
        "age": "7",
        "flags": "N",
        "db": "3",
        "multi": "-1",
        "cmd": "client|info",
        "user": "default",
        "resp": "2",
        "lib-name": "redis-py",
        "lib-ver": "",
    }
    assert {name: line[name] for name in expected} == expected


def test_it_is_text_for_people_in_resp3(me: Client) -> None:
    me.run("HELLO", 3)
    assert me.run("CLIENT", "INFO").startswith(b"=")
    assert me.run("CLIENT", "LIST").partition(b"\r\n")[2].startswith(b"txt:id=1 ")


def test_client_list_has_a_line_for_everybody(me: Client, friend: Client) -> None:
    assert [line["id"] for line in lines(me.run("CLIENT", "LIST"))] == ["1", "2"]


def test_a_client_that_has_said_nothing_has_run_nothing(me: Client, friend: Client) -> None:
    assert [line["cmd"] for line in lines(me.run("CLIENT", "LIST"))] == ["client|list", "NULL"]


def test_client_list_by_id_keeps_the_order_that_was_asked_for(
    me: Client, friend: Client, stranger: Client
) -> None:
    found = lines(me.run("CLIENT", "LIST", "ID", 3, 1, 99))
    assert [line["id"] for line in found] == ["3", "1"]


@pytest.mark.parametrize(("kind", "count"), [("normal", 2), ("NORMAL", 2), ("pubsub", 0)])
def test_client_list_by_type(me: Client, friend: Client, kind: str, count: int) -> None:
    assert len(lines(me.run("CLIENT", "LIST", "TYPE", kind))) == count


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (("TYPE", "nope"), b"-ERR Unknown client type 'nope'\r\n"),
        (("TYPE",), SYNTAX),
        (("TYPE", "normal", "x"), SYNTAX),
        (("ID",), SYNTAX),
        (("ID", "x"), b"-ERR Invalid client ID\r\n"),
        (("COLOUR", "red"), SYNTAX),
    ],
)
def test_client_list_refuses_what_it_does_not_know(
    me: Client, words: tuple[str, ...], reply: bytes
) -> None:
    assert me.run("CLIENT", "LIST", *words) == reply


def test_flags_tell_of_a_transaction_a_broken_watch_and_no_eviction(
    me: Client, friend: Client
) -> None:
    friend.run("WATCH", "a")
    me.run("SET", "a", 1)
    friend.run("MULTI")
    friend.run("PING")
    friend.run("PING")
    (line,) = lines(me.run("CLIENT", "LIST", "ID", friend.ctx.id))
    # What will not be run is not kept.
    assert (line["flags"], line["multi"]) == ("xd", "0")
    me.run("CLIENT", "NO-EVICT", "ON")
    assert lines(me.run("CLIENT", "INFO"))[0]["flags"] == "e"


def test_tracking_and_what_is_queued_are_told(me: Client, friend: Client) -> None:
    me.run("CLIENT", "TRACKING", "ON", "BCAST", "REDIRECT", friend.ctx.id)
    me.run("MULTI")
    me.run("SET", "key", "value")
    (line,) = lines(friend.run("CLIENT", "LIST", "ID", me.ctx.id))
    assert (line["flags"], line["redir"]) == ("xtB", str(friend.ctx.id))
    assert (line["multi"], line["multi-mem"]) == ("1", "35")


# --- CLIENT KILL ----------------------------------------------------------------------------------


def test_the_old_form_names_an_address_and_answers_ok(me: Client, friend: Client) -> None:
    assert me.run("CLIENT", "KILL", "10.0.0.1:5002") == OK
    assert friend.is_closed
    assert friend.is_gone
    assert me.run("CLIENT", "KILL", "10.0.0.1:9999") == b"-ERR No such client\r\n"


def test_the_killed_are_no_longer_listed(me: Client, friend: Client) -> None:
    me.run("CLIENT", "KILL", "ID", friend.ctx.id)
    assert [line["id"] for line in lines(me.run("CLIENT", "LIST"))] == [str(me.ctx.id)]
    assert me.run("CLIENT", "KILL", "ID", friend.ctx.id) == b":0\r\n"


def test_the_old_form_may_kill_oneself_and_is_answered_first(me: Client) -> None:
    assert me.run("CLIENT", "KILL", "10.0.0.1:5001") == OK
    assert me.is_gone
    assert not me.is_closed  # the transport closes when the reply has gone out


@pytest.mark.parametrize(
    ("filters", "killed"),
    [
        ("ID 2", {2}),
        ("ID 99", set()),
        ("ID 1", set()),
        ("ID 1 SKIPME no", {1}),
        ("ADDR 10.0.0.1:5003", {3}),
        ("LADDR 10.0.0.9:6379", {2, 3}),
        ("LADDR 10.0.0.9:6379 ADDR 10.0.0.1:5002", {2}),
        ("USER default", {2, 3}),
        ("TYPE normal", {2, 3}),
        ("TYPE normal SKIPME NO", {1, 2, 3}),
        ("TYPE pubsub", set()),
        ("TYPE replica SKIPME yes", set()),
        ("id 3 skipme yes", {3}),
        ("ID 2 3 99", {2, 3}),
        ("ID 1 2", {2}),
        ("NOT-ID 1 2", {3}),
        ("TYPE normal ID 2 3 ADDR 10.0.0.1:5003", {3}),
        ("ID 2 ID 3", {3}),
        ("TYPE pubsub TYPE normal ID 2", {2}),
        ("MAXAGE 5", {2}),
        ("MAXAGE 6", set()),
        ("MAXAGE 5 SKIPME no", {1, 2}),
    ],
)
def test_filters_choose_who_is_killed_and_the_reply_counts_them(
    me: Client,
    friend: Client,
    stranger: Client,
    filters: str,
    killed: set[int],
    clock: ManualClock,
) -> None:
    stranger.ctx.created_ms += 1000
    clock.advance(ms=5999)
    assert me.run("CLIENT", "KILL", *filters.split()) == b":%d\r\n" % len(killed)
    everybody = (me, friend, stranger)
    assert {client.ctx.id for client in everybody if client.is_gone} == killed


@pytest.mark.parametrize(
    ("filters", "reply"),
    [
        ("ID x", b"-ERR client-id should be greater than 0\r\n"),
        ("ID 0", b"-ERR client-id should be greater than 0\r\n"),
        ("ID -5", b"-ERR client-id should be greater than 0\r\n"),
        ("TYPE nope", b"-ERR Unknown client type 'nope'\r\n"),
        ("USER alice", b"-ERR No such user 'alice'\r\n"),
        ("SKIPME perhaps", SYNTAX),
        ("MAXAGE x", b"-ERR maxage is not an integer or out of range\r\n"),
        ("MAXAGE 0", b"-ERR maxage should be greater than 0\r\n"),
        ("ID 2 SKIPME", SYNTAX),
        ("ID 2 0", SYNTAX),
        ("TYPE nope SKIPME", b"-ERR Unknown client type 'nope'\r\n"),
        ("COLOUR red", SYNTAX),
    ],
)
def test_a_bad_filter_kills_nobody(me: Client, friend: Client, filters: str, reply: bytes) -> None:
    assert me.run("CLIENT", "KILL", *filters.split()) == reply
    assert not friend.is_gone


def test_a_killed_client_s_transaction_never_runs(me: Client, friend: Client) -> None:
    friend.run("MULTI")
    friend.run("SET", "a", 1)
    me.run("CLIENT", "KILL", "ID", friend.ctx.id)
    assert friend.run("EXEC") == b""
    assert me.run("EXISTS", "a") == b":0\r\n"
