"""The near cache of a store that blocks: a thread hears, and others validate."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
import redis

import ferrite_lite
from sessions import ConfigError, NearCache, SyncSessionStore
from sessions.near import Near
from sessions.servers.hearing import HearingThread
from sessions.servers.listening import Listener
from sessions.wsgi import KEY, Environ, WsgiSessionMiddleware
from tests.sessions.conftest import KEYS, without_rate
from tests.support import servers
from tests.support.servers import RealServer
from tests.support.wsgi import WsgiBrowser

_THREADS = 4
_user_numbers = itertools.count(1)


@pytest.fixture
def user() -> str:
    return f"near-threads-{next(_user_numbers)}"


class Pair:
    """Two stores on one server: ``near`` has a cache, and ``far`` is another process."""

    def __init__(self, near: SyncSessionStore, far: SyncSessionStore) -> None:
        self.near, self.far = near, far
        link = near.awaited._core.link
        self._send = link._send
        self.calls = 0
        link._send = self.send  # type: ignore[method-assign]  # so it is the same for all clients
        [listener] = self.listeners
        self._on_message = listener._on_message
        listener._on_message = self._hear
        self._heard: set[str] = set()

    async def send(self, words: tuple[Any, ...], options: dict[str, Any], seconds: float) -> Any:
        self.calls += 1
        return await self._send(words, options, seconds)

    @property
    def cache(self) -> Near:
        assert self.near.awaited._core.near is not None
        return self.near.awaited._core.near

    @property
    def listeners(self) -> list[Listener]:
        assert isinstance(self.cache._hearing, HearingThread)
        return list(self.cache._hearing._hearing._listeners.values())

    def is_asked(self, token: str) -> tuple[bool, Any]:
        """Whether the server was asked, and the answer."""
        before = self.calls
        found = self.near.validate(token)
        return self.calls > before, found

    def _hear(self, keys: Any) -> None:
        self._on_message(keys)
        self._heard |= {key.decode().partition("{")[2].partition("}")[0] for key in keys or ()}

    def hear_all(self) -> None:
        """Wait until all has been heard that was changed by now: messages come in their order."""
        token = self.far.create(f"near-threads-mark-{next(_user_numbers)}").token
        assert servers.wait_until(lambda: token.split(".")[1] in self._heard)

    def settle(self, token: str) -> None:
        """Validate until the answer is at hand, and stays so."""
        self.hear_all()
        self.near.validate(token)
        assert not self.is_asked(token)[0]


@pytest.fixture(params=["tcp", "redis", "valkey"])
def server(request: pytest.FixtureRequest) -> RealServer:
    names = {"tcp": "ferrite_process"}
    found: RealServer = request.getfixturevalue(names.get(request.param, f"{request.param}_server"))
    return found


@pytest.fixture
def make_pair(server: RealServer) -> Iterator[Callable[..., Pair]]:
    with ExitStack() as stack:

        def make(near_cache: NearCache | None = None, **options: Any) -> Pair:
            near, far = (
                stack.enter_context(
                    SyncSessionStore.connect(
                        server.url, without_rate(), keys=KEYS, near_cache=cache, **options
                    )
                )
                for cache in (near_cache or NearCache(max_seconds=60), None)
            )
            return Pair(near, far)

        yield make


@pytest.fixture
def pair(make_pair: Callable[..., Pair]) -> Pair:
    return make_pair()


def test_a_session_that_was_read_a_moment_ago_costs_no_round_trip(pair: Pair, user: str) -> None:
    session = pair.near.create(user, {"a": 1})
    pair.settle(session.token)
    asked, found = pair.is_asked(session.token)
    assert not asked
    assert (found.user_id, found.data) == (user, {"a": 1})


def test_what_ends_elsewhere_is_refused_as_soon_as_it_is_heard(pair: Pair, user: str) -> None:
    session = pair.near.create(user)
    pair.settle(session.token)
    pair.far.destroy(session.token)
    pair.hear_all()
    assert pair.near.validate(session.token) is None


def test_what_is_written_here_is_read_here(pair: Pair, user: str) -> None:
    session = pair.near.create(user, {"a": 0})
    for number in range(1, 20):
        pair.near.validate(session.token)
        pair.near.patch(session.token, {"a": number})
        found = pair.near.validate(session.token)
        assert found is not None
        assert found.data == {"a": number}


def test_what_ends_elsewhere_is_refused_within_the_bound_though_nothing_is_heard(
    make_pair: Callable[..., Pair], clock: ferrite_lite.ManualClock, user: str
) -> None:
    pair = make_pair(NearCache(max_seconds=2), clock=clock)
    session = pair.near.create(user)
    pair.settle(session.token)
    [listener] = pair.listeners
    listener._on_message = lambda keys: None
    pair.far.destroy(session.token)
    clock.advance(ms=2_000)
    assert pair.is_asked(session.token) == (True, None)


def test_threads_read_nothing_older_than_what_was_heard(pair: Pair, user: str) -> None:
    token = pair.near.create(user, {"a": 0}).token
    over = threading.Event()
    heard = 0

    def read() -> int:
        count = 0
        while not over.is_set():
            least = heard
            found = pair.near.validate(token)
            assert found is not None
            assert found.data["a"] >= least
            count += 1
        return count

    with ThreadPoolExecutor(_THREADS) as pool:
        reading = [pool.submit(read) for _ in range(_THREADS)]
        try:
            for number in range(1, 50):
                pair.far.patch(token, {"a": number})
                pair.hear_all()
                heard = number
        finally:
            over.set()
        assert min(each.result() for each in reading) > 0
    assert pair.cache._count == sum(map(len, pair.cache._users.values()))
    assert not pair.cache._readings


def test_a_session_is_known_while_the_store_is_down_if_that_is_wanted(
    server: RealServer, make_pair: Callable[..., Pair], user: str
) -> None:
    pair = make_pair(NearCache(max_seconds=1, stale_seconds=60))
    session = pair.near.create(user)
    pair.settle(session.token)

    async def send(words: tuple[Any, ...], options: dict[str, Any], seconds: float) -> Any:
        raise redis.ConnectionError("Connection closed by server.")

    link = pair.near.awaited._core.link
    link._send = send  # type: ignore[method-assign]  # the server is as if it were away
    pair.listeners[0]._ear = None
    found = pair.near.validate(session.token)
    assert found is not None
    assert found.is_stale


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_hears_for_itself(pair: Pair, user: str) -> None:
    session = pair.near.create(user)
    pair.settle(session.token)
    with pair.cache._changing:
        child = os.fork()
        if child == 0:
            # No assertion may leave the child: only its exit status does.
            code = 1
            try:
                is_right = pair.is_asked(session.token)[0]
                is_right &= servers.wait_until(lambda: not pair.is_asked(session.token)[0])
                pair.far.destroy(session.token)
                is_right &= servers.wait_until(lambda: not pair.cache._users)
                code = 0 if is_right and pair.near.validate(session.token) is None else 1
            finally:
                os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    pair.hear_all()
    assert pair.near.validate(session.token) is None


def test_its_thread_ends_with_the_store(server: RealServer) -> None:
    before = set(threading.enumerate())
    near_cache = NearCache()
    with SyncSessionStore.connect(server.url, without_rate(), keys=KEYS, near_cache=near_cache):
        assert not set(threading.enumerate()) <= before
    assert set(threading.enumerate()) <= before


def test_without_a_url_there_is_none(server: RealServer) -> None:
    with pytest.raises(ConfigError, match="URL"):
        SyncSessionStore.connect(near_cache=NearCache())
    with redis.Redis.from_url(server.url) as client, pytest.raises(ConfigError, match="URL"):
        SyncSessionStore.connect(client, keys=KEYS, near_cache=NearCache())


def test_a_server_that_may_not_tell_is_named(redis_server: RealServer) -> None:
    redis_server.ask("ACL", "SETUSER", "deaf", "on", "nopass", "~*", "+@all", "-client|tracking")
    url = redis_server.url.replace("redis://", "redis://deaf:any@")
    before = set(threading.enumerate())
    try:
        with pytest.raises(ConfigError, match="does not tell"):
            SyncSessionStore.connect(url, without_rate(), keys=KEYS, near_cache=NearCache())
    finally:
        redis_server.ask("ACL", "DELUSER", "deaf")
    assert set(threading.enumerate()) <= before


# --- in a WSGI application ------------------------------------------------------------------------


class Site:
    """A WSGI application over a store that was made before anything ran."""

    def __init__(self, store: SyncSessionStore[dict[str, Any]]) -> None:
        self.store = store
        self._middleware = WsgiSessionMiddleware(_tell_user, store)

    @property
    def listening(self) -> list[threading.Thread]:
        return [each for each in threading.enumerate() if each.name == "sessions near cache"]

    def read(self, token: str | None) -> tuple[int, str]:
        """The status of the answer, and who is signed in."""
        with WsgiBrowser(self._middleware) as browser:
            if token is not None:
                browser.token = token
            answer = browser.get("/")
            return answer.status_code, answer.text

    def counted(self) -> list[Any]:
        """Whatever is asked of the server from now on."""
        link, asked = self.store.awaited._core.link, list[Any]()
        send = link._send

        async def count(words: tuple[Any, ...], options: dict[str, Any], seconds: float) -> Any:
            asked.append(words)
            return await send(words, options, seconds)

        link._send = count  # type: ignore[method-assign]  # so it is the same for all clients
        return asked


def _tell_user(environ: Environ, start_response: Any) -> list[bytes]:
    answer = str(environ[KEY].user_id).encode()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [answer]


@pytest.fixture
def make_site() -> Iterator[Callable[[str], Site]]:
    with ExitStack() as stack:

        def make(url: str) -> Site:
            near_cache = NearCache(max_seconds=60)
            store: SyncSessionStore[dict[str, Any]] = SyncSessionStore.at(
                url, without_rate(), keys=KEYS, near_cache=near_cache
            )
            return Site(stack.enter_context(store))

        yield make


def test_a_wsgi_application_begins_it_with_the_first_session_that_it_reads(
    server: RealServer, make_site: Callable[[str], Site], user: str
) -> None:
    site = make_site(server.url)
    asked, before = site.counted(), site.listening
    assert site.read(None) == (200, "None")
    assert (asked, site.listening) == ([], before)
    with SyncSessionStore.connect(server.url, without_rate(), keys=KEYS) as far:
        token = far.create(user).token

        def costs_nothing() -> bool:
            count = len(asked)
            assert site.read(token) == (200, user)
            return len(asked) == count

        assert servers.wait_until(costs_nothing)
        assert len(site.listening) == len(before) + 1
        far.destroy(token)
        assert servers.wait_until(lambda: site.read(token) == (200, "None"))


def test_threads_of_a_wsgi_application_begin_it_once(
    server: RealServer, make_site: Callable[[str], Site], user: str
) -> None:
    site = make_site(server.url)
    before, token = len(site.listening), site.store.create(user).token
    with ThreadPoolExecutor(_THREADS) as pool:
        answers = list(pool.map(lambda _: site.read(token), range(2 * _THREADS)))
    assert answers == [(200, user)] * 2 * _THREADS
    assert len(site.listening) == before + 1


def test_a_wsgi_application_opens_no_session_on_a_server_that_may_not_tell(
    redis_server: RealServer, make_site: Callable[[str], Site], user: str
) -> None:
    redis_server.ask("ACL", "SETUSER", "mute", "on", "nopass", "~*", "+@all", "-client|tracking")
    try:
        site = make_site(redis_server.url.replace("redis://", "redis://mute:any@"))
        before, token = site.listening, site.store.create(user).token
        for _ in range(2):
            assert site.read(token)[0] == 500
            assert site.listening == before
        assert site.read(None) == (200, "None")
    finally:
        redis_server.ask("ACL", "DELUSER", "mute")


def test_a_wsgi_application_begins_it_though_the_server_is_not_there_yet(
    make_site: Callable[[str], Site], user: str
) -> None:
    site = make_site(f"redis://{servers.LOOPBACK}:{servers.free_port()}")
    before, (token, _) = len(site.listening), site.store.awaited._core.tokens.issue(user)
    for _ in range(2):
        assert site.read(token)[0] == 503
    assert len(site.listening) == before + 1
