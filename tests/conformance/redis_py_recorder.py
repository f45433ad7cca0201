"""A pytest plugin for the run of redis-py's suite: one line of JSON for each test that ends.

It is loaded into another project's tests, so it imports nothing of this one. The line goes to the
file that the environment names, at once: what a run that is cut short has found is not lost, and
the next attempt goes on from there.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio.connection
import redis.connection

RECORD = "CONFORMANCE_RECORD"
_REASON_CHARACTERS = 300

_sent: set[str] = set()
_failed_in: dict[str, str] = {}


def first_word(args: tuple[Any, ...]) -> str:
    """The name of a command; redis-py writes some with their subcommand in one word."""
    name = args[0].decode(errors="replace") if isinstance(args[0], bytes) else str(args[0])
    return name.partition(" ")[0].lower()


def _record_what(packer: Any, method: str) -> None:
    pack = getattr(packer, method)

    def recording(self: Any, *args: Any) -> Any:
        if args:
            _sent.add(first_word(args))
        return pack(self, *args)

    setattr(packer, method, recording)


def pytest_configure() -> None:
    # Every command of every client is packed by one of these three.
    _record_what(redis.connection.PythonRespSerializer, "pack")
    _record_what(redis.connection.HiredisRespSerializer, "pack")
    _record_what(redis.asyncio.connection.AbstractConnection, "pack_command")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what an attempt before this one has told already."""
    lines = Path(os.environ[RECORD]).read_text().splitlines()
    told = {json.loads(line)["name"] for line in lines}
    items[:] = [item for item in items if item.nodeid not in told]


def pytest_runtest_logstart() -> None:
    _sent.clear()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    name = report.nodeid
    if not report.passed:
        _failed_in.setdefault(name, "" if report.skipped else _reason(report))
    if report.when != "teardown" or _failed_in.get(name) == "":
        return
    line = {
        "name": name,
        "passed": name not in _failed_in,
        "commands": sorted(_sent),
        "reason": _failed_in.get(name, ""),
    }
    with Path(os.environ[RECORD]).open("a") as record:
        record.write(json.dumps(line) + "\n")


def _reason(report: pytest.TestReport) -> str:
    """The last line of the error, which is the one that tells."""
    lines = [line for line in report.longreprtext.splitlines() if line.startswith("E  ")]
    said = lines[0][1:].strip() if lines else (report.longreprtext.splitlines() or ["failed"])[-1]
    return said[:_REASON_CHARACTERS] or "failed"
