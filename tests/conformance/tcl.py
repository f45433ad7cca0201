"""Redis's own Tcl files, in their mode for a server that is already running.

They come with Redis's sources, which the caller has: nothing of them is kept here. A file runs in
a copy of its tree, because it writes there. What a test sends is not known, so a test that is told
``unknown command`` for a name that is left to others counts as not ours.
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from tests.support.servers import RealServer

from .outcomes import Outcome, Outcomes, Suite, Tick

FILES = (
    *("type/hash", "type/set", "type/string", "type/incr"),
    *("expire", "keyspace", "scan", "sort", "dump", "multi", "pubsub", "pubsubshard"),
    *("protocol", "querybuf", "pendingquerybuf", "quit", "limits", "networking", "replybufsize"),
    *("introspection", "introspection-2", "auth", "acl", "acl-v2", "tracking", "pause"),
    *("info", "info-command", "other", "slowlog", "latency-monitor", "maxmemory", "lazyfree"),
    *("memefficiency", "obuf-limits", "client-eviction", "violations", "wait", "shutdown"),
    *("scripting", "functions"),
)
_RUN_SECONDS = 600
#: The Tcl runner has a port of its own, 32 below this one at most; runs beside each other differ.
_base_ports = itertools.count(22000, 40)
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_RESULT = re.compile(r"\[(ok|err)\]: (.*)")
_OK_TIME = re.compile(r" \(\d+ ms\)$")
_UNKNOWN = re.compile(r"unknown command '(\w+)'", re.IGNORECASE)
#: What a test says that listens to the stream of commands as a replica does.
_REPLICATION = re.compile(r"CONFIG SET - 'repl-|replication_stream")


def suites(tree: Path, files: tuple[str, ...] = FILES) -> list[Suite]:
    present = [name for name in files if (tree / f"tests/unit/{name}.tcl").exists()]
    return [Suite(f"tcl {name}", partial(_run, tree, name)) for name in present]


def _run(
    tree: Path, name: str, server: RealServer, names: frozenset[str] | None, tick: Tick
) -> Outcomes:
    with tempfile.TemporaryDirectory(prefix="conformance-") as directory:
        copy = Path(directory) / "tree"
        copy.mkdir()
        shutil.copytree(tree / "tests", copy / "tests", ignore=shutil.ignore_patterns("tmp"))
        (copy / "tests" / "tmp").mkdir()
        only = [word for each in sorted(names or ()) for word in ("--only", each)]
        command = [
            *("tclsh", "tests/test_helper.tcl", "--host", server.host, "--port", str(server.port)),
            # An error of one test must not hide the rest of its file.
            *("--durable", "--single", f"unit/{name}", *only),
            *("--baseport", str(next(_base_ports))),
        ]
        try:
            done = subprocess.run(
                command, cwd=copy, capture_output=True, timeout=_RUN_SECONDS, check=False
            )
            output = done.stdout
        except subprocess.TimeoutExpired as expired:
            output = expired.stdout or b""
    outcomes = read(output.decode(errors="replace"))
    for _ in outcomes:
        tick()
    return outcomes


def read(output: str) -> Outcomes:
    """The outcomes in what the Tcl runner prints: a line for each test, details after an error."""
    outcomes: Outcomes = {}
    details: list[str] = []
    failed = ""
    for line in [*_COLOUR.sub("", output).splitlines(), "[end]"]:
        if failed and line.startswith("["):
            outcomes[failed] = _failure(details)
            failed = ""
        result = _RESULT.match(line)
        if result is None:
            details.append(line)
        elif result[1] == "ok":
            outcomes.setdefault(_OK_TIME.sub("", result[2]), Outcome(True))
        else:
            failed, details = result[2].rpartition(" in tests/")[0], []
    return outcomes


def _failure(details: list[str]) -> Outcome:
    text = "\n".join(details)
    commands = {name.lower() for name in _UNKNOWN.findall(text)}
    if _REPLICATION.search(text):
        commands.add("sync")
    return Outcome(False, frozenset(commands), " ".join(details)[:300])
