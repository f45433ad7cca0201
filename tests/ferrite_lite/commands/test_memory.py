from __future__ import annotations

import pytest

from ferrite_lite.engine import Engine
from tests.ferrite_lite.conftest import Run
from tests.support.servers import RealServer


def names(reply: bytes) -> list[bytes]:
    """The words of a reply that name something, in order."""
    return [word for word in reply.split(b"\r\n") if word[:1].isalpha()]


def test_stats_have_redis_s_names_in_its_order(run: Run, redis_server: RealServer) -> None:
    redis_server.flush()
    redis_server.ask("SET", "k", "v")
    run("SET", "k", "v")
    assert names(run("MEMORY", "STATS")) == names(redis_server.ask("MEMORY", "STATS"))


def test_stats_without_keys_divide_by_nothing(run: Run) -> None:
    assert b"keys.count\r\n:0\r\n" in run("MEMORY", "STATS")


def test_the_doctor_needs_some_data_for_a_diagnosis(
    run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert b"too little data" in run("MEMORY", "DOCTOR")
    run("SET", "k", "x" * 20_000_000)
    monkeypatch.setattr(type(engine.state), "resident_bytes", staticmethod(lambda: 30_000_000))
    assert b"Nothing unusual" in run("MEMORY", "DOCTOR")
    monkeypatch.setattr(type(engine.state), "resident_bytes", staticmethod(lambda: 300_000_000))
    assert b"Resident: " in run("MEMORY", "DOCTOR")
    run("SET", "k", "x" * 6_000_000)
    assert b"Peak: " in run("MEMORY", "DOCTOR")


def test_usage_of_a_large_collection_is_judged_by_samples(run: Run) -> None:
    run("HSET", "h", *[word for n in range(500) for word in (f"f{n}", "v" * 100)])
    usages = [int(run("MEMORY", "USAGE", "h", "SAMPLES", n)[1:]) for n in (0, 5, 50)]
    assert max(usages) < min(usages) * 1.05


def test_help_lists_the_subcommands(run: Run) -> None:
    reply = run("MEMORY", "HELP")
    for name in (b"DOCTOR", b"MALLOC-STATS", b"PURGE", b"STATS", b"USAGE <key>"):
        assert b"+" + name in reply
