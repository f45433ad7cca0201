"""Requests without their secrets, as the slow log and MONITOR show them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..command import Command
from ..words import keyword

REDACTED = b"(redacted)"

#: Settings whose value is a secret, whether or not this server has them.
SECRET_SETTINGS = frozenset(
    {
        *(b"requirepass", b"masterauth", b"masteruser"),
        *(b"tls-key-file-pass", b"tls-client-key-file-pass"),
    }
)


def redacted(command: Command, argv: list[bytes]) -> list[bytes]:
    """A request without its secrets."""
    places = _PLACES.get(command.name)
    if places is None:
        return argv
    hidden = set(places(argv))
    return [REDACTED if at in hidden else word for at, word in enumerate(argv)]


def _password(argv: list[bytes]) -> Iterable[int]:
    """AUTH: the password and the user's name."""
    return range(1, len(argv))


def _everything(argv: list[bytes]) -> Iterable[int]:
    """ACL SETUSER: all words behind the subcommand."""
    return range(2, len(argv))


def _secret_values(argv: list[bytes]) -> Iterable[int]:
    """CONFIG SET: the values of secret settings."""
    return [at + 1 for at in range(2, len(argv) - 1, 2) if argv[at].lower() in SECRET_SETTINGS]


def _credentials(argv: list[bytes]) -> Iterable[int]:
    """HELLO: the two words behind AUTH."""
    for at, word in enumerate(argv[2:], start=2):
        if keyword(word) == b"AUTH":
            return [at + 1, at + 2]
    return []


def _passwords_of_target(argv: list[bytes]) -> Iterable[int]:
    """MIGRATE: what stands behind AUTH and AUTH2, as far as the options make sense."""
    hidden: list[int] = []
    at = 6
    while at < len(argv) and (option := keyword(argv[at])) in MIGRATE_OPERANDS:
        further = MIGRATE_OPERANDS[option]
        hidden += range(at + 1, at + 1 + further)
        at += 1 + further
    return hidden


#: Which options MIGRATE has before its KEYS, and how many words belong to each: all are secrets.
MIGRATE_OPERANDS = {b"COPY": 0, b"REPLACE": 0, b"AUTH": 1, b"AUTH2": 2}

_PLACES: dict[str, Callable[[list[bytes]], Iterable[int]]] = {
    "auth": _password,
    "hello": _credentials,
    "acl|setuser": _everything,
    "config|set": _secret_values,
    "migrate": _passwords_of_target,
}
