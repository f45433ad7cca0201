"""A user: whether it may authenticate, its passwords, and what it may do.

As in Redis, passwords are kept as SHA-256 in hexadecimal. They are compared in constant time, and
no repr shows them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence

from ..command import Command
from ..config import Config
from ..errors import (
    AclBadHash,
    AclNoSuchPassword,
    AclRuleFault,
    AclRuleRefused,
    AclUnmatchedParenthesis,
)
from ..words import split_words
from .catalogue import Catalogue
from .selector import RANK_OF_REASON, Denial, Selector

_HASH = re.compile(rb"[0-9a-f]{64}")


class User:
    """A name with rules. A new user is off, has no password, and may do nothing."""

    __slots__ = (
        "_catalogue",
        "_config",
        "is_on",
        "is_unrestricted",
        "name",
        "needs_no_password",
        "passwords",
        "sanitizes_payload",
        "selectors",
    )

    def __init__(self, name: bytes, catalogue: Catalogue, config: Config) -> None:
        """Of ``config`` only ``acl-pubsub-default`` is read, whenever a selector is made."""
        self.name = name
        self._catalogue = catalogue
        self._config = config
        self.is_on = False
        self.needs_no_password = False
        #: Whether RESTORE checks payloads thoroughly; None if no rule has said.
        self.sanitizes_payload: bool | None = None
        #: Hashes, in the order given.
        self.passwords: dict[bytes, None] = {}
        self.selectors = [self._new_selector()]
        #: Whether every request is allowed without a look at the rules.
        self.is_unrestricted = False

    def __repr__(self) -> str:
        return f"<User {self.name!r}>"

    @property
    def flags(self) -> list[bytes]:
        """In Redis's order."""
        flags = [b"on" if self.is_on else b"off"]
        if self.needs_no_password:
            flags.append(b"nopass")
        if self.sanitizes_payload is not None:
            flags.append(
                b"sanitize-payload" if self.sanitizes_payload else b"skip-sanitize-payload"
            )
        return flags

    @property
    def lets_anybody_in(self) -> bool:
        """Whether connections need not authenticate; asked of the default user."""
        return self.is_on and self.needs_no_password

    # --- authentication ---------------------------------------------------------------------------

    def accepts(self, password: bytes) -> bool:
        """Whether this password is right. It takes as long if it is wrong."""
        digest = hash_password(password)
        # Every hash is compared, so that the time reveals nothing.
        matches = [hmac.compare_digest(digest, each) for each in self.passwords]
        return self.is_on and (self.needs_no_password or any(matches))

    # --- rules ------------------------------------------------------------------------------------

    def change(self, rules: Sequence[bytes]) -> None:
        """Apply rules, all of them or none. Raises CommandError in ACL SETUSER's words."""
        staged = self._copy()
        for rule in merge_selectors(rules):
            try:
                staged.apply(rule)
            except AclRuleFault as fault:
                raise AclRuleRefused(rule, fault) from None
        self.become(staged)

    def _copy(self) -> User:
        twin = User(self.name, self._catalogue, self._config)
        twin.become(self)
        twin.selectors = [selector.copy() for selector in self.selectors]
        twin.passwords = dict(self.passwords)
        return twin

    def become(self, other: User) -> None:
        """Take over another user's rules; connections that are this user remain so."""
        self.is_on = other.is_on
        self.needs_no_password = other.needs_no_password
        self.sanitizes_payload = other.sanitizes_payload
        self.passwords = other.passwords
        self.selectors = other.selectors
        self.settle()

    def settle(self) -> None:
        """Sum up the rules; call it after the last one is applied."""
        self.is_unrestricted = any(selector.is_unrestricted for selector in self.selectors)

    def apply(self, rule: bytes) -> None:
        """Apply one rule. Raises AclRuleFault."""
        word = rule.partition(b"\0")[0].lower()
        simple = _SIMPLE_RULES.get(word)
        if simple is not None:
            simple(self)
        elif word[:1] in (b">", b"#"):
            self._add_password(rule)
        elif word[:1] in (b"<", b"!"):
            self._remove_password(rule)
        elif word[:1] == b"(" and rule[-1:] == b")":
            self._add_selector(rule[1:-1])
        elif rule:
            self.selectors[0].apply(rule)

    def _turn_on(self) -> None:
        self.is_on = True

    def _turn_off(self) -> None:
        self.is_on = False

    def _sanitize(self) -> None:
        self.sanitizes_payload = True

    def _skip_sanitizing(self) -> None:
        self.sanitizes_payload = False

    def _need_no_password(self) -> None:
        self.needs_no_password = True
        self.passwords.clear()

    def _forget_passwords(self) -> None:
        self.needs_no_password = False
        self.passwords.clear()

    def _clear_selectors(self) -> None:
        del self.selectors[1:]

    def _reset(self) -> None:
        """Back to a new user, but with payloads checked."""
        self._forget_passwords()
        self._turn_off()
        self._sanitize()
        self.selectors = [self._new_selector()]

    def _add_password(self, rule: bytes) -> None:
        digest = _read_password(rule, hash_sign=b"#")
        self.passwords[digest] = None
        self.needs_no_password = False

    def _remove_password(self, rule: bytes) -> None:
        digest = _read_password(rule, hash_sign=b"!")
        if digest not in self.passwords:
            raise AclNoSuchPassword
        del self.passwords[digest]

    def _add_selector(self, text: bytes) -> None:
        selector = self._new_selector()
        # Unbalanced quotes make an empty selector, as in Redis.
        for rule in split_words(text) or ():
            selector.apply(rule)
        self.selectors.append(selector)

    def _new_selector(self) -> Selector:
        has_all = self._config.acl_pubsub_default == "allchannels"
        return Selector(self._catalogue, has_all_channels=has_all)

    # --- asking -----------------------------------------------------------------------------------

    def denial(self, command: Command, argv: list[bytes]) -> Denial | None:
        """Why no selector allows a request; None if one does.

        Of several reasons, the one with the highest rank counts; among equals, that of the latest
        word.
        """
        if self.is_unrestricted:
            return None
        told, at = Denial("command"), 0
        for selector in self.selectors:
            denial = selector.denial(command, argv)
            if denial is None:
                return None
            # A refused command has no position: Redis then uses that of the selector before.
            at = denial.at or at
            rank, told_rank = RANK_OF_REASON[denial.reason], RANK_OF_REASON[told.reason]
            if rank > told_rank or (rank == told_rank and at > told.at):
                told = Denial(denial.reason, at)
        return told

    def may_access_every_key(self, command: Command, argv: list[bytes], needed: int) -> bool:
        """Whether one selector allows a request and, besides, every key."""
        return any(
            selector.allows_every_key(needed) and selector.denial(command, argv) is None
            for selector in self.selectors
        )

    @property
    def channels(self) -> frozenset[bytes] | None:
        """The channel patterns of all selectors; None if one of them allows every channel."""
        if any(selector.has_all_channels for selector in self.selectors):
            return None
        return frozenset(channel for selector in self.selectors for channel in selector.channels)

    def may_hear(self, channel: bytes, *, is_pattern: bool) -> bool:
        """Whether a subscription is allowed."""
        return any(each.allows_channel(channel, is_pattern=is_pattern) for each in self.selectors)


_SIMPLE_RULES: dict[bytes, Callable[[User], None]] = {
    b"on": User._turn_on,
    b"off": User._turn_off,
    b"sanitize-payload": User._sanitize,
    b"skip-sanitize-payload": User._skip_sanitizing,
    b"nopass": User._need_no_password,
    b"resetpass": User._forget_passwords,
    b"clearselectors": User._clear_selectors,
    b"reset": User._reset,
}


def hash_password(password: bytes) -> bytes:
    return hashlib.sha256(password).hexdigest().encode()


def _read_password(rule: bytes, *, hash_sign: bytes) -> bytes:
    """The hash in a rule, or the hash of the password in it."""
    if rule[:1] != hash_sign:
        return hash_password(rule[1:])
    if not _HASH.fullmatch(rule[1:]):
        raise AclBadHash
    return rule[1:]


def merge_selectors(rules: Sequence[bytes]) -> list[bytes]:
    """The rules, with a selector that is spread over several words joined into one.

    Raises AclUnmatchedParenthesis.
    """
    merged: list[bytes] = []
    opened = b""
    parts: list[bytes] = []
    for rule in rules:
        # As in Redis, a selector that opens inside another replaces it.
        if rule[:1] == b"(" and rule[-1:] != b")":
            opened, parts = rule, [rule]
        elif not opened:
            merged.append(rule)
        else:
            parts.append(rule)
            if rule[-1:] == b")":
                merged.append(b" ".join(parts))
                opened = b""
    if opened:
        raise AclUnmatchedParenthesis(opened)
    return merged
