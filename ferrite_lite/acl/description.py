"""Permissions written as rules: the text of ACL LIST, ACL GETUSER and of ACL files.

Redis 7.0 does not keep the rules a user was given. It looks for a few categories that come close to
what the user may run, and then names the commands that remain. Its choice of categories is visible
to clients, so this module follows it step by step.

What a client is told (``whole`` is false) are the commands of Redis 7.0, and any newer one that a
rule has named. What is written to a file names every command: it must make the same user anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from .catalogue import ACL_CATEGORIES
from .selector import ALL_COMMANDS, READ, WRITE, Selector
from .user import User

_KEY_PREFIXES = {READ | WRITE: b"~", READ: b"%R~", WRITE: b"%W~"}


def describe_user(user: User, *, whole: bool) -> bytes:
    """The rules that recreate a user: ``on #hash ~* resetchannels -@all +get``."""
    first, *others = user.selectors
    words = [*user.flags, *(b"#" + password for password in user.passwords)]
    words.append(_describe_selector(first, whole=whole))
    words.extend(b"(%b)" % _describe_selector(each, whole=whole) for each in others)
    return b" ".join(words)


def _describe_selector(selector: Selector, *, whole: bool) -> bytes:
    words = [describe_keys(selector)] if selector.has_all_keys or selector.keys else []
    if not selector.has_all_channels:
        words.append(b"resetchannels")
    if selector.has_all_channels or selector.channels:
        words.append(describe_channels(selector))
    words.append(describe_commands(selector, whole=whole))
    return b" ".join(words)


def describe_keys(selector: Selector) -> bytes:
    if selector.has_all_keys:
        return b"~*"
    return b" ".join(_KEY_PREFIXES[access] + key for key, access in selector.keys.items())


def describe_channels(selector: Selector) -> bytes:
    if selector.has_all_channels:
        return b"&*"
    return b" ".join(b"&" + channel for channel in selector.channels)


def describe_commands(selector: Selector, *, whole: bool) -> bytes:
    """Such as ``-@all +@hash -hset +select|0``: it begins with all commands, or with none."""
    is_additive = selector.commands >= 0
    words = ["-@all" if is_additive else "+@all"]
    drawn = 0 if is_additive else ALL_COMMANDS
    for name in _fitting_categories(selector, is_additive=is_additive):
        words.append(f"{'+' if is_additive else '-'}@{name}")
        reach = selector.catalogue.categories[name].reach
        drawn = drawn | reach if is_additive else drawn & ~reach
    rules = [word.encode() for word in words]
    rules.extend(_single_commands(selector, drawn, ALL_COMMANDS if whole else selector.named))
    return b" ".join(rules)


def _fitting_categories(selector: Selector, *, is_additive: bool) -> Iterator[str]:
    """The categories most of whose commands are allowed (or not, if not additive), best first."""
    categories = selector.catalogue.categories
    remaining = list(ACL_CATEGORIES)
    left = selector.commands
    while remaining:
        best, best_fit = "", (0, 0)
        for name in remaining:
            members = categories[name].members
            allowed = (left & members).bit_count()
            denied = members.bit_count() - allowed
            same, different = (allowed, denied) if is_additive else (denied, allowed)
            # The category with the fewest misfits wins; among equals, the one with the most fits.
            fit = (-different, same)
            if same > different and (not best or fit > best_fit):
                best, best_fit = name, fit
        if not best:
            return
        yield best
        remaining.remove(best)
        reach = categories[best].reach
        left = left & ~reach if is_additive else left | reach


def _single_commands(selector: Selector, drawn: int, newer: int) -> Iterator[bytes]:
    """Rules for the commands on which ``drawn``, what was written so far, is not right.

    Of the ``newer`` commands those that are to be named.
    """
    for named in selector.catalogue:
        if not named.is_counted and not newer & named.bit:
            continue
        allowed = bool(selector.commands & named.bit)
        if allowed != bool(drawn & named.bit):
            yield (b"+" if allowed else b"-") + named.name.encode()
            drawn = drawn | named.reach if allowed else drawn & ~named.reach
        if not allowed:
            for word in selector.first_words.get(named.name, {}).values():
                yield b"+%b|%b" % (named.name.encode(), word)
