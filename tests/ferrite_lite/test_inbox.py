from __future__ import annotations

import pytest

from ferrite_lite.errors import ProtocolError
from ferrite_lite.inbox import STEP_REQUESTS, Inbox
from ferrite_lite.resp import ParserLimits

PING = b"*1\r\n$4\r\nPING\r\n"


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(ParserLimits())


def all_steps(inbox: Inbox) -> list[int]:
    """How many requests each step has, until none is left."""
    sizes = []
    while (requests := inbox.step(STEP_REQUESTS)) is not None:
        sizes.append(len(requests))
        inbox.advance(len(requests))
    return sizes


def run_whole(inbox: Inbox, ran: int) -> None:
    """Run that many of the requests that come at once."""
    inbox.whole = None
    inbox.advance(ran)


def test_a_few_whole_requests_come_at_once(inbox: Inbox) -> None:
    inbox.take(PING * 3)
    assert inbox.whole == [[b"PING"]] * 3
    run_whole(inbox, 3)
    assert inbox.is_waiting
    inbox.end_read()
    assert not inbox.is_waiting


def test_what_is_left_of_a_batch_follows_in_steps(inbox: Inbox) -> None:
    inbox.take(PING * 3)
    run_whole(inbox, 1)
    assert inbox.step(1) == [[b"PING"]]
    assert inbox.step(1) == [[b"PING"]]  # until it has run
    inbox.advance(1)
    assert all_steps(inbox) == [1]


def test_many_requests_are_no_longer_than_a_step(inbox: Inbox) -> None:
    inbox.take(PING * (STEP_REQUESTS + 1))
    assert inbox.whole is None
    assert all_steps(inbox) == [STEP_REQUESTS, 1]


def test_a_request_in_pieces_is_complete_with_its_last(inbox: Inbox) -> None:
    inbox.take(PING[:7])
    assert inbox.whole is None
    assert all_steps(inbox) == []
    inbox.end_read()
    assert not inbox.is_waiting
    assert inbox.size_bytes > 0
    inbox.take(PING[7:])
    assert inbox.taken_bytes > len(PING[7:])
    assert all_steps(inbox) == [1]


def test_what_arrives_meanwhile_waits_behind(inbox: Inbox) -> None:
    inbox.take(PING)
    assert inbox.put_behind(PING[:5]) == 5
    assert inbox.put_behind(PING[5:]) == len(PING)
    assert inbox.size_bytes == 2 * len(PING)
    assert inbox.whole == [[b"PING"]]
    run_whole(inbox, 1)
    inbox.end_read()
    assert inbox.is_waiting
    assert inbox.whole == [[b"PING"]]
    run_whole(inbox, 1)
    inbox.end_read()
    assert not inbox.is_waiting


def test_requests_before_a_mistake_come_first(inbox: Inbox) -> None:
    inbox.take(PING + b"*x\r\n")
    assert inbox.step(1) == [[b"PING"]]
    inbox.advance(1)
    with pytest.raises(ProtocolError):
        all_steps(inbox)


def test_a_closed_inbox_waits_for_nothing(inbox: Inbox) -> None:
    inbox.take(PING)
    inbox.close()
    assert not inbox.is_waiting


def test_who_owes_the_rest_of_a_request_does_so_since_it_was_noticed(inbox: Inbox) -> None:
    assert inbox.stalled_since(1) is None
    inbox.take(PING[:7])
    all_steps(inbox)
    inbox.end_read()
    assert inbox.stalled_since(2) == 2
    assert inbox.stalled_since(3) == 2
    inbox.take(PING[7:] + PING[:7])
    all_steps(inbox)
    inbox.end_read()
    assert inbox.stalled_since(4) == 4
    inbox.take(PING[7:])
    all_steps(inbox)
    assert inbox.stalled_since(5) is None
