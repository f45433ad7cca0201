"""The cookie that holds the token: what is set, what is taken back, and how it is read.

A policy that browsers would refuse, or that would give the token away, is refused when it is made.
Reading takes bytes as they come: what other cookies hold must never sign anybody out.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

from ..errors import ConfigError, ConflictingCookies

SameSite = Literal["lax", "strict", "none"]

#: Name and value together; browsers drop a larger cookie (RFC 6265bis 5.6, ASVS 3.3.5).
MAX_COOKIE_BYTES = 4096

#: RFC 6265 4.1.1: a token of RFC 2616.
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
#: RFC 6265 4.1.1 without quotes: nothing that could end the value or the header.
_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]*")
#: What may stand in Path and Domain: neither the end of the attribute nor of the header.
_ATTRIBUTE = re.compile(r"[ -:<-~]+")
_SPACE = b" \t"


@dataclass(frozen=True, slots=True, kw_only=True)
class CookiePolicy:
    """How the session cookie is set. Always HttpOnly (ASVS 3.3.1 to 3.3.5).

    The ``__Host-`` name makes browsers accept the cookie only from this host over HTTPS, so that
    no sibling subdomain can plant one. ``samesite="lax"`` sends it along a link from another site,
    as a return from a sign-in elsewhere needs, and with no form posted from there. Raises
    ConfigError for settings that contradict each other.
    """

    name: str = "__Host-id"
    samesite: SameSite = "lax"
    secure: bool = True
    path: str = "/"
    domain: str | None = None
    #: One jar for each site that embeds this one (CHIPS).
    partitioned: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigError(f"{self.name!r} is no name for a cookie")
        if self.samesite not in ("lax", "strict", "none"):
            raise ConfigError("samesite is lax, strict or none")
        if not self.path.startswith("/") or not _ATTRIBUTE.fullmatch(self.path):
            raise ConfigError("path begins with / and holds no ; or control character")
        if self.domain is not None and not _ATTRIBUTE.fullmatch(self.domain):
            raise ConfigError("domain is a host name, or None")
        self._check_prefix()
        if not self.secure and self.samesite == "none":
            raise ConfigError("browsers refuse SameSite=None without Secure")
        if not self.secure and self.partitioned:
            raise ConfigError("browsers refuse Partitioned without Secure")

    def _check_prefix(self) -> None:
        # Browsers compare the prefix without case (RFC 6265bis 4.1.3).
        name = self.name.lower()
        if name.startswith(("__host-", "__secure-")) and not self.secure:
            raise ConfigError(f"browsers refuse {self.name} without Secure")
        if name.startswith("__host-") and (self.path != "/" or self.domain is not None):
            raise ConfigError(f"browsers refuse {self.name} with a Domain or with a Path but /")
        if not name.startswith(("__host-", "__secure-")) and self.secure:
            raise ConfigError(
                f"call it __Host-{self.name}, or __Secure-{self.name} where it needs a Domain:"
                " else any page of a sibling domain can set it"
            )

    @classmethod
    def for_plain_http(cls, name: str = "id") -> Self:
        """For development without HTTPS: no prefix, not Secure. Never where others can listen."""
        return cls(name=name, secure=False)

    def for_tenant(self, mark: str) -> Self:
        """The same under another name: a browser keeps the cookies of all tenants of a host."""
        return dataclasses.replace(self, name=f"{self.name}-{mark}")

    # --- writing ----------------------------------------------------------------------------------

    def set(self, token: str, max_age_seconds: int | None) -> str:
        """The value of a Set-Cookie header; without an age the cookie ends with the browser.

        Raises ValueError for a token that no cookie can hold.
        """
        if not _VALUE.fullmatch(token):
            raise ValueError("a cookie holds no control characters, blanks, quotes, commas or ;")
        if len(self.name) + len(token) > MAX_COOKIE_BYTES:
            raise ValueError(f"a cookie has at most {MAX_COOKIE_BYTES} bytes")
        age = "" if max_age_seconds is None else f"; Max-Age={max(max_age_seconds, 0)}"
        return f"{self.name}={token}{age}{self._attributes()}"

    def delete(self) -> str:
        """The value of the Set-Cookie header that makes the browser forget the cookie."""
        return f"{self.name}=; Max-Age=0{self._attributes()}"

    def _attributes(self) -> str:
        domain = "" if self.domain is None else f"; Domain={self.domain}"
        secure = "; Secure" if self.secure else ""
        partitioned = "; Partitioned" if self.partitioned else ""
        samesite = self.samesite.capitalize()
        return f"; Path={self.path}{domain}{secure}; HttpOnly; SameSite={samesite}{partitioned}"

    # --- reading ----------------------------------------------------------------------------------

    def read(self, headers: Iterable[bytes]) -> str | None:
        """The token in a request's Cookie headers, of which HTTP/2 may send several.

        Raises ConflictingCookies where the name is there with different values: one of them was
        planted, and nobody can tell which.
        """
        values = {value for header in headers for value in self._values(header)}
        if len(values) > 1:
            raise ConflictingCookies
        # Latin-1 maps every byte: what is no token is for the token's own check to refuse.
        return values.pop().decode("latin-1") if values else None

    def _values(self, header: bytes) -> Iterable[bytes]:
        name = self.name.encode()
        if name not in header:
            return
        for pair in header.split(b";"):
            key, equals, value = pair.partition(b"=")
            if equals and key.strip(_SPACE) == name:
                yield _unquoted(value.strip(_SPACE))


def _unquoted(value: bytes) -> bytes:
    """RFC 6265 4.1.1 lets a value stand in quotes, which are no part of what a token is."""
    if len(value) >= 2 and value.startswith(b'"') and value.endswith(b'"'):
        return value[1:-1]
    return value
