from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.servers import (
    REDIS_VERSION,
    RealCluster,
    RealServer,
    start_guarded,
    wait_until,
)


def test_the_redis_server_has_the_reference_version(redis_server: RealServer) -> None:
    assert f"redis_version:{REDIS_VERSION}\r".encode() in redis_server.ask("INFO", "server")


def test_flush_removes_all_data(redis_server: RealServer) -> None:
    redis_server.ask("SET", "k", "v")
    redis_server.flush()
    assert redis_server.ask("DBSIZE") == b":0\r\n"


def test_a_server_keeps_nothing_on_disk_and_has_bounded_memory(redis_server: RealServer) -> None:
    assert redis_server.ask("CONFIG", "GET", "save").endswith(b"$0\r\n\r\n")
    assert redis_server.ask("CONFIG", "GET", "appendonly").endswith(b"$2\r\nno\r\n")
    assert redis_server.ask("CONFIG", "GET", "maxmemory").endswith(b"\r\n1073741824\r\n")


def test_a_server_answers_on_tcp_and_on_its_unix_socket(valkey_server: RealServer) -> None:
    with valkey_server.connect() as connection:
        assert connection.ask("PING") == b"+PONG\r\n"
    assert valkey_server.ask("PING") == b"+PONG\r\n"
    assert b"valkey_version:" in valkey_server.ask("INFO", "server")


def test_the_cluster_serves_every_slot_from_three_nodes(redis_cluster: RealCluster) -> None:
    for node in redis_cluster.nodes:
        info = node.ask("CLUSTER", "INFO")
        assert b"cluster_slots_ok:16384\r" in info
        assert b"cluster_size:3\r" in info
    redis_cluster.flush()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of such a death")
def test_a_server_dies_with_the_process_that_started_it() -> None:
    starter = (
        "import os; from tests.support.servers import start_guarded;"
        "print(start_guarded(['sleep', '60']).pid, flush=True); os._exit(1)"
    )
    shown = subprocess.run([sys.executable, "-c", starter], capture_output=True, check=False)
    pid = int(shown.stdout)

    def is_gone() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"  # dead, not reaped yet

    assert wait_until(is_gone)


def test_a_guarded_program_cannot_take_more_memory_than_its_bound() -> None:
    greedy = start_guarded([sys.executable, "-c", "bytearray(5 << 30)"])
    assert greedy.wait() == 1


def test_a_run_without_redis_server_leaves_its_tests_out_in_one_line_and_fails_in_ci() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    command += ["-k", "reference_version or memory_than_its_bound"]
    bare = {**os.environ, "PATH": "/nonexistent"}
    bare.pop("CI", None)
    left_out = subprocess.run(command, env=bare, capture_output=True, text=True, check=False)
    assert left_out.returncode == 0
    assert f"1 tests left out: redis-server {REDIS_VERSION} is not installed" in left_out.stdout
    in_ci = subprocess.run(
        command, env={**bare, "CI": "true"}, capture_output=True, text=True, check=False
    )
    assert in_ci.returncode == 1
    assert "CannotStart" in in_ci.stdout
