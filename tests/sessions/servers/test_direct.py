"""Scripts on connections of their own: whose reply is whose, whatever happens to a connection."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from sessions.servers.direct import DirectClient
from tests.support.servers import RealServer

ECHO = "return ARGV[1]"

MakeClient = Callable[..., DirectClient]


@pytest.fixture
def make_client(redis_server: RealServer) -> Iterator[MakeClient]:
    made: list[DirectClient] = []

    def make(most: int = 4, patience_seconds: float = 5) -> DirectClient:
        pool = redis.BlockingConnectionPool.from_url(
            redis_server.url, max_connections=most, timeout=patience_seconds
        )
        client = DirectClient.from_pool(pool)
        assert isinstance(client, DirectClient)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> DirectClient:
    return make_client()


def echo(client: DirectClient, text: str) -> Any:
    return client.execute_command("EVAL", ECHO, 0, text)


def connections_of(client: DirectClient) -> int:
    return len(client._idle)


def test_a_script_is_answered_and_its_connection_used_again(client: DirectClient) -> None:
    assert [echo(client, text) for text in ("a", "b", "c")] == [b"a", b"b", b"c"]
    assert connections_of(client) == 1
    assert client.ping()
    assert client.info("server")["redis_version"]


def test_an_error_reply_costs_no_connection(client: DirectClient) -> None:
    with pytest.raises(redis.exceptions.NoScriptError):
        client.execute_command("EVALSHA", "0" * 40, 0)
    (connection,) = client._idle
    assert connection._sock is not None
    assert echo(client, "a") == b"a"


def test_threads_get_their_own_replies(client: DirectClient) -> None:
    def many(name: int) -> bool:
        return all(echo(client, f"{name}-{at}") == f"{name}-{at}".encode() for at in range(50))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(many, range(8)))
    assert connections_of(client) <= 4


def test_a_reply_that_was_not_waited_for_is_nobody_elses(
    client: DirectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo(client, "warm")
    (connection,) = client._idle

    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(connection, "read_response", interrupted)
        with pytest.raises(KeyboardInterrupt):
            echo(client, "of somebody")
    assert echo(client, "of somebody else") == b"of somebody else"


def test_a_connection_that_the_server_has_closed_opens_again(
    client: DirectClient, redis_server: RealServer
) -> None:
    echo(client, "a")
    with redis.Redis.from_url(redis_server.url) as other:
        other.client_kill_filter(_type="normal", skipme=True)
    with pytest.raises(redis.ConnectionError):
        echo(client, "b")
    assert echo(client, "c") == b"c"


def test_idle_connections_can_be_dropped(client: DirectClient) -> None:
    echo(client, "a")
    client.drop_idle_connections()
    (connection,) = client._idle
    assert connection._sock is None
    assert echo(client, "b") == b"b"


def test_who_waits_for_a_connection_waits_in_bounds(make_client: MakeClient) -> None:
    client = make_client(1, patience_seconds=0.01)
    with (
        client._connection(),
        pytest.raises(redis.ConnectionError, match="no connection became free"),
    ):
        echo(client, "a")
    assert echo(client, "b") == b"b"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_does_not_speak_on_its_parents_sockets(client: DirectClient) -> None:
    echo(client, "parent")
    child = os.fork()
    if child == 0:
        # No assertion may leave the child: only its exit status does.
        is_right = connections_of(client) == 0 and echo(client, "child") == b"child"
        os._exit(0 if is_right else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert connections_of(client) == 1
    assert echo(client, "parent again") == b"parent again"


def test_a_thread_that_waits_gets_the_connection_that_becomes_free(
    make_client: MakeClient,
) -> None:
    client = make_client(1)
    answers: list[Any] = []
    waiting = threading.Thread(target=lambda: answers.append(echo(client, "late")))
    with client._connection():
        waiting.start()
    waiting.join(timeout=10)
    assert answers == [b"late"]
