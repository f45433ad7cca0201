"""Tokens: what the browser holds, and what the store holds instead.

A token is ``kid.tag.secret``. The secret is 256 random bits and a check of the whole, so that junk
is refused without asking the store. The tag tells which user it belongs to, opaquely: it is the
hash tag of all the user's keys, so a token alone says where everything is. The store knows a
session by its sid, part of an HMAC of the token under the key that ``kid`` names: nothing in the
store can be presented.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import ConfigError

#: OWASP ASVS 7.2.3 asks for 128 bits.
SECRET_BYTES = 32
#: 36 bits: of 69 billion made-up tokens, one reaches the store.
_CHECK_CHARS = 6
_TAG_BYTES = 8
_SALT_BYTES = 16
_PUBLIC_ID_CHARS = 12
_MIN_KEY_BYTES = 32
MAX_TOKEN_CHARS = 80

#: Key id, tag, and 43 characters of secret before those of the check.
_TOKEN = re.compile(r"([A-Za-z0-9]{1,2})\.([a-z2-7]{13})\.[A-Za-z0-9_-]{49}")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys under which tokens are hashed, by their id.

    New tokens use ``current``; tokens of every key in the ring are accepted, so dropping one
    revokes everything under it. ``routing_key`` hides user ids in key names and never rotates: it
    guards no secret, and another one would not find the sessions of before.
    """

    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    routing_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ConfigError(f"the ring has no key {self.current!r}")
        if not all(re.fullmatch("[A-Za-z0-9]{1,2}", kid) for kid in self.keys):
            raise ConfigError("a key id is one or two letters or digits")
        if min(map(len, [*self.keys.values(), self.routing_key])) < _MIN_KEY_BYTES:
            raise ConfigError(f"a key has at least {_MIN_KEY_BYTES} bytes")

    @classmethod
    def generate(cls) -> KeyRing:
        """A ring of one new key: for a store that lives no longer than its process."""
        return cls(
            current="k1",
            keys={"k1": secrets.token_bytes(_MIN_KEY_BYTES)},
            routing_key=secrets.token_bytes(_MIN_KEY_BYTES),
        )


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a token says: whose it is (``tag``) and what the store calls it (``sid``)."""

    tag: str
    sid: str


class Tokens:
    """Makes and reads tokens under one key ring."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def tag(self, user_id: str) -> str:
        """The user's part of every token and key: 13 characters that tell nothing."""
        return _tag(_hmac(self._ring.routing_key, b"tag", user_id.encode()))

    def issue(self, user_id: str | None) -> tuple[str, Ticket]:
        """A new token for a user, and its ticket. Nobody in particular gets a tag of his own."""
        tag = _tag(secrets.token_bytes(_TAG_BYTES)) if user_id is None else self.tag(user_id)
        return self._token(self._ring.current, tag, secrets.token_bytes(SECRET_BYTES))

    def new_lead(self) -> str:
        """What the store keeps in place of a rotated session, to lead its token to the next one."""
        return f"{self._ring.current}.{_base64(secrets.token_bytes(_SALT_BYTES))}"

    def successor(self, token: str, lead: str) -> tuple[str, Ticket] | None:
        """The token that replaces another one: the same for everybody who holds that and the lead.

        Requests that rotate at the same moment so agree on one successor, though the store holds
        no token; from the lead alone nobody finds it. None if the ring has no such key, or no more.
        """
        kid = lead.partition(".")[0]
        ticket, key = self.read(token), self._ring.keys.get(kid)
        if ticket is None or key is None:
            return None
        secret = _hmac(key, b"successor", f"{token} {lead}".encode())
        return self._token(kid, ticket.tag, secret)

    def _token(self, kid: str, tag: str, secret: bytes) -> tuple[str, Ticket]:
        body = f"{kid}.{tag}.{_base64(secret)}"
        check, sid = _check_and_sid(self._ring.keys[kid], body)
        return body + check, Ticket(tag, sid)

    def read(self, token: str) -> Ticket | None:
        """The ticket of a well-formed token; None for junk, at no cost to the store."""
        if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARS:
            return None
        match = _TOKEN.fullmatch(token)
        key = self._ring.keys.get(match[1]) if match else None
        if match is None or key is None:
            return None
        check, sid = _check_and_sid(key, token[:-_CHECK_CHARS])
        if not hmac.compare_digest(check, token[-_CHECK_CHARS:]):
            return None
        return Ticket(match[2], sid)

    def public_id(self, sid: str) -> str:
        """A name for lists, logs and URLs: from it neither token nor sid can be found."""
        return self.digest(b"public", sid)[:_PUBLIC_ID_CHARS]

    def digest(self, label: bytes, message: str) -> str:
        """A keyed hash of what must not lie in the store as it is; ``label`` tells uses apart."""
        return _base64(_hmac(self._ring.routing_key, label, message.encode()))


def _hmac(key: bytes, label: bytes, message: bytes) -> bytes:
    """One key, several uses: the label keeps them apart."""
    return hmac.digest(key, label + b"\0" + message, "sha256")


def _check_and_sid(key: bytes, body: str) -> tuple[str, str]:
    """Two parts of one HMAC, of which neither tells anything of the other."""
    digest = _base64(_hmac(key, b"token", body.encode()))
    return digest[:_CHECK_CHARS], digest[_CHECK_CHARS:]


def _tag(digest: bytes) -> str:
    return base64.b32encode(digest[:_TAG_BYTES]).decode().rstrip("=").lower()


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
