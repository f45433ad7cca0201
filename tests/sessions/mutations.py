"""Bugs planted one at a time into the scripts and their callers: does any fast test notice?

``python -m tests.sessions.mutations`` plants them all and lists those that survive; words after it
choose by name. The tests are collected once, and a child for every bug runs them until one fails:
that takes some ten minutes. The default run only checks that every bug can still be planted.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha1
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from sessions.scripts import Script

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = "scripts/"
#: How a child ends that has an answer, and one that has none.
YES, NO, NOTHING = 10, 11, 12

#: What runs on the engine in this process and on one real server is enough.
CHOSEN = "not cluster and not tcp and not mutations"
#: The files of tests, in the order in which they notice most.
TESTS = [
    *("test_edges", "test_unlisted", "test_lost", "test_promotion"),
    *("test_rotation", "test_users", "test_store", "test_races", "test_locks", "test_model"),
    "test_limits",
    *("test_native", "test_bindings", "test_policies", "test_tenants"),
    *("test_defects_a", "test_defects_c", "test_defects_d", "test_defects_e", "test_defects_g"),
    *("test_tokens", "test_content", "test_defects_b", "test_commands"),
    *(
        "test_invariants",
        "test_interleavings",
        "test_refresh",
        "test_flows",
        "test_passwords",
        "test_defects_f",
        "test_near",
        "test_near_failover",
        "test_near_threads",
        "test_sites",
        "test_asgi",
        "test_wsgi",
        "test_expiry",
    ),
    *("test_deadlines", "test_measuring", "test_inspecting", "test_link", "test_near_stale"),
]
#: Those that are the likeliest to notice a bug in a file come first.
LIKELIEST = {
    "create": ["test_defects_d", "test_users", "test_defects_g", "test_defects_c", "test_model"],
    "validate": ["test_native", "test_commands", "test_bindings", "test_lost"],
    "update": ["test_store", "test_defects_d"],
    "destroy": ["test_defects_a", "test_lost"],
    "revoke": ["test_lost"],
    "refresh_revoke": ["test_lost"],
    "refresh_exchange": ["test_lost"],
    "atomic": ["test_promotion"],
    "members": ["test_lost", "test_defects_c", "test_commands"],
    "rate": ["test_limits", "test_defects_g", "test_defects_d"],
    "lock": ["test_locks"],
    "unlock": ["test_locks"],
    "label": ["test_races"],
    "labelled": ["test_races"],
    "native": ["test_native"],
    "store": ["test_races", "test_near_threads"],
    "validating": ["test_bindings", "test_races"],
    "policies": ["test_policies", "test_bindings"],
    "rotating": ["test_promotion", "test_races"],
    "core": ["test_races", "test_near"],
    "rate_back": ["test_passwords", "test_limits"],
    "config": ["test_limits"],
    "passwords": ["test_passwords"],
    "account": ["test_passwords", "test_sites"],
    "sites": ["test_sites"],
    "acting": ["test_asgi", "test_wsgi"],
    "wsgi": ["test_wsgi", "test_near_threads"],
    "expiry": ["test_expiry"],
    "gate": ["test_defects_f"],
    "labels": ["test_flows"],
    "opening": ["test_flows", "test_limits"],
    "flows": ["test_flows"],
    "near": ["test_near_stale", "test_near", "test_near_threads"],
    "hearing": ["test_near_failover"],
    "listening": ["test_near_failover"],
    "tokens": ["test_tokens"],
    "tenants": ["test_tenants"],
    "scope": ["test_deadlines", "test_measuring"],
    "link": ["test_deadlines", "test_limits"],
    "direct": ["test_deadlines"],
    "measuring": ["test_measuring"],
    "outcomes": ["test_measuring"],
    "inspecting": ["test_inspecting"],
    "content": ["test_content"],
}


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
        ("if wait > 0 then return {'RATE', wait} end\n", ""),
        ("{KEYS[3], KEYS[8]}", "{KEYS[3]}"),
        ("ARGV[12], ARGV[15]})", "ARGV[12], ''})"),
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
        ("if ARGV[13] ~= '' and not successor then redis.call('DEL', KEYS[5]) end", ""),
        ("if ARGV[13] ~= '' and not successor then", "if ARGV[13] ~= '' then"),
        ("if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'auth_at', now) end", ""),
        ("redis.call('PEXPIREAT', KEYS[1], expires)", ""),
        ("redis.call('HSET', KEYS[2], sid, string", "local _ = (string"),
        ("local told = said or {", "local told = {"),
        ("and redis.call('HEXISTS', KEYS[2], said[5]) == 1 then", "then"),
        ("  return {'PROMOTED', said[4]}\n", ""),
        (" or ended ~= '' or #evicted", " or #evicted"),
        (", sid}), 'PX', ARGV[17])", ", sid}))"),
        ("  redis.call('PEXPIREAT', KEYS[2], expires + 86400000)\n", ""),
    ),
    *in_script(
        "validate",
        ("if held[10] then return {'ROTATED', held[10]} end", ""),
        ("== 0 then return {'REVOKED'} end", "== 2 then return {'REVOKED'} end"),
        ("if now >= expires then return {'EXPIRED'} end", ""),
        ("redis.call('DEL', KEYS[1])\n        redis.call('HDEL', KEYS[2], ARGV[1])\n", "\n"),
        ("local said = KEYS[3] and redis.call('GET', KEYS[3])", "local said = false"),
        (", 'PX', ARGV[9])", ")"),
        ("    interval = -1\n", ""),
        ("policy ~= '' and shown ~= '' and", "policy ~= '' and"),
        ("' ' .. expected .. ' ', ' ' .. name .. ' '", "expected, name"),
        ("if before[name] and after[name] then", "if true then"),
        ("compared = compared + tonumber(weight)", "compared = compared + 1"),
        ("differing / compared >=", "differing / compared >"),
        ("now - accessed >= interval", "now - accessed > interval"),
        ("if hard > 0 and hard < expires then expires = hard end", ""),
        ("  redis.call('PEXPIREAT', KEYS[1], expires)\n", ""),
        ("    redis.call('PEXPIREAT', KEYS[2], expires + 86400000)\n", ""),
        ("redis.call('HSET', KEYS[1], 'last_access', now,", "redis.call('HSET', KEYS[1],"),
        ("  touched = 1\n", ""),
    ),
    *in_script(
        "update",
        ("if held[4] then return {'ROTATED', held[4]} end", ""),
        ("\n    or redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then", " then"),
        ("if now >= tonumber(held[3]) then return {'MISSING'} end", ""),
        ("if said then return {'OK', tonumber(said)} end\n", ""),
        ("if ARGV[2] ~= '' and ARGV[2] ~= held[2] then return {'CONFLICT', held[2]} end", ""),
        ("if size > tonumber(ARGV[4]) then return {'TOOBIG', size} end", ""),
        ("if count > tonumber(ARGV[5]) then return {'TOOMANY', count} end", ""),
        ("#field + #value", "#value"),
        ("if ARGV[3] == '1' then gone", "if false then gone"),
        ("for _, field in ipairs(gone) do redis.call('HDEL', KEYS[1], field) end", ""),
        ("redis.call('HINCRBY', KEYS[1], 'version', 1)", "tonumber(held[2]) + 1"),
        ("redis.call('SET', KEYS[3], version, 'PX', ARGV[6])\n", ""),
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
        ("  redis.call('PEXPIRE', KEYS[1], ARGV[3])\n", ""),
    ),
    *in_script(
        "destroy",
        ("redis.call('HDEL', KEYS[2], ARGV[1])", "redis.call('HEXISTS', KEYS[2], ARGV[1])"),
        ("redis.call('DEL', KEYS[1])\n", ""),
        ("if held[2] then return {'ROTATED', held[2]} end", ""),
        ("if said then return cjson.decode(said) end", ""),
        ("if not expires then return {'MISSING'} end", "expires, id = expires or '1', id or ''"),
        ("if not (has_expired or held[1]) then return {'MISSING'} end", ""),
        ("tonumber(expires) <= now", "tonumber(expires) < now"),
        ("has_expired and 'EXPIRED' or 'OK'", "'OK'"),
        (", 'PX', ARGV[4])", ")"),
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
        ("if said then return cjson.decode(said) end", ""),
        ("cjson.encode(answer), 'PX', ARGV[3])", "cjson.encode(answer))"),
        ("    redis.call('HDEL', KEYS[1], members[at])\n", ""),
    ),
    *in_script(
        "refresh_revoke",
        ("if said then return cjson.decode(said) end", ""),
        ("(tonumber(expires) <= now) and 1 or 0", "0"),
    ),
    *in_script(
        "refresh_exchange",
        ("local is_again = previous == ARGV[2] and lead == ARGV[4]", "local is_again = false"),
        ("if stolen then", "if false then"),
    ),
    *in_script(
        "members",
        ("said and cjson.decode(said) or {}", "{}"),
        ("if #gone > told then", "if true then"),
        (", 'PX', ARGV[1])", ")"),
        ("expires and tonumber(expires) > now", "expires"),
        ("    redis.call('HDEL', KEYS[1], members[at])\n", ""),
    ),
    *in_script(
        "rate",
        ("if count >= limit then", "if count > limit then"),
        ("at(count - limit + 1)", "at(count)"),
        ("+ window - now\n    if left > 0 then", "+ window - now\n    if left >= 0 then"),
        (" and not (id ~= '' and string.find(held, id, 1, true)) then", " then"),
        ("if #held % width ~= 0 then held = '' end", ""),
        ("while first <= count and at(first) + window <= now do", "while false do"),
        ("return 0, held, window", "return 0, held, 2 * window"),
        (
            "(burst - 1) * interval - now\n  if left > 0 then",
            "(burst - 1) * interval\n  if left > now then",
        ),
        ("(burst - 1) * interval", "burst * interval"),
        ("(burst - 1) * interval", "(burst - 2) * interval"),
        ("math.max(now, tonumber(due or '0'))", "tonumber(due or now)"),
        ("(ids or '') .. id, -limit * #id)", "id, 1)"),
        ("(ids or '') .. id, -limit * #id)", "(ids or '') .. id, 1)"),
        ("'^(%d+):(.*)$'", "'^(%d+):?(.*)$'"),
        (".. ids, due - now", ".. ids, 2 * (due - now)"),
        (", 'PX', each[3])", ")"),
        ("math.max(longest, left)", "left"),
        ("math.max(longest, left)", "(longest > 0) and longest or left"),
        (
            "    counted[#counted + 1] = {number, kept, keep}\n",
            "    if left == 0 then redis.call('SET', KEYS[number], kept, 'PX', keep) end\n",
        ),
    ),
    *in_script(
        "lock",
        ("if held[5] then return {'ROTATED', held[5]} end", ""),
        ("if not held[1] or now >= (tonumber(held[2] or '') or 0)", "if not held[1]"),
        ("    or redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then", "    then"),
        ("and now < tonumber(deadline) then", "then"),
        ("and holder ~= ARGV[2] and", "and"),
        ("now + tonumber(ARGV[3]), ARGV[2]", "now + 1000 * tonumber(ARGV[3]), ARGV[2]"),
    ),
    *in_script(
        "unlock",
        ("~= ARGV[1] then return {'LOST'} end", "== 0 then return {'LOST'} end"),
        ("redis.call('HSET', KEYS[1], 'lock', '0:' .. ARGV[1])", ""),
        (
            "redis.call('HSET', KEYS[1], 'lock', '0:' .. ARGV[1])",
            "redis.call('HDEL', KEYS[1], 'lock')",
        ),
    ),
    *in_script(
        "rate_back",
        ("1, -14)", "1, -13)"),
        ("held, 'PX', left)", "held)"),
        ("if held == '' or left <= 0 then", "if false then"),
        ("tonumber(due) - tonumber(ARGV[2])", "tonumber(due)"),
        ("left = left - tonumber(ARGV[2])", ""),
        (".. ids .. after", ".. id .. ids .. after"),
    ),
    *in_module(
        "passwords",
        ("                await self.take_back(Attempt(attempt_id, counts[:at]))\n", ""),
        ("        if network == UNKNOWN_NETWORK:\n", "        if False:\n"),
        (".casefold()", ""),
    ),
    *in_module(
        "operations/opening",
        (
            "                await self._core.atomic.take_back(key, limit, new.public_id)\n",
            "                pass\n",
        ),
        (
            "        if link.reaches_all_slots:\n            try",
            "        if False:\n            try",
        ),
    ),
    *in_module(
        "config",
        ("(self.limit - (self.burst or 1) + 1)", "(self.limit - (self.burst or 1) + 2)"),
        ("math.ceil(self.window_ms /", "math.floor(self.window_ms /"),
    ),
    *in_module(
        "http/gate",
        ("if request.is_login and self.csrf.is_known", "if self.csrf.is_known"),
        ("and self.csrf.is_known_to_be_ours(request.headers)", ""),
    ),
    *in_module(
        "account",
        ("        await self._limits.take_back(attempt)\n", ""),
        ("if tenant is None else", "if True else"),
        ("if self._is_for_tenants else", "if False else"),
    ),
    *in_module(
        "http/sites",
        ("        if store.tenant is not None:\n", "        if False:\n"),
        ("site is None or site.store is not store", "site is None"),
    ),
    *in_module(
        "http/acting",
        ("        await self._save()\n", ""),
        ("            self.renewed(await", "            self.found(await"),
    ),
    *in_module(
        "wsgi",
        ("            self._session.save()\n            return body", "            return body"),
        (
            "        finally:\n            self._session.save()",
            "        finally:\n            pass",
        ),
        ("            if close is not None:\n                close()\n", "            pass\n"),
        ("            self.store.check()\n", "            pass\n"),
        ("        if session.token is not None:\n", "        if True:\n"),
    ),
    *in_module("operations/core", ("        self.atomic.on_change = near.heard\n", "")),
    *in_module("expiry", ("        if name.startswith(self._prefix) and", "        if")),
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
        ('or (argv[5] and field(b"browser") != argv[4])', ""),
        ('    call(ctx, [b"PEXPIREAT", keys[0], deadline])\n', ""),
        ("if said is None:", "if True:"),
        ('answer, b"PX", argv[8]]', "answer]"),
        ("if left < expires + _HALF_A_DAY_MS - now:", "if False:"),
    ),
    *in_module(
        "operations/validating",
        ("await self._refuses(held_token, session, shown)", "False"),
        ("        if not answer.touched and self._is_due(answer):\n", "        if False:\n"),
        (
            "                await self._core.end(token, events.Why.BINDING)\n",
            "                pass\n",
        ),
        ("        if not touch or session.step_up:\n", "        if not touch:\n"),
        ('object.__setattr__(session, "step_up", True)', "pass"),
        ("or core.epoch.is_known_to_refuse(found[0]):", "or False:"),
        ("ticket, live, is_stale=True)", "ticket, live)"),
        ("        if await self._refuses(token, session, shown):\n", "        if False:\n"),
    ),
    *in_module(
        "policies",
        ('            value = _NUMBERS.sub("", value)\n', "            pass\n"),
        ("        if mismatch.score < config.fingerprint_threshold:\n", "        if False:\n"),
        ("        except Exception as error:\n", "        except MemoryError as error:\n"),
        ('return f"{name} {prefix}" if name else prefix', "return name or prefix"),
    ),
    *in_module(
        "tenants",
        ('prefix=f"{config.prefix}{TENANTS}{digest}:"', "prefix=config.prefix"),
        ("keys={kid: derived(key, info) for kid, key in ring.keys.items()}", "keys=ring.keys"),
        ("routing_key=derived(ring.routing_key, info)", "routing_key=ring.routing_key"),
    ),
    *in_module(
        "operations/rotating",
        ("grace_seconds = 0 if auth else self", "grace_seconds = self"),
        ("if auth is None and grace_ms > 0:", "if True:"),
        ("error.may_have_happened = True  # the new session is there", "pass"),
        (
            "                await self._core.end(issued.token, Why.REPLACED)\n",
            "                pass\n",
        ),
        ("delta.remove, mine.version)", "delta.remove, None)"),
        ("if is_own and version == promotion.version and not", "if not"),
        ("if found is None or auth is None or _shows(found.auth, auth):", "if True:"),
        ("shared_id=lead)", "shared_id=None)"),
    ),
    *in_module(
        "servers/scope",
        ("return min(deadline, self._deadline)", "return deadline"),
        ("        self._deadline = math.inf\n", ""),
        ("        _current.set(self._outer)\n", "        _current.set(None)\n"),
    ),
    *in_module(
        "servers/link",
        ("        if deadline <= now:\n", "        if False:\n"),
        ("self._timed(deadline - self._clock())", "self._timed(self._timeout_seconds)"),
        ("self.reaches_all_slots = self.is_single", "self.reaches_all_slots = True"),
        ("                self.reaches_all_slots = False\n", "                pass\n"),
    ),
    *in_module(
        "servers/direct",
        ("if deadline is not None and not connection", "if False and not connection"),
    ),
    *in_module(
        "operations/inspecting",
        ("        if tag in seen:\n", "        if False:\n"),
        ("users += len(records) > unnamed", "users += 1"),
        ('if record.get("user_id") == user_id:', "if True:"),
    ),
    *in_module(
        "operations/measuring",
        ("else Outcome.of_error(error)", "else Outcome.FAILED"),
        ("found.insert(0, observer(name))", "found.append(observer(name))"),
    ),
    *in_module(
        "atomic",
        ("if text(told[1]) == own_id else []", "if True else []"),
        ("return Ended([], members)\n", "return None\n"),
    ),
    *in_module(
        "operations/labels",
        ("            if await self._atomic.is_marked(key):\n", "            if False:\n"),
    ),
    *in_module(
        "operations/opening",
        ("        await self._refuse_late(token, labels or {})\n", ""),
        ("error.may_have_happened = True  # the session is there", "pass  #"),
    ),
    *in_module(
        "flows",
        (
            "            await self._core.labels.end(label, value, _LOGGED_OUT_MS)\n",
            "            pass\n",
        ),
    ),
    *in_module(
        "operations/core", ("            if missing <= orphans:\n", "            if True:\n")
    ),
    *in_module(
        "store",
        ("        if current is None or current.tag != tag:\n", "        if current is None:\n"),
        ("        if not self._checked.acquire(blocking=False):\n", "        if False:\n"),
        ("            self._checked.release()\n", ""),
    ),
    *in_module(
        "tokens",
        ("if not hmac.compare_digest(check, token[-_CHECK_CHARS:]):", "if False:"),
        ("return digest[:_CHECK_CHARS], digest[_CHECK_CHARS:]", "return digest[:6], body[-43:]"),
    ),
    *in_module(
        "near",
        ("if not reading.is_void:", "if True:"),
        ("ear is None or entry.ear is not ear", "False"),
        ("0 <= age_ns < max_age_ns", "0 <= age_ns"),
        ("            await self.aclose()\n            raise", "            raise"),
        ("and now_ms < self.live.expires_at_ms", "and True"),
        ("entry.now_ms(now_ns, self._max_stale_ns) is None:", "False:"),
        ("max_ns = max(self._max_age_ns, self._max_stale_ns)", "max_ns = self._max_age_ns"),
        ("except Moved:\n                self.forget(ticket.tag)\n", "except Moved:\n"),
        ("Live):\n                self.forget(ticket.tag)\n", "Live):\n"),
        ("            reading.is_void = True\n", "            pass\n"),
        ("last_access_ms=live.read_at_ms, ", ""),
    ),
    *in_module(
        "servers/hearing",
        ("return address == (connection.host, connection.port)", "return True"),
        ("            listener.begin()\n", "            pass\n"),
        ("return not name or any(", "return True or any("),
    ),
    *in_module(
        "servers/listening",
        ("            elif is_asked:\n", "            elif False:\n"),
    ),
    *in_module(
        "content",
        ("if size_bytes > self._max_data_bytes:", "if False:"),
        (
            "        except DecodeError:\n            return None",
            "        except KeyError:\n            return None",
        ),
        ("if len(values) > self._max_fields:", "if False:"),
    ),
]


# --- planting -------------------------------------------------------------------------------------


def plant(mutation: Mutation) -> None:
    """Into this process, as if the file had been so from the start."""
    path = ROOT / "sessions" / mutation.file
    text = path.read_text()
    planted = mutation.planted(text)
    if mutation.file.startswith(SCRIPTS):
        for script in gc.get_objects():
            if isinstance(script, Script) and text.encode() in script.text:
                script.text = script.text.replace(text.encode(), planted.encode())
                script.sha = sha1(script.text, usedforsecurity=False).hexdigest()
        return
    name = ".".join(["sessions", *Path(mutation.file).with_suffix("").parts])
    module = importlib.import_module(name)
    namespace: dict[str, Any] = {**vars(module)}
    exec(compile(planted, str(path), "exec"), namespace)  # noqa: S102 - that is what it is for
    for name, code in _functions(namespace, module.__name__):
        function = _function(vars(module), name)
        function.__code__ = code


def _functions(namespace: dict[str, Any], module: str) -> Iterator[tuple[str, CodeType]]:
    """The functions and methods that a module defines, by their qualified names."""
    for name, value in namespace.items():
        members = vars(value).items() if isinstance(value, type) else [(None, value)]
        for inner, member in members:
            function = _bare(member)
            if isinstance(function, FunctionType) and function.__module__ == module:
                yield f"{name}.{inner}" if inner else name, function.__code__


def _bare(member: Any) -> Any:
    """A function without its decorators."""
    return inspect.unwrap(getattr(member, "fget", None) or getattr(member, "__func__", member))


def _function(namespace: dict[str, Any], name: str) -> Any:
    first, _, inner = name.partition(".")
    found = vars(namespace[first])[inner] if inner else namespace[first]
    return _bare(found)


class Planter:
    """Runs the tests that were collected, once in a child for every bug; tells of the survivors."""

    def __init__(self, mutations: Sequence[Mutation]) -> None:
        self.mutations = mutations
        self.survivors: list[Mutation] = []

    def pytest_collection(self) -> None:
        """That something fails is enough: the least that does would take minutes to find."""
        from hypothesis import Phase, settings  # pytest is to be the first to import it

        settings.register_profile("planted", phases=(Phase.explicit, Phase.generate))
        settings.load_profile("planted")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for mutation in self.mutations:
            survived = in_child(partial(run, session, mutation))
            os.write(2, f"{'SURVIVED' if survived else 'killed'}  {mutation.name}\n".encode())
            if survived:
                self.survivors.append(mutation)
        return True


def run(session: pytest.Session, mutation: Mutation) -> bool:
    """Whether all tests pass though it is planted."""
    plant(mutation)
    first = LIKELIEST.get(Path(mutation.file).stem, [])
    stems = [Path(name).stem for name in TESTS]
    order = {name: at for at, name in reversed([*enumerate([*first, *stems])])}
    items = sorted(session.items, key=lambda item: ("redis" in item.name, order[item.path.stem]))
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return False
    return True


def in_child(check: Callable[[], bool]) -> bool:
    """What a check says in a process of its own, of whose output nothing is seen.

    Raises RuntimeError if it says nothing: a bug that was not planted is not noticed either.
    """
    child = os.fork()
    if child == 0:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        try:
            code = YES if check() else NO
        except BaseException:
            code = NOTHING
        os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (YES, NO):
        raise RuntimeError(f"the child ended with {code} and has not said what became of the bug")
    return code == YES


def main(words: list[str]) -> int:
    planter = Planter([each for each in MUTATIONS if all(word in each.name for word in words)])
    paths = [str(path) for name in TESTS for path in Path(__file__).parent.rglob(f"{name}.py")]
    # Without a reporter, and so without the options for one.
    options = ["-o", "addopts=--import-mode=importlib", "-p", "no:terminal"]
    options += ["-p", "no:cacheprovider", "-k", CHOSEN]
    if pytest.main([*options, *paths], plugins=[planter]) != pytest.ExitCode.OK:
        return 2
    count = len(planter.mutations)
    print(f"{count - len(planter.survivors)} of {count} were noticed")
    for survivor in planter.survivors:
        print("not noticed:", survivor.name)
    return bool(planter.survivors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
