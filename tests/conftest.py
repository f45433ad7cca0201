"""The real servers, one of each for a test run, started when the first test asks.

A test that needs redis-server or a browser where there is none is left out, which the summary says
in one line; where the environment variable CI is set, it fails instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from tests.support import servers
from tests.support.browser import chromium

#: A gate must not depend on chance: in CI every run draws the same examples, elsewhere new ones.
#: Nowhere does an example fail for being slow: a busy machine is no defect.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if "CI" in os.environ else "local")

#: Fixtures that need a program on the machine, and what finds it.
_NEEDS: list[tuple[set[str], Callable[[], object]]] = [
    ({"redis_server", "redis_cluster", "redis_sentinel"}, servers.redis_binary),
    ({"chrome"}, chromium),
]
_LEFT_OUT = pytest.StashKey[list[str]]()


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


@pytest.fixture(scope="session")
def redis_sentinel() -> Iterator[servers.RealSentinel]:
    """A primary of the reference redis-server, with a replica and a sentinel."""
    with servers.redis_sentinel() as running:
        yield running


@pytest.hookimpl(trylast=True)  # what -k has removed is not ours to count
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "CI" in os.environ:
        return
    config.stash[_LEFT_OUT] = []
    for fixtures, find in _NEEDS:
        try:
            find()
        except servers.CannotStart as reason:
            needing = [each for each in items if fixtures & _needs(each)]
            if needing:
                config.hook.pytest_deselected(items=needing)
                items[:] = [each for each in items if each not in needing]
                config.stash[_LEFT_OUT].append(f"{len(needing)} tests left out: {reason}")


def _needs(item: pytest.Item) -> set[str]:
    """The fixtures of a test, those that its target will ask for among them."""
    targets = item.callspec.params.values() if hasattr(item, "callspec") else ()
    of_targets = {name for each in targets for name in (f"redis_{each}", f"{each}_server")}
    return of_targets | set(getattr(item, "fixturenames", ()))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for note in config.stash.get(_LEFT_OUT, []):
        terminalreporter.write_line(note, yellow=True)
