"""What each error of a server, and each break of a connection, comes to: one row for each of them.

Every operation meets it once, on Redis, on Valkey, over TLS, and on a node of a cluster. Whether
callers are told, and what, stands in the row; what they were told is true.
"""

from __future__ import annotations

import gc
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from sessions import (
    ConfigError,
    RateLimit,
    RequestContext,
    SessionError,
    SessionStore,
    StoreRefused,
    StoreUnavailable,
)
from tests.sessions.conftest import KEYS, without_rate
from tests.sessions.test_faults import OPERATIONS, Scene, new_scene
from tests.support.faults import CutReply, Fault, FaultProxy, Refusal, ResetAfter, ResetBefore
from tests.support.servers import RealCluster, RealServer

CONFIG = without_rate(
    timeout_seconds=5,
    touch_interval_seconds=0,
    breaker_failures=10**6,
    create_limit_ip=RateLimit(1000),
)
#: So long is what one creation adds to the count of its network.
COUNTED_BYTES = 25

#: What the caller is told: an error, or nothing, for it was asked again.
Told = type[SessionError] | None


@dataclass(frozen=True)
class Row:
    """A fault, and what is told of it by one server and by a cluster.

    In the text of an error ``{node}`` is a node that is there.
    """

    name: str
    fault: Fault | str
    alone: Told = None
    clustered: Told = None


UNAVAILABLE, REFUSED = StoreUnavailable, StoreRefused

ROWS = [
    Row("reset before", ResetBefore()),
    Row("reset after", ResetAfter()),
    Row("reply cut", CutReply()),
    Row("no script", "NOSCRIPT No matching script. Please use EVAL."),
    Row("loading", "LOADING Redis is loading the dataset in memory"),
    Row("busy", "BUSY Redis is busy running a script. You can only call SCRIPT KILL"),
    Row("unkillable", "UNKILLABLE Sorry the script already executed write commands"),
    Row("try again", "TRYAGAIN Multiple keys request during rehashing of slot"),
    Row("master down", "MASTERDOWN Link with MASTER is down"),
    Row("cluster down", "CLUSTERDOWN The cluster is down"),
    Row("read only", "READONLY You can't write against a read only replica."),
    Row("max clients", "ERR max number of clients reached"),
    Row("moved", "MOVED 12182 {node}", ConfigError),
    Row("ask", "ASK 12182 {node}", ConfigError),
    Row("out of memory", "OOM command not allowed", UNAVAILABLE, UNAVAILABLE),
    Row("disk", "MISCONF Errors writing to the AOF file", UNAVAILABLE, UNAVAILABLE),
    Row("replicas", "NOREPLICAS Not enough good replicas", UNAVAILABLE, UNAVAILABLE),
    Row("cross slot", "CROSSSLOT Keys in request don't hash", REFUSED, REFUSED),
    Row("no auth", "NOAUTH Authentication required.", REFUSED, REFUSED),
    Row("no permission", "NOPERM this user has no permissions", REFUSED, REFUSED),
    Row("wrong type", "WRONGTYPE Operation against a key", REFUSED, REFUSED),
    Row("transaction", "EXECABORT Transaction discarded", REFUSED, REFUSED),
    Row("unknown", "ERR something that no server says", REFUSED, REFUSED),
]
#: redis-py makes a node of each address that MOVED names, and may drop it without closing it.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore:{what}:ResourceWarning")
    for what in ("Unclosed ClusterNode", "unclosed")
]
TARGETS = ["redis", "valkey", "tls", "cluster"]


@dataclass
class Faulty:
    """A store whose requests meet faults, and one on the same data whose requests do not."""

    store: SessionStore
    sound: SessionStore
    proxies: list[FaultProxy]
    node: str
    is_cluster: bool = False

    def meet(self, fault: Fault | str) -> None:
        text = fault.format(node=self.node) if isinstance(fault, str) else ""
        self.proxies[0].faults.append(Refusal(text) if isinstance(fault, str) else fault)

    async def do(self, name: str, *args: Any, **options: Any) -> Any:
        return await getattr(self.store, name)(*args, **options)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """What a server shows, and the path of the authority that has signed it."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    path = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return context, str(path)


@pytest.fixture(params=TARGETS)
async def faulty(request: pytest.FixtureRequest) -> AsyncIterator[Faulty]:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        if request.param == "cluster":
            cluster: RealCluster = request.getfixturevalue("redis_cluster")
            yield await over_cluster(cluster, enter)
            gc.collect()  # while what is said of it is ignored
            return
        name = "redis" if request.param == "tls" else request.param
        server = request.getfixturevalue(f"{name}_server")
        tls, authority = request.getfixturevalue("certificate")
        proxy = await enter(
            FaultProxy(server.host, server.port, tls if request.param == "tls" else None)
        )
        url = f"{proxy.url}?ssl_ca_certs={authority}" if request.param == "tls" else proxy.url
        stores = [
            await enter(await SessionStore.connect(each, CONFIG, keys=KEYS))
            for each in (url, server.url)
        ]
        yield Faulty(stores[0], stores[1], [proxy], f"{server.host}:{server.port}")


async def over_cluster(cluster: RealCluster, enter: Callable[[Any], Awaitable[Any]]) -> Faulty:
    """A store that reaches every node of a cluster through a proxy; the next fault is for any."""
    proxies = [await enter(FaultProxy(node.host, node.port)) for node in cluster.nodes]
    for proxy in proxies:
        proxy.faults = proxies[0].faults
    ports = {node.port: proxy.port for node, proxy in zip(cluster.nodes, proxies, strict=True)}

    def remap(address: tuple[str, int]) -> tuple[str, int]:
        return address[0], ports.get(address[1], address[1])

    options: dict[str, Any] = {"retry": Retry(NoBackoff(), 0)}
    through = await enter(
        RedisCluster(host=cluster.host, port=proxies[0].port, address_remap=remap, **options)
    )
    straight = await enter(RedisCluster(host=cluster.host, port=cluster.port))
    stores = [await SessionStore.connect(each, CONFIG, keys=KEYS) for each in (through, straight)]
    node = cluster.nodes[0]
    return Faulty(stores[0], stores[1], proxies, f"{node.host}:{node.port}", is_cluster=True)


async def outcome_of(acting: Awaitable[Any]) -> Any:
    """The answer, or the error."""
    try:
        return await acting
    except SessionError as error:
        return error


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_fault_comes_to_what_its_row_says(faulty: Faulty, row: Row) -> None:
    expected = row.clustered if faulty.is_cluster else row.alone
    for title, operation in OPERATIONS.items():
        scene: Scene = await new_scene(faulty.sound)
        faulty.meet(row.fault)
        outcome = await outcome_of(operation.act(faulty.do, scene))
        assert not faulty.proxies[0].faults, title
        if expected is None:
            assert not isinstance(outcome, SessionError), (title, outcome)
            assert await operation.is_done(scene, outcome), title
            continue
        assert type(outcome) is expected, (title, outcome)
        if isinstance(outcome, StoreUnavailable):
            # A cluster's client repeats requests by itself, and tells only of the last time.
            assert outcome.may_have_happened == faulty.is_cluster, title
        assert await operation.is_undone(scene, None), title


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_creation_counts_once_for_its_network_if_it_comes_about(
    faulty: Faulty, row: Row, user: str
) -> None:
    network = f"2001:db8:{hash(user) & 0xFFFF:x}:500::"
    core, request = faulty.sound._core, RequestContext(f"{network}1")
    key = core.atomic.network_rate_key(core.bindings.network(f"{network}1"))
    faulty.meet(row.fault)
    outcome = await outcome_of(faulty.do("create", user, request=request))
    assert not faulty.proxies[0].faults
    is_created = len(await faulty.sound.get_user_sessions(user)) == 1
    assert is_created != isinstance(outcome, SessionError)
    assert await core.link.ask("STRLEN", key) == COUNTED_BYTES * is_created


# --- TLS ------------------------------------------------------------------------------------------


async def test_a_server_with_a_certificate_of_nobody_we_know_is_asked_nothing(
    redis_server: RealServer, certificate: tuple[ssl.SSLContext, str], tmp_path: Path
) -> None:
    authority = tmp_path / "another.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    async with FaultProxy(redis_server.host, redis_server.port, certificate[0]) as proxy:
        for url in (f"{proxy.url}?ssl_ca_certs={authority}", proxy.url):
            async with await SessionStore.connect(url, CONFIG, keys=KEYS) as store:
                with pytest.raises(StoreUnavailable) as raised:
                    await store.create("alice")
                assert not raised.value.may_have_happened
        assert not proxy.asked


async def test_a_server_that_speaks_no_tls_is_unavailable(
    redis_server: RealServer, certificate: tuple[ssl.SSLContext, str]
) -> None:
    """It waits for the end of what it takes for a line."""
    url = f"rediss://{redis_server.host}:{redis_server.port}?ssl_ca_certs={certificate[1]}"
    hasty = without_rate(timeout_seconds=0.2)
    async with await SessionStore.connect(url, hasty, keys=KEYS) as store:
        with pytest.raises(StoreUnavailable):
            await store.create("alice")
