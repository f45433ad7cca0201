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
import json
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

    @classmethod
    def from_json(cls, text: str) -> KeyRing:
        """A ring as ``to_json`` wrote it. Raises ConfigError, which shows none of it."""
        try:
            held = json.loads(text)
            keys = {kid: base64.b64decode(key, validate=True) for kid, key in held["keys"].items()}
            routing_key = base64.b64decode(held["routing_key"], validate=True)
            return cls(current=held["current"], keys=keys, routing_key=routing_key)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError(
                "this is no key ring: make one with 'python -m sessions keys'"
            ) from None

    def to_json(self) -> str:
        """The ring as one line of text, to be kept where secrets are kept (ASVS 13.3.1)."""
        keys = {kid: base64.b64encode(key).decode() for kid, key in self.keys.items()}
        routing_key = base64.b64encode(self.routing_key).decode()
        return json.dumps({"current": self.current, "keys": keys, "routing_key": routing_key})

    def with_new_key(self) -> KeyRing:
        """A ring whose new tokens are under a key of their own; those of before stay valid."""
        numbers = [int(kid[1:]) for kid in self.keys if re.fullmatch("k[0-9]", kid)]
        kid = f"k{(max(numbers, default=0) % 9) + 1}"
        if kid in self.keys:
            raise ConfigError(f"drop the key {kid} first: there is no room for another one")
        keys = {**self.keys, kid: secrets.token_bytes(_MIN_KEY_BYTES)}
        return KeyRing(current=kid, keys=keys, routing_key=self.routing_key)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a token says: whose it is (``tag``) and what the store calls it (``sid``)."""

    tag: str
    sid: str


class Tokens:
    """Makes and reads tokens under one key ring.

    Tokens of another ``purpose`` look the same, and are junk here.
    """

    def __init__(self, ring: KeyRing, purpose: bytes = b"token") -> None:
        self._ring = ring
        self._purpose = purpose

    def of(self, purpose: bytes) -> Tokens:
        """The same for tokens of another purpose."""
        return Tokens(self._ring, purpose)

    @property
    def ring(self) -> KeyRing:
        return self._ring

    @property
    def kid(self) -> str:
        """The id of the key that new tokens are under."""
        return self._ring.current

    def tag(self, user_id: str) -> str:
        """The user's part of every token and key: 13 characters that tell nothing."""
        return _tag(_hmac(self._ring.routing_key, b"tag", user_id.encode()))

    def issue(self, user_id: str | None) -> tuple[str, Ticket]:
        """A new token for a user, and its ticket. Nobody in particular gets a tag of his own."""
        tag = _tag(secrets.token_bytes(_TAG_BYTES)) if user_id is None else self.tag(user_id)
        return self.make(self._ring.current, tag, secrets.token_bytes(SECRET_BYTES))

    def new_lead(self) -> str:
        """What the store keeps in place of a rotated session, to lead its token to the next one."""
        return f"{self._ring.current}.{_base64(secrets.token_bytes(_SALT_BYTES))}"

    def successor(self, token: str, lead: str) -> tuple[str, Ticket] | None:
        """The token that replaces another one: the same for everybody who holds that and the lead.

        Requests that rotate at the same moment so agree on one successor, though the store holds
        no token; from the lead alone nobody finds it. None if the ring has no such key, or no more.
        """
        ticket, shared = self.read(token), self.shared(token, lead, b"successor")
        if ticket is None or shared is None:
            return None
        kid, secret = shared
        return self.make(kid, ticket.tag, secret)

    def promoted(self, token: str, lead: str, user_id: str) -> tuple[str, Ticket] | None:
        """The token of a user that takes the place of a visitor's: on which all agree likewise."""
        shared = self.shared(token, lead, b"promoted")
        return None if shared is None else self.make(shared[0], self.tag(user_id), shared[1])

    def shared(self, token: str, lead: str, label: bytes) -> tuple[str, bytes] | None:
        """The key id of a lead, and a secret on which all agree who hold the token and the lead."""
        kid = lead.partition(".")[0]
        key = self._ring.keys.get(kid)
        return None if key is None else (kid, _hmac(key, label, f"{token} {lead}".encode()))

    def make(self, kid: str, tag: str, secret: bytes) -> tuple[str, Ticket]:
        """The token of a secret, and its ticket."""
        body = f"{kid}.{tag}.{_base64(secret)}"
        check, sid = _check_and_sid(self._ring.keys[kid], self._purpose, body)
        return body + check, Ticket(tag, sid)

    def read(self, token: str) -> Ticket | None:
        """The ticket of a well-formed token; None for junk, at no cost to the store."""
        if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARS:
            return None
        match = _TOKEN.fullmatch(token)
        key = self._ring.keys.get(match[1]) if match else None
        if match is None or key is None:
            return None
        check, sid = _check_and_sid(key, self._purpose, token[:-_CHECK_CHARS])
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


def _check_and_sid(key: bytes, purpose: bytes, body: str) -> tuple[str, str]:
    """Two parts of one HMAC, of which neither tells anything of the other."""
    digest = _base64(_hmac(key, purpose, body.encode()))
    return digest[:_CHECK_CHARS], digest[_CHECK_CHARS:]


def _tag(digest: bytes) -> str:
    return base64.b32encode(digest[:_TAG_BYTES]).decode().rstrip("=").lower()


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
