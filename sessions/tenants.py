"""What a tenant of a store has of his own: a key ring, and a prefix before every key.

The ring is derived from that of the store (HKDF, RFC 5869), so there is no secret more to keep, and
none that two tenants share: a token of one is junk to the other before the store is asked, and the
same user id has another tag at each. The prefix is a keyed hash of the name, in letters that mean
nothing to a pattern: no name can be chosen that reaches into the keys of another tenant.
"""

from __future__ import annotations

import dataclasses
import hmac

from .config import SessionConfig
from .errors import ConfigError
from .tokens import KeyRing, Tokens

#: All keys of all tenants begin so, after the prefix of the store.
TENANTS = "tenant:"
_MAX_NAME_BYTES = 1024
_DIGEST_CHARS = 16
_HASH_BYTES = 32


def ring_of(ring: KeyRing, tenant: str) -> KeyRing:
    """The keys of a tenant: as many as the store has, under the same ids. Raises ConfigError."""
    if not 0 < len(tenant.encode()) <= _MAX_NAME_BYTES:
        raise ConfigError(f"a tenant's name has 1 to {_MAX_NAME_BYTES} bytes")
    info = b"sessions tenant\0" + tenant.encode()
    return KeyRing(
        current=ring.current,
        keys={kid: derived(key, info) for kid, key in ring.keys.items()},
        routing_key=derived(ring.routing_key, info),
    )


def config_of(config: SessionConfig, ring: KeyRing, tenant: str) -> SessionConfig:
    """The settings of the tenant with this ring."""
    digest = Tokens(ring).digest(b"tenant", tenant)[:_DIGEST_CHARS]
    return dataclasses.replace(config, prefix=f"{config.prefix}{TENANTS}{digest}:")


def derived(key: bytes, info: bytes) -> bytes:
    """HKDF-SHA-256 without a salt, as many bytes as the hash has."""
    extracted = hmac.digest(bytes(_HASH_BYTES), key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")
