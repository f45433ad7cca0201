"""Valkey as a second witness: where it agrees with Redis 7.0, so must ferrite_lite.

Valkey 9 has gone its own way in places, and there Redis 7.0 is followed. Which places these are is
not written down by hand: a case that Valkey answers otherwise than ferrite_lite is put to Redis.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from .cases import CASES
from .exceptions import EXCEPTIONS
from .runner import PROTOCOLS, Exchange, Target, differences, play
from .script import Case

GROUPS = list(dict.fromkeys(case.group for case in CASES))

#: Valkey 9.1.2 itself does not survive these.
ENDS_VALKEY = {
    "Rules that look odd",
    "A library that fails to load",
    "CONFIG SET refuses what needs another Redis",
}


#: Every case in both protocols takes minutes; else each is played in one, turn about, and of a
#: large group a few.
IS_LONG = bool(os.environ.get("DIFFERENTIAL_EXAMPLES"))
MAX_CASES = 320
#: Where Valkey keeps a connection that Redis closes there is nothing to wait for.
PATIENCE_SECONDS = 0.5


def agree(case: Case, first: Target, second: Target) -> bool:
    """Whether two servers answer a case alike."""
    turn = len(case.name) % 2
    for protocol in PROTOCOLS if IS_LONG else PROTOCOLS[turn : turn + 1]:
        one, other = play(first, case, protocol), play(second, case, protocol)
        if len(one) != len(other) or not all(map(Exchange.agrees_with, one, other)):
            return False
    return True


@pytest.mark.parametrize("group", GROUPS)
def test_where_redis_and_valkey_agree_so_do_we(
    group: str, reference: Target, newer_reference: Target, subject: Target
) -> None:
    skipped = EXCEPTIONS.keys() | ENDS_VALKEY
    cases = [case for case in CASES if case.group == group and case.name not in skipped]
    if not IS_LONG:
        cases = cases[:: -(-len(cases) // MAX_CASES)]
    valkey = replace(newer_reference, timeout_seconds=PATIENCE_SECONDS)
    unlike = [case for case in cases if not agree(case, valkey, subject)]
    against_both = [case for case in unlike if agree(case, reference, valkey)]
    assert [differences(case, reference, subject) for case in against_both] == []
    assert len(unlike) < len(cases)
