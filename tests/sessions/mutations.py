"""Bugs planted one at a time into the scripts and their callers: does any fast test notice?

``python -m tests.sessions.mutations`` plants them all, in copies of the tree, and lists those that
survive; words after it choose by name. It takes a quarter of an hour on two cores. The default run
only checks that every bug can still be planted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

#: The tests to run: ``-x`` stops at the first that fails.
TESTS = [
    *("test_rotation", "test_users", "test_defects_a", "test_defects_c", "test_defects_d"),
    *("test_store", "test_races", "test_native", "test_tokens", "test_model", "test_defects_e"),
    *("test_defects_g", "test_defects_b", "test_content", "test_policies", "test_invariants"),
    *("test_commands", "test_refresh", "test_interleavings"),
]
#: Those that are the likeliest to notice come first.
LIKELIEST = {
    "create": ["test_defects_d", "test_defects_c", "test_users", "test_defects_g"],
    "validate": ["test_native", "test_defects_a"],
    "update": ["test_store", "test_defects_d"],
    "destroy": ["test_defects_a"],
    "revoke": ["test_defects_a", "test_users"],
    "members": ["test_defects_c"],
    "rate": ["test_defects_g"],
    "label": ["test_races"],
    "labelled": ["test_races"],
    "native": ["test_native"],
    "store": ["test_races"],
    "tokens": ["test_tokens"],
    "content": ["test_content"],
}
#: What runs on the engine in this process and on one real server is enough.
CHOSEN = "not cluster and not tcp and not server_that_is_full"
TIMEOUT_SECONDS = 600


@dataclass(frozen=True)
class Mutation:
    """In ``file`` of the package, what stands there once and what is put in its place."""

    file: str
    before: str
    after: str

    @property
    def name(self) -> str:
        return f"{self.file}: {' '.join(self.before.split())} -> {' '.join(self.after.split())}"

    def planted(self, text: str) -> str:
        """Raises ValueError if it does not fit."""
        if text.count(self.before) != 1:
            raise ValueError(f"{self.file} has {self.before!r} {text.count(self.before)} times")
        return text.replace(self.before, self.after)


def in_script(name: str, *pairs: tuple[str, str]) -> list[Mutation]:
    return [Mutation(f"scripts/{name}.lua", *pair) for pair in pairs]


def in_module(name: str, *pairs: tuple[str, str]) -> list[Mutation]:
    return [Mutation(f"{name}.py", *pair) for pair in pairs]


MUTATIONS = [
    *in_script(
        "create",
        (" and redis.call('HEXISTS', KEYS[2], sid) == 1 then", " then"),
        ("if taken[1] == ARGV[2] and", "if"),
        ("then return {'STALE'} end", "then end"),
        ("if tonumber(at) > now - window then", "if true then"),
        ("if #recent >= rate_limit then", "if #recent > rate_limit then"),
        ("recent[#recent - rate_limit + 1]", "recent[#recent]"),
        ("recent[#recent + 1] = string.format('%.0f', now)\nend", "end"),
        ("  if expires and tonumber(expires) <= now then\n", "  if false then\n"),
        ("    expires, replaced = nil, id", "    replaced = id"),
        ("elseif chosen[members[at]] then", "elseif false then"),
        ("#live >= most and ARGV[4] == 'reject'", "#live > most and ARGV[4] == 'reject'"),
        ("(ARGV[4] == 'evict_lru') and 4 or 3", "3"),
        ("return a[by] < b[by] end", "return a[by] > b[by] end"),
        ("for at = 1, #live - most + 1 do", "for at = 1, #live - most do"),
        ("for at = 1, #live - most + 1 do", "for at = 1, 1 do"),
        ("for _, gone in ipairs(stale) do redis.call('HDEL', KEYS[2], gone) end", ""),
        ("  redis.call('HDEL', KEYS[2], gone[1])\n", ""),
        ("if ARGV[9] ~= '' and not successor then redis.call('DEL', KEYS[5]) end", ""),
        ("if ARGV[9] ~= '' and not successor then", "if ARGV[9] ~= '' then"),
        (", 'PX', window)", ")"),
        ("if hard > 0 and hard < expires then expires = hard end", ""),
        ("if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'auth_at', now) end", ""),
        ("redis.call('PEXPIREAT', KEYS[1], expires)", ""),
        ("redis.call('HSET', KEYS[2], sid, string", "local _ = (string"),
        ("  redis.call('PEXPIREAT', KEYS[2], expires + 86400000)\n", ""),
    ),
    *in_script(
        "validate",
        ("if held[10] then return {'ROTATED', held[10]} end", ""),
        ("== 0 then return {'REVOKED'} end", "== 2 then return {'REVOKED'} end"),
        ("if now >= expires then return {'EXPIRED'} end", ""),
        ("      redis.call('DEL', KEYS[1])\n      redis.call('HDEL', KEYS[2], ARGV[1])\n", ""),
        ("    interval = -1\n", ""),
        ("policy ~= '' and shown ~= '' and", "policy ~= '' and"),
        ("now - accessed >= interval", "now - accessed > interval"),
        ("if hard > 0 and hard < expires then expires = hard end", ""),
        ("  redis.call('PEXPIREAT', KEYS[1], expires)\n", ""),
        ("    redis.call('PEXPIREAT', KEYS[2], expires + 86400000)\n", ""),
        ("redis.call('HSET', KEYS[1], 'last_access', now,", "redis.call('HSET', KEYS[1],"),
        ("  touched = 1\n", ""),
    ),
    *in_script(
        "update",
        ("if held[5] then return {'ROTATED', held[5]} end", ""),
        ("\n    or redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then", " then"),
        ("if now >= tonumber(held[3]) then return {'MISSING'} end", ""),
        ("  if id == ARGV[2] then return {'OK', tonumber(version)} end\n", ""),
        ("return {'OK', tonumber(version)} end", "return {'OK', tonumber(held[2])} end"),
        ("if ARGV[3] ~= '' and ARGV[3] ~= held[2] then return {'CONFLICT', held[2]} end", ""),
        ("if size > tonumber(ARGV[5]) then return {'TOOBIG', size} end", ""),
        ("#field + #value", "#value"),
        ("if ARGV[4] == '1' then gone", "if false then gone"),
        ("for _, field in ipairs(gone) do redis.call('HDEL', KEYS[1], field) end", ""),
        ("redis.call('HINCRBY', KEYS[1], 'version', 1)", "tonumber(held[2]) + 1"),
    ),
    *in_script(
        "rotate",
        ("if held[9] then return {'ROTATED', held[9]} end", ""),
        ("if redis.call('HEXISTS', KEYS[3], ARGV[2]) == 0 then return {'MISSING'} end", ""),
        ("if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 0 then return {'MISSING'} end", ""),
        ("if now >= tonumber(held[4]) then return {'MISSING'} end", ""),
        ("if ARGV[5] ~= '' and ARGV[5] ~= held[7] then return {'CONFLICT'} end", ""),
        ("if hard > 0 and hard < expires then expires = hard end", ""),
        ("if ARGV[6] == '1' then", "if true then"),
        ("'issued_at', now, 'last_access'", "'last_access'"),
        ("redis.call('PEXPIREAT', KEYS[2], expires)\n", ""),
        ("redis.call('HDEL', KEYS[3], ARGV[1])\n", ""),
        ("tonumber(held[2]), now, expires, held[8])", "now, now, expires, held[8])"),
        ("  redis.call('PEXPIREAT', KEYS[3], expires + 86400000)\n", ""),
        ("if tonumber(ARGV[3]) > 0 then", "if true then"),
        ("  redis.call('PEXPIRE', KEYS[1], ARGV[3])\n", ""),
    ),
    *in_script(
        "destroy",
        ("redis.call('HDEL', KEYS[2], ARGV[1])", "redis.call('HEXISTS', KEYS[2], ARGV[1])"),
        ("redis.call('DEL', KEYS[1])\n", ""),
        ("if held[3] then return {'ROTATED', held[3]} end", ""),
        ("if held[1] and ended == 1 then", "if held[1] then"),
        ("if held[1] and ended == 1 then", "if ended == 1 then"),
    ),
    *in_script(
        "revoke",
        ("if not kept[1] or now >= tonumber(kept[1])", "if not kept[1]"),
        ("\n      or redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then", " then"),
        ("return {{}, {}, kept[2] or ''}", "return {{}, {}, ''}"),
        (", 'PX', ARGV[2])", ")"),
        ("math.max(now, before + 1)", "now"),
        ("math.max(now, before + 1)", "before + 1"),
        ("if members[at] ~= ARGV[1] then", "if true then"),
        ("(expires and tonumber(expires) > now) and live or stale", "live"),
        ("    redis.call('HDEL', KEYS[1], members[at])\n", ""),
    ),
    *in_script(
        "members",
        ("expires and tonumber(expires) > now", "expires"),
        ("    redis.call('HDEL', KEYS[1], members[at])\n", ""),
    ),
    *in_script(
        "rate",
        ("if tonumber(at) > now - window then", "if true then"),
        ("if #times >= limit then", "if #times > limit then"),
        ("  if id == ARGV[3] then return 0 end\n", ""),
        (", 'PX', window)", ")"),
        ("times[#times - limit + 1]", "times[#times]"),
    ),
    *in_script(
        "label",
        ("  redis.call('PEXPIREAT', KEYS[1], deadline)\n", ""),
        ("is_new or (left >= 0 and left < keep)", "is_new"),
        ("is_new or (left >= 0 and left < keep)", "true"),
        ("  redis.call('PERSIST', KEYS[1])\n", ""),
        ("(deadline == 0 or deadline > held)", "deadline > held"),
        ("if held > 0 and (", "if ("),
    ),
    *in_script(
        "labelled",
        ("deadline > 0 and deadline <= now", "deadline <= now"),
        ("deadline > 0 and deadline <= now", "false"),
        ("    redis.call('HDEL', KEYS[1], users[at])\n", ""),
    ),
    *in_module(
        "native",
        ("if index is None or argv[0] not in index:", "if index is None:"),
        ("if now >= expires:", "if now > expires:"),
        ("if 0 < hard < expires:", "if False:"),
        ("if 0 <= interval <= now - accessed:", "if 0 <= interval < now - accessed:"),
        ("            interval = -1\n", ""),
        ('    call(ctx, [b"PEXPIREAT", keys[0], deadline])\n', ""),
        ("if left < expires + _HALF_A_DAY_MS - now:", "if False:"),
    ),
    *in_module(
        "validating",
        ("        self._look_at(session, shown)\n", ""),
        ("and not session.step_up:", "and True:"),
        ('                    object.__setattr__(session, "step_up", True)\n', ""),
    ),
    *in_module(
        "rotating",
        ("grace_seconds = 0 if auth else self", "grace_seconds = self"),
        ("if auth is None and grace_ms > 0:", "if True:"),
    ),
    *in_module("core", ("            if missing <= orphans:\n", "            if True:\n")),
    *in_module(
        "store",
        ("        if current is None or current.tag != tag:\n", "        if current is None:\n"),
    ),
    *in_module(
        "tokens",
        ("if not hmac.compare_digest(check, token[-_CHECK_CHARS:]):", "if False:"),
        ("return digest[:_CHECK_CHARS], digest[_CHECK_CHARS:]", "return digest[:6], body[-43:]"),
    ),
    *in_module(
        "content",
        ("if size_bytes > self._max_data_bytes:", "if False:"),
    ),
]


def copy_of_tree(directory: Path) -> None:
    """What the tests need, without what others wrote there meanwhile."""
    ignore = shutil.ignore_patterns("__pycache__", ".venv", ".git", ".hypothesis", "*.pyc")
    for name in ("sessions", "tests", "ferrite_lite", "pyproject.toml", "README.md"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, directory / name, ignore=ignore)
        else:
            shutil.copy(source, directory / name)


def survives(mutation: Mutation | None) -> bool:
    """Whether all tests pass though it is planted; None plants nothing."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as copy:
        directory = Path(copy)
        copy_of_tree(directory)
        if mutation is not None:
            path = directory / "sessions" / mutation.file
            path.write_text(mutation.planted(path.read_text()))
        first = LIKELIEST.get(Path(mutation.file).stem, []) if mutation else []
        names = dict.fromkeys([*first, *TESTS])
        paths = [directory / "tests" / "sessions" / f"{name}.py" for name in names]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        command += ["-k", CHOSEN, *map(str, paths)]
        environment = {**os.environ, "SESSION_EXAMPLES": "6"}
        done = subprocess.run(
            command,
            cwd=directory,
            env=environment,
            timeout=TIMEOUT_SECONDS,
            capture_output=True,
            text=True,
        )
        if done.returncode not in (0, 1):
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
        return done.returncode == 0


def run(mutations: list[Mutation]) -> Iterator[Mutation]:
    """Those that survive."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for mutation, survived in zip(mutations, pool.map(survives, mutations), strict=True):
            print("SURVIVED" if survived else "killed  ", mutation.name, flush=True)
            if survived:
                yield mutation


def main(words: list[str]) -> int:
    chosen = [each for each in MUTATIONS if all(word in each.name for word in words)]
    if not survives(None):
        print("the tests fail without any of them")
        return 2
    survivors = list(run(chosen))
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} were noticed")
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
