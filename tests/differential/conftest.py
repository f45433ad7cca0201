"""The two sides of the comparison.

``reference`` is redis-server, and ``newer_reference`` valkey-server. ``subject`` is ferrite_lite,
unless the environment variable DIFFERENTIAL_SUBJECT names another: ``redis-server`` (a second one,
which shows that the cases are deterministic) or ``valkey-server``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
import redis

from tests.support import servers

from .runner import Target

SUBJECTS: dict[str, Callable[[], AbstractContextManager[servers.RealServer]]] = {
    "ferrite_lite": servers.ferrite_lite,
    "redis-server": servers.redis_server,
    "valkey-server": servers.valkey_server,
}


@pytest.fixture(scope="session")
def reference(redis_server: servers.RealServer) -> Target:
    return Target("redis", redis_server.host, redis_server.port)


@pytest.fixture(scope="session")
def newer_reference(valkey_server: servers.RealServer) -> Target:
    return Target("valkey", valkey_server.host, valkey_server.port)


@pytest.fixture(scope="session")
def subject() -> Iterator[Target]:
    name = os.environ.get("DIFFERENTIAL_SUBJECT", "ferrite_lite")
    with SUBJECTS[name]() as server:
        yield Target(name, server.host, server.port)


@pytest.fixture(params=["reference", "subject"])
def target(request: pytest.FixtureRequest) -> Target:
    chosen: Target = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(params=[2, 3], ids=["RESP2", "RESP3"])
def r(target: Target, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A client, of whose types mypy knows too little."""
    client = redis.Redis(
        host=target.host, port=target.port, protocol=request.param, decode_responses=True
    )
    client.flushall()
    yield client
    client.flushall()
    client.close()
