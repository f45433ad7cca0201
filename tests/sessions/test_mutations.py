from __future__ import annotations

import pytest

from tests.sessions.mutations import MUTATIONS, ROOT, Mutation, in_child


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_bug_can_still_be_planted(mutation: Mutation) -> None:
    text = (ROOT / "sessions" / mutation.file).read_text()
    assert mutation.planted(text) != text


@pytest.mark.parametrize("answer", [True, False])
def test_a_child_says_what_became_of_a_bug(answer: bool) -> None:
    assert in_child(lambda: answer) is answer


def test_a_child_that_fails_has_noticed_nothing() -> None:
    def fail() -> bool:
        raise LookupError

    with pytest.raises(RuntimeError, match="what became of the bug"):
        in_child(fail)


def test_a_bug_that_fits_nowhere_or_twice_is_refused() -> None:
    for text in ("", "ab ab"):
        with pytest.raises(ValueError, match="times"):
            Mutation("x.lua", "ab", "").planted(text)
