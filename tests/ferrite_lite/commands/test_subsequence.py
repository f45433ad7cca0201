from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from ferrite_lite.commands import subsequence
from ferrite_lite.commands.subsequence import Run

texts = st.binary(max_size=40).map(lambda raw: bytes(byte % 4 for byte in raw))


def by_table(a: bytes, b: bytes) -> list[tuple[int, int]]:
    """The matches as Redis finds them: a table of lengths, and a walk back through it."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, byte in enumerate(a, start=1):
        for j, other in enumerate(b, start=1):
            longer = table[i - 1][j - 1] + 1
            table[i][j] = longer if byte == other else max(table[i - 1][j], table[i][j - 1])
    found = []
    i, j = len(a), len(b)
    while i and j:
        if a[i - 1] == b[j - 1]:
            i, j = i - 1, j - 1
            found.append((i, j))
        elif table[i - 1][j] > table[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return found[::-1]


@given(texts, texts)
@example(b"ohmytext", b"mynewtext")
@example(b"", b"a")
@example(b"a", b"")
@example(b"ab", b"ba")
def test_the_rows_of_bits_lead_where_the_table_leads(a: bytes, b: bytes) -> None:
    expected = by_table(a, b)
    assert subsequence.matches(a, b) == expected
    assert subsequence.length(a, b) == len(expected)


@given(texts, texts)
def test_runs_hold_every_match_and_are_as_long_as_can_be(a: bytes, b: bytes) -> None:
    pairs = subsequence.matches(a, b)
    found = subsequence.runs(pairs)
    unrolled = [
        (run.a_start + at, run.b_start + at) for run in reversed(found) for at in range(run.size)
    ]
    assert unrolled == pairs
    for run in found:
        assert (run.a_start - 1, run.b_start - 1) not in pairs


def test_the_last_run_comes_first() -> None:
    pairs = subsequence.matches(b"ohmytext", b"mynewtext")
    assert subsequence.runs(pairs) == [Run(4, 5, 4), Run(2, 0, 2)]
