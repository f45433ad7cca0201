"""Sources that nobody would write, and what they must not do.

``python -m tests.ferrite_lite.lua.fuzz --seconds 600`` lets atheris, which has to be installed by
hand, look for one that does it all the same, guided by the code that each one reaches. What counts
as found: any exception of Python but an error reply, a value that is none of Lua's, more time or
memory than there is.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

from ferrite_lite import Config, Engine
from ferrite_lite.lua.coroutines import Coroutine
from ferrite_lite.lua.runtime import Table, Userdata, Value
from ferrite_lite.reply import FlatMap, Reply

from .generated import Generator
from .snippets import ALL

#: Where a script's result becomes a reply.
scripts: Any = importlib.import_module("ferrite_lite.lua.script")

#: How long a source may run, and what it may take.
LIMITS = Config(busy_after_ms=100, script_memory_bytes=128 << 20)
#: A unit that takes as long is a finding: twenty times what the server lets it run, and more.
MAX_UNIT_SECONDS = 10
MAX_RESIDENT_MB = 3_000

WORDS = [
    *("and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in"),
    *("local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while"),
    *("+", "-", "*", "/", "%", "^", "#", "==", "~=", "<=", ">=", "<", ">", "=", "(", ")", "{"),
    *("}", "[", "]", ";", ":", ",", ".", "..", "...", "\n", "'a'", "''", "'%d'", "[[x]]", "'1'"),
    *("0", "1", "2", "-1", "1e308", "0x10", "3.5", "a", "b", "c", "f", "self", "KEYS", "ARGV"),
    *("tostring", "tonumber", "pcall", "error", "select", "unpack", "pairs", "ipairs", "next"),
    *("setmetatable", "getmetatable", "rawset", "rawget", "type", "loadstring", "assert"),
    *("string.rep", "string.format", "string.gsub", "string.find", "string.byte", "string.sub"),
    *("table.insert", "table.remove", "table.sort", "table.concat", "math.floor", "math.random"),
    *("redis.call", "redis.pcall", "'GET'", "'SET'", "'HGETALL'", "'k'", "cjson.encode"),
    *("cjson.decode", "cmsgpack.pack", "cmsgpack.unpack", "struct.pack", "struct.unpack"),
    *("bit.band", "coroutine.wrap", "coroutine.yield", "coroutine.create", "coroutine.resume"),
    *("__index", "__call", "__class__", "__globals__", "func_code", "local function f ( ... )"),
    *("for a = 1 , 3 do", "for a , b in pairs ( c ) do", "if a then", "while a do", "local a ="),
    *("return function ( a , b )", "a . b", "a [ 1 ]", "a : f ( )", "a ( b )", "{ 1 , a = 2 }"),
]

_LUA_VALUES = (type(None), bool, float, bytes, Table, FunctionType, Userdata, Coroutine)

#: One for all: what a source leaves behind in it is for the next one to stumble over.
_engine = Engine(config=LIMITS)
_connection = _engine.connect()


class Escaped(Exception):
    """A script has got hold of something that is none of Lua's values."""


def check(source: bytes) -> Reply:
    """Run a source. Raises what must not happen."""
    with values_watched():
        reply = _engine.execute(_connection, [b"EVAL", source, b"1", b"k", b"a"])
    _engine.state.databases[0].check()
    _engine.execute(_connection, [b"FLUSHALL"])
    return reply


@contextlib.contextmanager
def values_watched() -> Iterator[None]:
    """Look at all that a script can reach when it ends, its result above all."""
    to_reply = scripts.to_reply

    def watched(value: Value, resp: int, depth: int = 0) -> Reply:
        for each in _answered(value):
            look_at(each)
        reply: Reply = to_reply(value, resp, depth)
        return reply

    scripts.to_reply = watched
    try:
        yield
    finally:
        scripts.to_reply = to_reply


def _answered(value: Value) -> Iterator[Value]:
    """The values of Lua in an answer: elements of which no table was made, and a hash as it is."""
    if value.__class__ is list:
        for each in value:
            yield from _answered(each)
    elif value.__class__ is not FlatMap:
        yield value


def look_at(value: Value) -> None:
    """Raises Escaped."""
    seen: set[int] = set()
    rest: list[Any] = [value]
    while rest:
        each = rest.pop()
        if each.__class__ not in _LUA_VALUES:
            raise Escaped(repr(each))
        if each.__class__ is Table and id(each) not in seen:
            seen.add(id(each))
            rest += [each.metatable, *each.array, *each.keys(), *each.hash.values()]


def words(data: bytes) -> bytes:
    """A source of Lua's own words, one for each byte."""
    return " ".join(WORDS[byte % len(WORDS)] for byte in data).encode()


def source_of(data: bytes) -> bytes:
    """What a fuzzer's bytes stand for: a source as it is, words, or a script with words in it."""
    kind, rest = data[:1], data[1:]
    if kind < b"\x40":
        return rest
    if kind < b"\xc0":
        return words(rest)
    made = Generator(int.from_bytes(rest[:4], "big")).script().encode()
    at = int.from_bytes(rest[4:6], "big") % len(made)
    return made[:at] + words(rest[6:]) + made[at:]


# --- atheris --------------------------------------------------------------------------------------


#: What the process runs that libFuzzer ends: only the code that compiles and runs Lua guides it.
_PROGRAM = """
import atheris, sys
with atheris.instrument_imports(include=["ferrite_lite.lua"]):
    from tests.ferrite_lite.lua.fuzz import check, source_of
atheris.Setup(sys.argv, lambda data: check(source_of(data)))
atheris.Fuzz()
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--found", type=Path, default=Path("fuzz-findings"), help="where they go")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="corpus-") as corpus:
        for number, snippet in enumerate(each for group in ALL.values() for each in group):
            Path(corpus, str(number)).write_bytes(b"\0" + snippet.encode())
        options.found.mkdir(exist_ok=True)
        began = time.monotonic()
        executed, status = _fuzz_in_process(corpus, options.seconds, options.found)
        elapsed = time.monotonic() - began
    findings = list(options.found.iterdir())
    print(f"{executed:,} sources in {elapsed:.0f} s, {len(findings)} findings")
    for finding in findings:
        print(f"  {finding}: {source_of(finding.read_bytes())[:200]!r}")
    return 1 if findings or status else 0


def _fuzz_in_process(corpus: str, seconds: int, found: Path) -> tuple[int, int]:
    """How many sources were run, and how the process ended."""
    arguments = [
        *(f"-max_total_time={seconds}", f"-timeout={MAX_UNIT_SECONDS}", "-max_len=400"),
        *(f"-rss_limit_mb={MAX_RESIDENT_MB}", f"-artifact_prefix={found}/", "-print_final_stats=1"),
    ]
    ended = subprocess.run(  # our own module
        [sys.executable, "-c", _PROGRAM, *arguments, corpus],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    executed = re.search(r"stat::number_of_executed_units:\s*(\d+)", ended.stderr)
    if ended.returncode:
        print(ended.stderr[-3000:])
    return int(executed[1]) if executed else 0, ended.returncode


if __name__ == "__main__":
    sys.exit(main())
