"""Frequent commands over TCP, at three depths of pipeline, beside the real servers."""

from __future__ import annotations

from .load import Load, print_cpu, send
from .peers import FAKEREDIS, FERRITE, REDIS, VALKEY, Peer, started
from .rounds import compare, print_comparison, progress

COMMANDS = {
    "SET": ["SET", "key:000000000001", "xxx"],
    "GET": ["GET", "key:000000000001"],
    "HGETALL": ["HGETALL", "hash:000000000001"],
    "INCR": ["INCR", "counter:000000000001"],
    "EXPIRE": ["EXPIRE", "key:000000000001", "1000"],
}
PIPELINES = (1, 16, 100)
#: Fields of the hash that HGETALL returns: about what a session holds.
FIELDS = 5
#: fakeredis answers a pipeline one request at a time; deeper ones only take longer to say so.
FAKEREDIS_PIPELINES = (1,)


def main(rounds: int) -> None:
    """Measure and print, each peer against redis-server."""
    with started(FERRITE, REDIS, VALKEY, FAKEREDIS) as peers:
        for peer in peers:
            _fill(peer)
        for pipeline in PIPELINES:
            for name, words in COMMANDS.items():
                progress(f"{name}, pipeline {pipeline}")
                loads = {
                    peer.name: Load(peer, words, pipeline)
                    for peer in peers
                    if peer.name != FAKEREDIS or pipeline in FAKEREDIS_PIPELINES
                }
                figures = compare(loads, reference=REDIS, rounds=rounds)
                progress("")
                print_comparison(f"{name}, pipeline {pipeline}, 50 connections", figures)
                print_cpu(loads, reference=REDIS)


def _fill(peer: Peer) -> None:
    send(peer, *COMMANDS["SET"])
    pairs = [word for n in range(FIELDS) for word in (f"field:{n}", f"value:{n}")]
    send(peer, "HSET", COMMANDS["HGETALL"][1], *pairs)
