"""redis-py's own test-suite, out of the source distribution of the version that is installed.

Nothing of it is kept in this repository: it is downloaded once into the user's cache directory.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.servers import RealServer

from . import redis_py_recorder
from .outcomes import Outcome, Outcomes, Suite, Tick

#: Files about other products, other topologies, and what needs certificates or further packages.
_LEFT_OUT = (
    *("cluster", "sentinel", "multidb", "ssl", "credentials", "entraid"),
    *("bloom", "json", "search", "timeseries", "vsets", "himport_integration"),
)
_MARKS = "not onlycluster and not redismod and not ssl and not replica and not cp_integration"
_TEST_SECONDS = 20
#: Of a whole run: a server that hangs must not hold the others up.
_RUN_SECONDS = 420
_POLL_SECONDS = 0.5
#: pytest itself stumbles over an odd traceback now and then; the rest runs in another attempt.
_ATTEMPTS = 4

PROTOCOLS = (2, 3)
DIRECTORIES = {"sync": "tests", "async": "tests/test_asyncio"}


class CannotFetch(Exception):
    """The source distribution could not be had; the message says why."""


def suites(keyword: str) -> list[Suite]:
    """Sync and async, in RESP2 and in RESP3. Raises CannotFetch."""
    tree = source_tree()
    return [
        Suite(
            f"redis-py {kind} RESP{protocol}",
            partial(_run, tree, test_files(tree, directory), protocol, keyword),
        )
        for kind, directory in DIRECTORIES.items()
        for protocol in PROTOCOLS
    ]


def source_tree() -> Path:
    """The unpacked source distribution. Raises CannotFetch."""
    release = f"redis-{version('redis')}"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ferrite-lite"
    tree = cache / release
    if tree.is_dir():
        return tree
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as directory:
        _download(Path(directory), release)
        # Another run may have been quicker; both have unpacked the same.
        if not tree.exists():
            (Path(directory) / release).rename(tree)
    return tree


def _download(directory: Path, release: str) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    requirement = release.replace("-", "==")
    done = subprocess.run(
        [*pip, "--dest", str(directory), requirement], capture_output=True, text=True, check=False
    )
    archives = list(directory.glob("*.tar.gz"))
    if done.returncode or not archives:
        raise CannotFetch(f"pip could not download {requirement}: {done.stderr.strip()[-300:]}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(directory, filter="data")


def test_files(tree: Path, directory: str) -> list[str]:
    """The files of one directory that are about a single server and its core."""
    files = sorted((tree / directory).glob("test_*.py"))
    return [
        str(file.relative_to(tree))
        for file in files
        if not any(word in file.name for word in _LEFT_OUT)
    ]


def _run(
    tree: Path,
    files: list[str],
    protocol: int,
    keyword: str,
    server: RealServer,
    names: frozenset[str] | None,
    tick: Tick,
) -> Outcomes:
    chosen = files if names is None else sorted(names)
    command = [sys.executable, "-m", "pytest", *_options(server, protocol, keyword), *chosen]
    with tempfile.TemporaryDirectory(prefix="conformance-") as directory:
        record, log = Path(directory) / "record", Path(directory) / "log"
        record.touch()
        for _ in range(_ATTEMPTS):
            with log.open("ab") as output:
                run = subprocess.Popen(
                    command,
                    cwd=tree,
                    env=_environment(record),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
                _follow(run, record, tick)
            if run.returncode != pytest.ExitCode.INTERNAL_ERROR:
                break
        outcomes = _read(record)
        if not outcomes and not keyword:
            print(log.read_text(errors="replace")[-2000:], file=sys.stderr)
        return outcomes


def _options(server: RealServer, protocol: int, keyword: str) -> list[str]:
    text = (
        "-q -p redis_py_recorder -p no:cacheprovider --continue-on-collection-errors"
        # Telling where in a long file a test failed takes longer than the test.
        f" --tb no -o addopts= -o asyncio_mode=auto --timeout {_TEST_SECONDS}"
        f" --redis-url {server.url}/0 --protocol {protocol}"
    )
    return [*text.split(), "-m", _MARKS, *(["-k", keyword] if keyword else [])]


def _environment(record: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(Path(redis_py_recorder.__file__).parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        redis_py_recorder.RECORD: str(record),
    }


def _follow(run: subprocess.Popen[bytes], record: Path, tick: Tick) -> None:
    """Wait for the run to end, telling of each test that does."""
    seen = 0
    for _ in range(int(_RUN_SECONDS / _POLL_SECONDS)):
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(_POLL_SECONDS)
        ended = record.read_bytes().count(b"\n")
        for _ in range(ended - seen):
            tick()
        seen = ended
        if run.returncode is not None:
            return
    run.kill()
    run.wait()


def _read(record: Path) -> Outcomes:
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    return {
        line["name"]: Outcome(line["passed"], frozenset(line["commands"]), line["reason"])
        for line in lines
    }
