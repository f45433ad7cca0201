"""The two sides of the comparison.

``reference`` is redis-server, and ``newer_reference`` valkey-server. ``subject`` is ferrite_lite,
unless the environment variable DIFFERENTIAL_SUBJECT names another: ``redis-server`` (a second one,
which shows that the cases are deterministic) or ``valkey-server``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

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
