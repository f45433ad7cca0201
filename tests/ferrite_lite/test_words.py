from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrite_lite.words import quoted, split_words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", []),
        (b" \t\r\n", []),
        (b"a b", [b"a", b"b"]),
        (b"  a\t b \n", [b"a", b"b"]),
        (b'"a b" c', [b"a b", b"c"]),
        (b"'a b' c", [b"a b", b"c"]),
        (b'""', [b""]),
        (b"'' \"\"", [b"", b""]),
        (b'a"b c"', [b"ab c"]),
        (b'>"my password"', [b">my password"]),
        (rb'"\n\r\t\b\a\"\\\q"', [b'\n\r\t\b\a"\\q']),
        (rb'"\x00\xFF\x7"', [b"\x00\xffx7"]),
        (rb"'\n\'\\ '", [rb"\n'\\ "]),
        (b"a\\ b", [b"a\\", b"b"]),
        (b"a\0b", [b"a"]),
        (b"\v\fa\vb\f c\v \f", [b"a\vb\f", b"c\v"]),
    ],
)
def test_a_line_is_split_as_redis_splits_it(line: bytes, words: list[bytes]) -> None:
    assert split_words(line) == words


@pytest.mark.parametrize(
    "line", [b'"', b"'", b'"a', b"a 'b", b'"a"b', b"'a'b", b'"a""b"', rb'"a\"', rb"'\\'"]
)
def test_quotes_that_do_not_fit_make_a_line_unreadable(line: bytes) -> None:
    assert split_words(line) is None


@given(st.lists(st.binary()))
def test_what_is_quoted_comes_back(words: list[bytes]) -> None:
    line = b" ".join(b'"%b"' % b"".join(b"\\x%02x" % byte for byte in word) for word in words)
    assert split_words(line) == words
    assert split_words(b" ".join(map(quoted, words))) == words


@given(st.binary())
def test_any_line_is_read_or_refused(line: bytes) -> None:
    words = split_words(line)
    assert words is None or all(isinstance(word, bytes) for word in words)
