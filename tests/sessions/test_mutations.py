from __future__ import annotations

import pytest

from tests.sessions.mutations import MUTATIONS, ROOT, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_bug_can_still_be_planted(mutation: Mutation) -> None:
    text = (ROOT / "sessions" / mutation.file).read_text()
    assert mutation.planted(text) != text


def test_a_bug_that_fits_nowhere_or_twice_is_refused() -> None:
    for text in ("", "ab ab"):
        with pytest.raises(ValueError, match="times"):
            Mutation("x.lua", "ab", "").planted(text)
