"""What tests of commands share: a RESP3 connection, and the keyspace events as they happen."""

from __future__ import annotations

import pytest

from ferrite_lite.engine import Engine
from ferrite_lite.keyspace import Keyspace
from tests.ferrite_lite.conftest import Run, runner


@pytest.fixture
def run3(engine: Engine) -> Run:
    """A connection to the same engine that speaks RESP3."""
    ctx = engine.connect()
    ctx.resp = 3
    return runner(engine, ctx)


class Recorder:
    """An observer that writes down what it is told: ``set greeting``, ``expired greeting``..."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def key_changed(self, db: Keyspace, event: str, key: bytes) -> None:
        self.events.append(f"{event} {key.decode()}")

    def keys_replaced(self, db: Keyspace, by: Keyspace | None) -> None:
        self.events.append("replaced")


@pytest.fixture
def events(engine: Engine) -> list[str]:
    """The events of database 0, from here on."""
    recorder = Recorder()
    engine.state.databases[0].observers.append(recorder)
    return recorder.events
