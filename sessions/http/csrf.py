"""Whether a request that changes something was made by our own pages (ASVS 3.5.1 to 3.5.3).

Two checks. Browsers say where a request comes from, in ``Sec-Fetch-Site`` and ``Origin``, which no
page can forge: that needs nothing of the application, and covers the login, where there is no
session yet. A token in the form, or in a header, shows that the page was read from us with the
session in hand: that holds in browsers that say nothing.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from enum import StrEnum
from secrets import token_urlsafe
from urllib.parse import parse_qs

from ..errors import ConfigError, CsrfRefused

#: A keyed hash; the label keeps its uses apart.
Digest = Callable[[bytes, str], str]

#: RFC 9110 9.2.1: they change nothing. A handler that changes something on GET is a defect.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: Where a token is looked for.
HEADER, FORM_FIELD = "x-csrf-token", "csrf_token"
#: How far a form is searched for its token: put the field before the files.
MAX_FORM_BYTES = 1 << 20
_MAX_FORM_FIELDS = 1000


class Csrf(StrEnum):
    """How much a request that changes something has to show."""

    OFF = "off"
    #: Where it comes from, as far as the browser says so.
    ORIGIN = "origin"
    #: A token as well, where somebody has signed in.
    TOKEN = "token"  # noqa: S105  # the name of a choice


_NONCE_BYTES = 12
_NONCE_CHARS = 16
_ORIGIN = re.compile(r"https?://[^/?#@\s,]+")
#: Nobody is on the line there: by plain HTTP browsers take Secure cookies too (Secure Contexts,
#: section 3.1), and say nothing in ``Sec-Fetch-Site`` of a WebSocket, so that Origin has to do.
_THIS_MACHINE = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?")


class CsrfProtector:
    """Makes and checks tokens, and checks where requests come from.

    ``trusted_origins`` are other sites of ours that may send requests that change something, each
    as ``https://app.example``. With ``secure`` a page that came over plain HTTP is a stranger:
    whoever is on the line may have written it, unless it came from this machine. Raises
    ConfigError.
    """

    def __init__(
        self, digest: Digest, *, trusted_origins: Collection[str] = (), secure: bool = True
    ) -> None:
        if isinstance(trusted_origins, str) or not all(map(_ORIGIN.fullmatch, trusted_origins)):
            raise ConfigError("trusted origins are a list, each like https://app.example")
        self._digest = digest
        self._trusted_origins = frozenset(map(str.lower, trusted_origins))
        self._schemes = ("https",) if secure else ("https", "http")

    # --- tokens -----------------------------------------------------------------------------------

    def token(self, binding: str) -> str:
        """A token for pages that ``binding`` may read: another one each time.

        So a compressed page has no secret in it that stays the same (BREACH).
        """
        nonce = token_urlsafe(_NONCE_BYTES)
        return nonce + self._mac(nonce, binding)

    def verify(self, token: str | None, binding: str) -> bool:
        """Whether a token was made for this binding."""
        if not token or not token.isascii():
            return False
        nonce, mac = token[:_NONCE_CHARS], token[_NONCE_CHARS:]
        return hmac.compare_digest(mac, self._mac(nonce, binding))

    def _mac(self, nonce: str, binding: str) -> str:
        return self._digest(b"csrf", f"{nonce}\0{binding}")

    # --- origins ----------------------------------------------------------------------------------

    def check_origin(self, headers: Mapping[str, str]) -> None:
        """Raises CsrfRefused for a request that a page of somebody else has sent.

        For methods that are not safe, and for WebSockets, which browsers open across sites too
        (ASVS 4.4.2). A request that says nothing comes from no browser of these years.
        """
        origin = headers.get("origin", "").lower()
        if origin in self._trusted_origins:
            return
        site = headers.get("sec-fetch-site")
        if site in ("same-origin", "none"):
            return
        if site is not None:
            raise CsrfRefused("it was sent by another site")
        if origin and not self._is_own(origin, headers.get("host", "").lower()):
            raise CsrfRefused("its origin is another site")

    def is_known_to_be_ours(self, headers: Mapping[str, str]) -> bool:
        """Whether the browser says that one of our own pages has sent a request.

        One that says nothing does not, nor does one whose user may have chosen the address.
        """
        origin, site = headers.get("origin", "").lower(), headers.get("sec-fetch-site")
        if origin in self._trusted_origins or site is not None:
            return origin in self._trusted_origins or site == "same-origin"
        return self._is_own(origin, headers.get("host", "").lower())

    def _is_own(self, origin: str, host: str) -> bool:
        scheme, _, netloc = origin.partition("://")
        default_port = ":443" if scheme == "https" else ":80"
        is_private = scheme in self._schemes or (
            scheme == "http" and _THIS_MACHINE.fullmatch(netloc) is not None
        )
        return bool(netloc) and is_private and netloc == host.removesuffix(default_port)


#: RFC 7578: a part of this name, its other headers, an empty line, the value.
_PART = re.compile(
    rb'^Content-Disposition: *form-data; *name="csrf_token" *\r\n(?:[!-~]+:[^\r\n]*\r\n)*\r\n'
    rb"([A-Za-z0-9_-]+)\r\n",
    re.IGNORECASE | re.MULTILINE,
)


def token_in(form: bytes) -> str | None:
    """The token in the body of a form, or in its beginning: urlencoded, or in parts."""
    if part := _PART.search(form):
        return part[1].decode()
    with suppress(ValueError):  # too many fields
        fields = parse_qs(form.decode("latin-1"), max_num_fields=_MAX_FORM_FIELDS)
        return fields.get(FORM_FIELD, [None])[0]
    return None
