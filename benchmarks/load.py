"""Load on a server, made by ``redis-benchmark``: in C, so that the server is what is measured."""

from __future__ import annotations

import csv
import statistics
import subprocess
from collections.abc import Mapping

from .peers import Peer

#: Connections that send at the same time.
CLIENTS = 50
#: How long one measurement takes, about.
SECONDS = 1.0
#: redis-benchmark ends at the first connection that fails: as one may on a busy machine, and
#: fakeredis resets one now and then when fifty come at once.
ATTEMPTS = 5
#: The first run shows how many requests fit into that time. It begins small, for a slow peer.
PROBE_REQUESTS = 500


class LoadFailed(Exception):
    """A peer answers with an error, or not at all; the message says which one and what."""


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
            self._requests = self._requests_that_take_long_enough()
        before = self.peer.cpu_seconds()
        rate = self._run()
        self.cpu_us.append((self.peer.cpu_seconds() - before) / self._requests * 1e6)
        return rate

    def _requests_that_take_long_enough(self) -> int:
        rate = self._run()
        while self._requests / rate < SECONDS / 10:  # too short to tell, or no time at all
            self._requests *= 10
            rate = self._run()
        return max(PROBE_REQUESTS, int(rate * SECONDS))

    def _run(self) -> float:
        command = [
            *("redis-benchmark", "-p", str(self.peer.port), "--csv"),
            *("-c", str(CLIENTS), "-P", str(self._pipeline), "-n", str(self._requests)),
        ]
        for _ in range(ATTEMPTS):
            ended = subprocess.run(
                [*command, *self._words], capture_output=True, text=True, check=False, timeout=300
            )
            rows = list(csv.reader(ended.stdout.strip().splitlines()))
            if ended.returncode == 0 and rows:
                return float(rows[-1][1])
        raise LoadFailed(f"{self.peer.name}: {ended.stdout}{ended.stderr}")


def print_cpu(loads: Mapping[str, Load], *, reference: str) -> None:
    """What a request costs each server, whatever the load and the neighbours take of the machine.

    In parentheses, how many of its requests one of the reference's is worth: a ratio as of rates.
    """
    cpu_us = {name: statistics.median(load.cpu_us) for name, load in loads.items()}
    shown = [f"{name} {own:.2f} ({cpu_us[reference] / own:.2f})" for name, own in cpu_us.items()]
    print(f"  server CPU a request, microseconds: {', '.join(shown)}", flush=True)


def send(peer: Peer, *words: str) -> str:
    """One command, with redis-cli: what a benchmark needs in place before it starts."""
    command = ["redis-cli", "-p", str(peer.port), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
