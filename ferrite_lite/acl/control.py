"""The users of one server, and the lines of a file that define them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..command import CommandTable
from ..config import Config
from ..errors import AclBadUserName, AclRuleFault, AclUnknownName, AclUnmatchedParenthesis, as_text
from .catalogue import Catalogue
from .description import describe_user
from .log import AclLog
from .selector import SPACES
from .user import User, merge_selectors

DEFAULT_USER = b"default"

_FREE_RULES = (b"on", b"nopass", b"allkeys", b"allchannels", b"allcommands")


@dataclass(frozen=True, slots=True)
class UserLine:
    """``user <name> <rules>``, and where it stands in its file."""

    number: int
    words: Sequence[bytes]


class AccessControl:
    """All users. One of them, ``default``, always exists: every connection begins as it."""

    def __init__(self, table: CommandTable, config: Config) -> None:
        self.catalogue = Catalogue(table)
        self.log = AclLog()
        self._config = config
        self.default = self._free_default()
        self._users: dict[bytes, User] = {DEFAULT_USER: self.default}
        if config.requirepass:
            self.require_password(config.requirepass)

    def _free_default(self) -> User:
        user = self.new_user(DEFAULT_USER)
        user.change(_FREE_RULES)
        return user

    def require_password(self, password: bytes) -> None:
        """``requirepass``: make this the default user's only password; empty means no password."""
        self.default.change([b"resetpass", b">" + password if password else b"nopass"])

    def find(self, name: bytes) -> User | None:
        return self._users.get(name)

    def authenticate(self, name: bytes, password: bytes) -> User | None:
        """The user whose name and password these are; None if anything is wrong."""
        user = self._users.get(name)
        if user is None:
            # Takes as long as for a name that exists.
            self.default.accepts(password)
            return None
        return user if user.accepts(password) else None

    def new_user(self, name: bytes) -> User:
        """A user that is not added yet."""
        return User(name, self.catalogue, self._config)

    def add(self, user: User) -> None:
        user.settle()
        self._users[user.name] = user

    def remove(self, name: bytes) -> User | None:
        """Remove a user and return it; None if there is none. The default user stays."""
        return None if name == DEFAULT_USER else self._users.pop(name, None)

    def users(self) -> list[User]:
        """In the order of their names."""
        return [self._users[name] for name in sorted(self._users)]

    def describe(self, *, whole: bool) -> list[bytes]:
        """A line for each user, from which it can be made anew; see ``description``."""
        return [
            b"user %b %b" % (user.name, describe_user(user, whole=whole)) for user in self.users()
        ]

    # --- users in files ---------------------------------------------------------------------------

    def read_file(self, name: str, text: bytes) -> tuple[list[User], str]:
        """The users that an ACL file defines, or what is wrong with it, in Redis's words."""
        users: dict[bytes, User] = {}
        faults = ""
        for number, line in enumerate(text.split(b"\n"), 1):
            words = line.strip(b" \t\r\n").split(b" ")
            if words != [b""]:
                faults += self._read_file_line(f"{name}:{number}", number, words, users)
        if faults:
            faults += (
                "WARNING: ACL errors detected, no change to the previously active ACL rules was"
                " performed"
            )
        return list(users.values()), faults

    def _read_file_line(
        self, where: str, number: int, words: list[bytes], users: dict[bytes, User]
    ) -> str:
        """Add one user to ``users``; the faults of the line, each with a space behind it."""
        if words[0] != b"user" or len(words) < 2:
            return f"{where} should start with user keyword followed by the username. "
        name = words[1]
        if not SPACES.isdisjoint(name):
            return f"'{where}: username '{as_text(name)}' contains invalid characters. "
        if name in users:
            return f"WARNING: Duplicate user '{as_text(name)}' found on line {number}. "
        user = users[name] = self.new_user(name)
        try:
            rules = merge_selectors(words[2:])
        except AclUnmatchedParenthesis:
            return f"{where}: Unmatched parenthesis in selector definition."
        faults = ""
        others = 0
        for rule in rules:
            try:
                user.apply(rule.strip(b"\t\r\n"))
            except AclUnknownName as fault:
                faults += f"{where}: Error in applying operation '{as_text(rule)}': {fault}. "
            except AclRuleFault as fault:
                # The rule itself may be a password, so only the first fault's kind is reported.
                others += 1
                faults += f"{where}: {fault}. " if others == 1 else ""
        return faults

    def replace_users(self, users: Iterable[User]) -> list[User]:
        """Replace all users by these, and return the old ones.

        The default user keeps its identity and gets new rules. As in Redis, no other user does: one
        with the same name is another user.
        """
        gone = [user for user in self._users.values() if user is not self.default]
        self._users = {}
        for user in users:
            self.add(user)
        self.default.become(self._users.get(DEFAULT_USER) or self._free_default())
        self._users[DEFAULT_USER] = self.default
        return gone

    def load_users(self, lines: Iterable[UserLine]) -> list[tuple[int, str]]:
        """Define users by the ``user`` lines of a configuration file, before anybody connects.

        Returns what is wrong, by line number; if anything is, no user has changed.
        """
        read: dict[bytes, User] = {}
        faults = []
        for line in lines:
            fault = self._read_line(line.words, read)
            if fault:
                faults.append((line.number, fault))
        if faults:
            return faults
        for user in read.values():
            if user.name == DEFAULT_USER:
                self.default.become(user)
            else:
                self.add(user)
        return []

    def _read_line(self, words: Sequence[bytes], users: dict[bytes, User]) -> str:
        if len(words) < 2 or words[0].lower() != b"user":
            return "should start with user keyword followed by the username"
        name = words[1]
        if not is_user_name(name):
            return str(AclBadUserName()).removeprefix("ERR ")
        if name in users:
            return "Duplicate user found. A user can only be defined once in config files"
        user = users[name] = self.new_user(name)
        if name == DEFAULT_USER:
            user.apply(b"reset")
        try:
            for rule in merge_selectors(words[2:]):
                user.apply(rule)
        except AclUnmatchedParenthesis as fault:
            return str(fault).removeprefix("ERR ")
        except AclUnknownName as fault:
            return f"Error in applying operation '{as_text(rule)}': {fault}"
        except AclRuleFault as fault:
            return str(fault)
        return ""


def is_user_name(name: bytes) -> bool:
    return SPACES.isdisjoint(name)
