"""Data that the store cannot read: AES-256-GCM under a ring of keys. Needs the extra ``crypto``."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import ConfigError, DecodeError

KEY_BYTES = 32
#: NIST SP 800-38D: 96 random bits are good for 2**32 messages under one key.
_NONCE_BYTES = 12


class AesGcmEncryptor:
    """Seals under ``current``, opens what any key of the ring has sealed (ASVS 11.3.2 to 11.3.4).

    To change keys, add one and make it current; drop the old one when the last session that used
    it has ended: a session is sealed anew whenever it is written or rotated.
    """

    def __init__(self, current: str, keys: Mapping[str, bytes]) -> None:
        """Raises ConfigError for keys of another size than 32 bytes, or an unusable id."""
        if current not in keys:
            raise ConfigError(f"the ring has no key {current!r}")
        if not all(re.fullmatch("[A-Za-z0-9]{1,8}", kid) for kid in keys):
            raise ConfigError("a key id is one to eight letters or digits")
        if any(len(key) != KEY_BYTES for key in keys.values()):
            raise ConfigError(f"a key has {KEY_BYTES} bytes")
        self._current = current
        self._ciphers = {kid: AESGCM(key) for kid, key in keys.items()}

    @staticmethod
    def generate_key() -> bytes:
        """A new key, to be kept where secrets are kept."""
        return AESGCM.generate_key(KEY_BYTES * 8)

    def seal(self, plaintext: bytes, context: bytes) -> str:
        """``kid.`` and the nonce, the ciphertext and the tag, in base64."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, plaintext, context)
        return f"{self._current}.{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, context: bytes) -> bytes:
        """Raises DecodeError: it was changed, moved from elsewhere, or its key was dropped."""
        kid, _, encoded = sealed.partition(".")
        cipher = self._ciphers.get(kid)
        if cipher is None:
            raise DecodeError("the session is sealed under a key that is not in the ring")
        try:
            raw = base64.b64decode(encoded, validate=True)
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context)
        except (binascii.Error, ValueError, InvalidTag) as error:
            raise DecodeError("the session holds what was not sealed for it") from error
