"""Sockets at the addresses that ``bind`` names."""

from __future__ import annotations

import socket

import pytest

from ferrite_lite.network.listening import bind, close_all, hosts_of

LOOPBACK = "127.0.0.1"


def test_stars_are_every_address_and_a_dash_is_no_part_of_one() -> None:
    assert hosts_of(["*", "-::*", "-127.0.0.1", "::1"])[1:] == ["::", LOOPBACK, "::1"]


def test_one_free_port_serves_all_addresses() -> None:
    listeners = bind([LOOPBACK, "127.0.0.2"], 0)
    names = [each.getsockname() for each in listeners]
    close_all(listeners)
    assert [host for host, _ in names] == [LOOPBACK, "127.0.0.2"]
    assert names[0][1] == names[1][1] != 0


def test_an_address_that_is_not_here_is_passed_over_where_a_dash_says_so() -> None:
    listeners = bind(["-192.0.2.1", LOOPBACK], 0)
    close_all(listeners)
    assert len(listeners) == 1
    with pytest.raises(OSError, match="assign"):
        bind(["192.0.2.1"], 0)


def test_all_listen_or_none_does() -> None:
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            bind([LOOPBACK, "-127.0.0.2"], port)
        close_all(bind([LOOPBACK], port))
