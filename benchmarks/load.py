"""Load on a server, made by ``redis-benchmark``: in C, so that the server is what is measured."""

from __future__ import annotations

import csv
import subprocess

from .peers import Peer

#: Connections that send at the same time.
CLIENTS = 50
#: How long one measurement takes, about.
SECONDS = 1.0
#: The first run, which shows how many requests fit into that time.
PROBE_REQUESTS = 2_000


class LoadFailed(Exception):
    """A peer has answered with an error; the message says which one and what."""


class Load:
    """One request, sent again and again with a pipeline of a given depth."""

    def __init__(self, peer: Peer, words: list[str], pipeline: int) -> None:
        self.peer = peer
        self._words = words
        self._pipeline = pipeline
        self._requests = PROBE_REQUESTS
        #: CPU time of the server for one request, in each run.
        self.cpu_us: list[float] = []

    def __call__(self) -> float:
        """Requests per second."""
        if self._requests == PROBE_REQUESTS:
            self._requests = max(PROBE_REQUESTS, int(self._run() * SECONDS))
        before = self.peer.cpu_seconds()
        rate = self._run()
        self.cpu_us.append((self.peer.cpu_seconds() - before) / self._requests * 1e6)
        return rate

    def _run(self) -> float:
        command = [
            *("redis-benchmark", "-p", str(self.peer.port), "--csv"),
            *("-c", str(CLIENTS), "-P", str(self._pipeline), "-n", str(self._requests)),
        ]
        ended = subprocess.run(
            [*command, *self._words], capture_output=True, text=True, check=False, timeout=300
        )
        if ended.returncode:
            raise LoadFailed(f"{self.peer.name}: {ended.stdout}{ended.stderr}")
        row = list(csv.reader(ended.stdout.strip().splitlines()))[-1]
        return float(row[1])


def send(peer: Peer, *words: str) -> str:
    """One command, with redis-cli: what a benchmark needs in place before it starts."""
    command = ["redis-cli", "-p", str(peer.port), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
