"""Generated pipelines whose connection is held on the way, by WAIT or by CLIENT PAUSE.

All requests are sent ahead, cut anywhere. Only whole byte streams show whether each request ran at
its turn, and once.
"""

from __future__ import annotations

import itertools
import os
import re
import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.wire import ConnectionClosed, RawConnection

from .runner import Target

_EXAMPLES = os.environ.get("DIFFERENTIAL_EXAMPLES", "")
_DEFAULT_EXAMPLES = 20
_MAX_COMMANDS = 12
_MAX_CUTS = 4

_REQUESTS = [
    *("WAIT 1 15", "WAIT 1 15", "WAIT 1 1", "WAIT 0 0", "WAIT x 0"),
    *("CLIENT PAUSE 20", "CLIENT PAUSE 20 WRITE", "CLIENT UNPAUSE"),
    *("CLIENT REPLY SKIP", "CLIENT REPLY OFF", "CLIENT REPLY ON"),
    *("INCR n", "INCR n", "GET n", "PING", "ECHO x", "PUBLISH c m"),
    *("MULTI", "EXEC", "DISCARD", "WATCH n", "RESET", "HELLO 2", "HELLO 3"),
    *("SUBSCRIBE c", "UNSUBSCRIBE c", "CLIENT TRACKING ON"),
    "EVAL \"return redis.call('INCR', 'n')\" 0",
]
#: Whatever state the requests leave, the last of these is answered.
_LAST_REQUESTS = ["DISCARD", "RESET", "CLIENT REPLY ON", "ECHO the-end"]
_LAST_REPLY = b"$7\r\nthe-end\r\n"
_CONNECTION_ID = re.compile(rb"(?<=\$2\r\nid\r\n:)\d+")


def _stream(target: Target, pieces: list[bytes]) -> bytes:
    """All that a new connection is sent for requests that arrive in these pieces."""
    with target.connect(2) as connection:
        connection.ask("CLIENT", "UNPAUSE")
        connection.ask("DEL", "n")
    with target.connect(2) as connection:
        for piece in pieces:
            connection.send(piece)
            time.sleep(0.003)  # or the pieces arrive as one
        return _CONNECTION_ID.sub(b"0", b"".join(_replies(connection)))


def _replies(connection: RawConnection) -> list[bytes]:
    replies = [b""]
    while replies[-1] != _LAST_REPLY:
        try:
            replies.append(connection.read_reply())
        except ConnectionClosed as closed:
            return [*replies, closed.received, b"<closed>"]
    return replies


@settings(
    max_examples=int(_EXAMPLES or _DEFAULT_EXAMPLES),
    derandomize=not _EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    requests=st.lists(st.sampled_from(_REQUESTS), min_size=3, max_size=_MAX_COMMANDS),
    cuts=st.lists(st.floats(0, 1), max_size=_MAX_CUTS),
)
def test_what_is_behind_a_held_request_runs_at_its_turn(
    requests: list[str], cuts: list[float], reference: Target, subject: Target
) -> None:
    data = b"".join(each.encode() + b"\r\n" for each in [*requests, *_LAST_REQUESTS])
    at = [0, *sorted(int(cut * len(data)) for cut in cuts), len(data)]
    pieces = [data[begin:end] for begin, end in itertools.pairwise(at)]
    assert _stream(subject, pieces) == _stream(reference, pieces)
