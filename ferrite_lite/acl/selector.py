"""One set of permissions: commands, keys and channels. A user has one or more of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from ..command import Command
from ..errors import (
    AclChannelsAfterAll,
    AclFirstWordOfSubcommand,
    AclKeysAfterAll,
    AclSyntax,
    AclUnknownName,
)
from ..patterns import Matcher, matcher
from .catalogue import Catalogue, Named

READ = 1
WRITE = 2

#: Every bit: all commands, including those yet to come.
ALL_COMMANDS = -1

#: What C takes for white space, and the zero byte.
SPACES = frozenset(b" \t\n\v\f\r\0")

#: The permission that a user needs for what a command does to a key.
_PERMISSION_FOR = {"access": READ, "insert": WRITE, "delete": WRITE, "update": WRITE}


class Denial(NamedTuple):
    """Why a request is refused: ``reason`` as ACL LOG calls it, and the position of the word."""

    reason: str  # command, key or channel
    at: int = 0


#: Of several refusals, the one with the highest rank is reported.
RANK_OF_REASON = {"command": 1, "key": 2, "channel": 3}


@dataclass(slots=True)
class Selector:
    """Permissions, and the rules that change them. A new one permits nothing."""

    catalogue: Catalogue
    #: A bit for each command; negative if commands yet to come are allowed too.
    commands: int = 0
    #: The commands newer than Redis 7.0 about which a rule says something by their names.
    named: int = 0
    #: Saves looking at bits: set by ``+@all``, until any command is taken away.
    has_all_commands: bool = False
    #: Commands that are allowed with certain first words only: the words in lower case, and as
    #: they were given.
    first_words: dict[str, dict[bytes, bytes]] = field(default_factory=dict)
    has_all_keys: bool = False
    #: Patterns of keys, in the order given, and what may be done to the keys.
    keys: dict[bytes, int] = field(default_factory=dict)
    has_all_channels: bool = False
    #: Patterns of channels, in the order given.
    channels: dict[bytes, None] = field(default_factory=dict)
    #: For each permission, the matchers of the patterns that grant it. Computed once: a selector's
    #: rules no longer change when it is in use.
    _matchers: dict[int, list[Matcher]] = field(default_factory=dict, init=False)

    def copy(self) -> Selector:
        return Selector(
            self.catalogue,
            self.commands,
            self.named,
            self.has_all_commands,
            {name: dict(words) for name, words in self.first_words.items()},
            self.has_all_keys,
            dict(self.keys),
            self.has_all_channels,
            dict(self.channels),
        )

    @property
    def is_unrestricted(self) -> bool:
        return self.has_all_commands and self.has_all_keys and self.has_all_channels

    # --- rules ------------------------------------------------------------------------------------

    def apply(self, rule: bytes) -> None:
        """Change the permissions as one rule says. Raises AclRuleFault, and then changes nothing.

        A rule ends at a zero byte.
        """
        word = rule.partition(b"\0")[0]
        match word.lower():
            case b"allkeys" | b"~*":
                self._set_all_keys(on=True)
            case b"resetkeys":
                self._set_all_keys(on=False)
            case b"allchannels" | b"&*":
                self.set_all_channels(on=True)
            case b"resetchannels":
                self.set_all_channels(on=False)
            case b"allcommands" | b"+@all":
                self._set_all_commands(on=True)
            case b"nocommands" | b"-@all":
                self._set_all_commands(on=False)
            case _:
                self._apply_with_argument(word, rule)

    def _apply_with_argument(self, word: bytes, rule: bytes) -> None:
        if word[:1] in (b"~", b"%"):
            self._allow_keys(rule)
        elif word[:1] == b"&":
            self._allow_channel(rule[1:])
        elif word[:2] in (b"+@", b"-@"):
            self._change_category(word[2:], on=word[:1] == b"+")
        elif word[:1] == b"-":
            self._change_command(self._named(word[1:]), on=False)
        elif word[:1] == b"+":
            self._allow_command(word[1:])
        else:
            raise AclSyntax

    def _set_all_keys(self, *, on: bool) -> None:
        self.has_all_keys = on
        self.keys.clear()

    def set_all_channels(self, *, on: bool) -> None:
        self.has_all_channels = on
        self.channels.clear()

    def _set_all_commands(self, *, on: bool) -> None:
        self.commands = ALL_COMMANDS if on else 0
        self.named = 0
        self.has_all_commands = on
        self.first_words.clear()

    def _allow_keys(self, rule: bytes) -> None:
        if self.has_all_keys:
            raise AclKeysAfterAll
        permission, pattern = _read_key_rule(rule)
        if not SPACES.isdisjoint(pattern):
            raise AclSyntax
        self.keys[pattern] = self.keys.get(pattern, 0) | permission

    def _allow_channel(self, pattern: bytes) -> None:
        if self.has_all_channels:
            raise AclChannelsAfterAll
        if not SPACES.isdisjoint(pattern):
            raise AclSyntax
        self.channels[pattern] = None

    def _change_category(self, name: bytes, *, on: bool) -> None:
        category = self.catalogue.category(name)
        if category is None:
            raise AclUnknownName
        self._change(category.reach, on=on)
        self.named &= ~category.reach
        if self.first_words:
            for named in self.catalogue:
                if named.bit & category.reach:
                    self.first_words.pop(named.name, None)

    def _change_command(self, named: Named, *, on: bool) -> None:
        self._change(named.reach, on=on)
        if not named.is_counted:
            self.named |= named.reach
        self.first_words.pop(named.name, None)

    def _change(self, bits: int, *, on: bool) -> None:
        if on:
            self.commands |= bits
        else:
            self.commands &= ~bits
            self.has_all_commands = False

    def _allow_command(self, name: bytes) -> None:
        """Allow a command, one of its subcommands, or a command with a certain first word."""
        before, bar, last = name.rpartition(b"|")
        if not bar:
            self._change_command(self._named(name), on=True)
            return
        command = self._named(before)
        if command.is_subcommand:
            raise AclFirstWordOfSubcommand
        if not last:
            raise AclSyntax
        if command.subcommands:
            self._change_command(self._named(name), on=True)
            return
        self.first_words.setdefault(command.name, {}).setdefault(last.lower(), last)

    def _named(self, name: bytes) -> Named:
        named = self.catalogue.find(name)
        if named is None:
            raise AclUnknownName
        return named

    # --- asking -----------------------------------------------------------------------------------

    def denial(self, command: Command, argv: list[bytes]) -> Denial | None:
        """Why this request is not allowed; None if it is."""
        if not self._allows_command(command, argv):
            return Denial("command")
        if not self.has_all_keys:
            for at, flags in command.key_uses(argv):
                if not self._allows_key(argv[at], _needed_permission(flags)):
                    return Denial("key", at)
        if not self.has_all_channels and command.channels:
            is_pattern = command.channels == "patterns"
            for at in command.channel_positions(argv):
                if not self.allows_channel(argv[at], is_pattern=is_pattern):
                    return Denial("channel", at)
        return None

    def _allows_command(self, command: Command, argv: list[bytes]) -> bool:
        if self.has_all_commands or "no_auth" in command.flags:
            return True
        if self.commands & self.catalogue.bit_of(command):
            return True
        words = self.first_words.get(command.name, ())
        return len(argv) > 1 and argv[1].lower() in words

    def _allows_key(self, key: bytes, needed: int) -> bool:
        matchers = self._matchers.get(needed)
        if matchers is None:
            matchers = self._matchers[needed] = [
                matcher(pattern)
                for pattern, permission in self.keys.items()
                if permission & needed == needed
            ]
        return any(matches(key) for matches in matchers)

    def allows_every_key(self, needed: int) -> bool:
        """Whether no key is out of reach; two patterns that together match all do not count."""
        return self.has_all_keys or self.keys.get(b"*", 0) & needed == needed

    def allows_channel(self, channel: bytes, *, is_pattern: bool) -> bool:
        """Whether a subscription is allowed: a channel must match a rule, a pattern equal one."""
        if is_pattern:
            return self.has_all_channels or channel in self.channels
        return self.has_all_channels or any(matcher(each)(channel) for each in self.channels)


def _read_key_rule(rule: bytes) -> tuple[int, bytes]:
    """What ``~pattern`` or ``%RW~pattern`` permits, and the pattern."""
    if rule[:1] == b"~":
        return READ | WRITE, rule[1:]
    letters, _, pattern = rule[1:].partition(b"~")
    permission = 0
    for letter in letters.upper():
        added = {ord("R"): READ, ord("W"): WRITE}.get(letter, 0)
        # Without a letter there is nothing to permit: Redis takes such a rule, and falls over it.
        if not added or permission & added:
            raise AclSyntax
        permission |= added
    if not permission:
        raise AclSyntax
    return permission, pattern


@cache
def _needed_permission(flags: tuple[str, ...]) -> int:
    """The permission that a user needs for what a command does to a key."""
    needed = 0
    for flag in flags:
        needed |= _PERMISSION_FOR.get(flag, 0)
    return needed
