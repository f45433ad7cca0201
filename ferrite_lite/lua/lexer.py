"""Lua source to tokens, by the lexical rules of the Lua 5.1 manual, section 2.1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .errors import LuaSyntaxError
from .numbers import parse_number

KEYWORDS = frozenset(
    b"and break do else elseif end false for function if in local nil not or repeat return then"
    b" true until while".split()
)

_SPACE = re.compile(rb"[ \t\r\n\v\f]+")
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(rb"\.?[0-9](?:[eE][+-]|[A-Za-z0-9_.])*")
_LONG_OPEN = re.compile(rb"\[(=*)\[")
_OPERATOR = re.compile(rb"\.\.\.|\.\.|==|~=|<=|>=|[-+*/%^#<>=(){}\[\];:,.]")
_ESCAPES = {
    **{b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"},
    **{b"\\": b"\\", b'"': b'"', b"'": b"'", b"\n": b"\n", b"\r": b"\n"},
}
_PLAIN_TEXT = re.compile(rb"[^\\\r\n\"']+")

EOF_KIND = b"<eof>"
#: What is no token: its value is the error, to be raised by whoever gets as far.
ERROR_KIND = b"<error>"


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is the word itself of a keyword or operator, else name, string, number, <eof>."""

    kind: bytes
    value: Any
    line: int
    text: bytes


def tokens(source: bytes) -> list[Token]:
    """All tokens of a source, ended by ``<eof>``, or by an error that is still to be raised."""
    return _Lexer(source).read_all()


class _Lexer:
    def __init__(self, source: bytes) -> None:
        self._source = source
        self._at = 0
        self._line = 1

    def read_all(self) -> list[Token]:
        found: list[Token] = []
        while True:
            try:
                self._skip_blanks()
                token = self._next()
            except LuaSyntaxError as error:
                token = Token(ERROR_KIND, error, self._line, b"")
            found.append(token)
            if token.kind in (EOF_KIND, ERROR_KIND):
                return found

    def _skip_blanks(self) -> None:
        source = self._source
        while self._at < len(source):
            if space := _SPACE.match(source, self._at):
                self._advance(space.end())
            elif source.startswith(b"--", self._at):
                opening = _LONG_OPEN.match(source, self._at + 2)
                if opening:
                    self._at += 2
                    self._long_bracket(opening, "comment")
                else:
                    end = source.find(b"\n", self._at)
                    self._at = len(source) if end < 0 else end
            else:
                return

    def _advance(self, end: int) -> None:
        self._line += self._source.count(b"\n", self._at, end)
        self._at = end

    def _next(self) -> Token:
        source, at, line = self._source, self._at, self._line
        if at >= len(source):
            return Token(EOF_KIND, None, line, EOF_KIND)
        if name := _NAME.match(source, at):
            self._at = name.end()
            word = name[0]
            return Token(word if word in KEYWORDS else b"name", word, line, word)
        if number := _NUMBER.match(source, at):
            self._at = number.end()
            return Token(b"number", self._number(number[0]), line, number[0])
        if source[at : at + 1] in (b'"', b"'"):
            return self._quoted(source[at : at + 1])
        if opening := _LONG_OPEN.match(source, at):
            value = self._long_bracket(opening, "string")
            return Token(b"string", value, line, source[at : self._at])
        if operator := _OPERATOR.match(source, at):
            self._at = operator.end()
            return Token(operator[0], None, line, operator[0])
        # Whatever else stands there is a token that no rule wants.
        self._at += 1
        byte = source[at : at + 1]
        is_control = byte < b" " or byte == b"\x7f"
        shown = b"char(%d)" % byte[0] if is_control else byte
        return Token(byte, None, line, shown if byte != b"\0" else b"")

    def _number(self, text: bytes) -> float:
        value = parse_number(text)
        if value is None:
            raise self._error("malformed number", text)
        return value

    def _quoted(self, quote: bytes) -> Token:
        source, start, line = self._source, self._at, self._line
        value = b""
        self._at += 1
        while True:
            byte = source[self._at : self._at + 1]
            if not byte:
                raise self._error("unfinished string", EOF_KIND)
            if byte in b"\r\n":
                raise self._error("unfinished string", source[start : self._at])
            if byte == quote:
                self._at += 1
                return Token(b"string", value, line, source[start : self._at])
            if byte == b"\\":
                value += self._escape(source[start : start + 1] + value)
            elif plain := _PLAIN_TEXT.match(source, self._at):
                value += plain[0]
                self._at = plain.end()
            else:  # the other kind of quote
                value += byte
                self._at += 1

    def _escape(self, before: bytes) -> bytes:
        """The next bytes of a string, of which so much was read."""
        source = self._source
        byte = source[self._at + 1 : self._at + 2]
        if byte.isdigit():
            digits = re.compile(rb"\d{1,3}").match(source, self._at + 1)
            assert digits is not None  # noqa: S101  # one digit was just seen
            self._at = digits.end()
            if int(digits[0]) > 255:
                raise self._error("escape sequence too large", before)
            return bytes([int(digits[0])])
        if byte in (b"\r", b"\n"):
            self._line += 1
            pair = source[self._at + 1 : self._at + 3]
            self._at += 3 if pair in (b"\r\n", b"\n\r") else 2
            return b"\n"
        self._at += 2
        # Lua 5.1 takes an unknown escape for the letter itself.
        return _ESCAPES.get(byte, byte)

    def _long_bracket(self, opening: re.Match[bytes], what: str) -> bytes:
        closing = b"]" + opening[1] + b"]"
        end = self._source.find(closing, opening.end())
        if end < 0:
            self._advance(len(self._source))
            raise self._error(f"unfinished long {what}", EOF_KIND)
        text = self._source[opening.end() : end]
        self._advance(end + len(closing))
        text = re.sub(rb"\r\n|\n\r|\r", b"\n", text)
        return text.removeprefix(b"\n")

    def _error(self, what: str, near: bytes) -> LuaSyntaxError:
        return syntax_error(what, near, self._line)


def syntax_error(what: str, near: bytes, line: int) -> LuaSyntaxError:
    """An error in Lua's words: ``unexpected symbol near '<eof>'``.

    A word is a C string; of a zero byte Lua says nothing at all.
    """
    shown = near.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    return LuaSyntaxError(line, f"{what} near '{shown}'" if near else what)
