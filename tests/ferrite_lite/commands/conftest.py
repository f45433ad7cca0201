"""What tests of commands share: a RESP3 connection."""

from __future__ import annotations

import pytest

from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run, runner


@pytest.fixture
def run3(engine: Engine) -> Run:
    """A connection to the same engine that speaks RESP3."""
    ctx = engine.connect()
    ctx.resp = 3
    return runner(engine, ctx)
