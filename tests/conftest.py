"""The real servers, one of each for a test run, started when the first test asks.

A test that needs redis-server where there is none is left out, which the summary says in one line;
where the environment variable CI is set, it fails instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support import servers

#: A gate must not depend on chance: in CI every run draws the same examples, elsewhere new ones.
#: Nowhere does an example fail for being slow: a busy machine is no defect.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if "CI" in os.environ else "local")

#: Fixtures that need the reference redis-server on the machine.
_NEED_REDIS = {"redis_server", "redis_cluster"}
_LEFT_OUT = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.RealServer]:
    """The reference redis-server. Its data is whatever the last test left: flush first."""
    with servers.redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[servers.RealServer]:
    """The reference valkey-server, for what redis-server 7.0 lacks."""
    with servers.valkey_server() as server:
        yield server


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[servers.RealCluster]:
    """Three masters of the reference redis-server."""
    with servers.redis_cluster() as cluster:
        yield cluster


@pytest.hookimpl(trylast=True)  # what -k has removed is not ours to count
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "CI" in os.environ:
        return
    try:
        servers.redis_binary()
    except servers.CannotStart as reason:
        left_out = [item for item in items if _NEED_REDIS & set(getattr(item, "fixturenames", ()))]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]
            config.stash[_LEFT_OUT] = f"{len(left_out)} tests left out: {reason}"


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if note := config.stash.get(_LEFT_OUT, ""):
        terminalreporter.write_line(note, yellow=True)
