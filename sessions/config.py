"""How long sessions live, how many a user may have, and what is checked."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from .errors import ConfigError

if TYPE_CHECKING:
    from .policies import Mismatch
    from .record import SessionInfo

DAY_SECONDS = 86_400
#: Three hundred years: past it, milliseconds would not fit into a double with room to add.
MAX_SECONDS = 1e10
#: The store counts in milliseconds: a shorter time would be none.
MIN_SECONDS = 0.001
#: The store keeps the time of each operation that counts, in thirteen bytes.
MAX_RATE = 1000
#: For that long a replaced token is still good for something: minutes, not days.
MAX_GRACE_SECONDS = 300
#: Of a header among others; sums of them are exact in every language.
_MAX_WEIGHT = 1000
#: RFC 9110, 5.1, in lower case.
_HEADER = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")


class OnLimit(StrEnum):
    """What happens to the session that is one too many."""

    EVICT_OLDEST = "evict_oldest"
    EVICT_LRU = "evict_lru"
    REJECT = "reject"


_ONE_MORE = {
    OnLimit.EVICT_OLDEST: "ends the oldest",
    OnLimit.EVICT_LRU: "ends the one that has been unused for the longest",
    OnLimit.REJECT: "is refused",
}


class BindingPolicy(StrEnum):
    """What a request leads to that does not look like those of the session (ASVS 8.2.4)."""

    OFF = "off"
    #: An event, and nothing else.
    LOG = "log"
    #: The session answers with ``step_up`` set and is not prolonged: ask for a password again.
    STEP_UP = "step_up"
    #: The request is refused; the session lives on.
    REJECT = "reject"
    #: The session ends.
    REVOKE = "revoke"

    @property
    def refuses(self) -> bool:
        return self in (BindingPolicy.REJECT, BindingPolicy.REVOKE)


#: Given what is different about a request, what it leads to: ``log`` lets it pass. It is called
#: while the request waits, and what it raises goes to whoever validates.
DecideMismatch = Callable[["Mismatch"], BindingPolicy | str]

#: Given a user's sessions, which of them to end, by public id, so that one more fits. None of them
#: refuses the new one.
ChooseEvicted = Callable[[Sequence["SessionInfo"]], Collection[str]]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``limit`` operations in any ``per_seconds``, wherever that begins.

    All of them may come at once, and as many again when they are out of the window: for that the
    time of each is kept, in thirteen bytes.

    With ``burst`` no more than that many come at once, and the others one by one, ``interval_ms``
    apart (GCRA): one number is kept, and nobody is told to wait for longer than an interval. The
    limit holds in any window there, too, and that costs rate: in the long run a window has
    ``limit - burst + 1`` of them, which is the limit for a burst of one, and a single one where the
    burst is the limit. So it is not the default. (GCRA as it is often written, with an interval of
    a ``limit``-th of the window, lets nearly twice the limit pass in the first one.)
    """

    limit: int
    per_seconds: float = 3600
    burst: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAX_RATE:
            raise ConfigError(f"a rate limit allows 1 to {MAX_RATE} operations")
        if not 1 <= self.per_seconds < MAX_SECONDS:
            raise ConfigError("a rate limit is for a second at least")
        if self.burst is not None and not 1 <= self.burst <= self.limit:
            raise ConfigError("a burst is one operation at least, and no more than the limit")

    @property
    def window_ms(self) -> int:
        return round(self.per_seconds * 1000)

    @property
    def interval_ms(self) -> int:
        """What each operation of GCRA takes from what is allowed in a window.

        The n-th of a window comes ``n - burst`` intervals after the first, or later: the first one
        beyond the limit is out of it.
        """
        return math.ceil(self.window_ms / (self.limit - (self.burst or 1) + 1))

    @property
    def arguments(self) -> tuple[int, int, int]:
        """As ``rate.lua`` takes them."""
        if self.burst is None:
            return self.limit, self.window_ms, 0
        return self.limit, self.interval_ms, self.burst


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long one session lives, where it is not as the configuration says: remember-me, admin."""

    ttl_seconds: float
    absolute_seconds: float | None
    #: Whether the browser keeps the cookie when it is closed.
    persistent: bool = True

    def __post_init__(self) -> None:
        _check_lifetime(self.ttl_seconds, self.absolute_seconds)

    @property
    def idle_ms(self) -> int:
        return round(self.ttl_seconds * 1000)

    @property
    def absolute_ms(self) -> int:
        """0 for none."""
        return 0 if self.absolute_seconds is None else round(self.absolute_seconds * 1000)


def _are_headers(weights: Mapping[str, int]) -> bool:
    return all(
        _HEADER.fullmatch(name) and isinstance(weight, int) and 0 < weight <= _MAX_WEIGHT
        for name, weight in weights.items()
    )


def _check_lifetime(ttl_seconds: float, absolute_seconds: float | None) -> None:
    if not MIN_SECONDS <= ttl_seconds < MAX_SECONDS:
        raise ConfigError("ttl_seconds must be a millisecond at least")
    if absolute_seconds is not None and not ttl_seconds <= absolute_seconds < MAX_SECONDS:
        raise ConfigError("absolute_seconds must not be below ttl_seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfig:
    """The settings of a store; checked when it is made. Times in seconds, sizes in bytes."""

    #: Idle timeout (ASVS 7.3.1).
    ttl_seconds: float = DAY_SECONDS
    #: Absolute lifetime (ASVS 7.3.2); None must be asked for.
    absolute_seconds: float | None = 30 * DAY_SECONDS
    #: Whether use prolongs a session.
    sliding_window: bool = True
    #: A session is prolonged once in this time at most; None for a twentieth of the idle timeout,
    #: a minute at most. So a read is nearly always only a read.
    touch_interval_seconds: float | None = None
    #: A token that is older is exchanged for a new one when it is next used; None for never.
    renew_after_seconds: float | None = None
    #: How long a token still leads to its successor after a rotation, for requests on their way.
    rotation_grace_seconds: float = 10
    #: 0 for any number (ASVS 7.1.2).
    max_sessions_per_user: int = 10
    on_limit: OnLimit | ChooseEvicted = OnLimit.EVICT_OLDEST
    #: Creations for one user; count them after the password was checked, or others lock him out.
    create_limit: RateLimit | None = RateLimit(10, per_seconds=3600)
    #: Creations from one network, for all users together. One that is refused never counts; but on
    #: a cluster, where it takes a request of its own, it does for the moment until that is known.
    create_limit_ip: RateLimit | None = None
    #: What a request from another network leads to, or a function that decides.
    ip_policy: BindingPolicy | DecideMismatch = BindingPolicy.LOG
    #: How much of an address is compared: people move within a network.
    ipv4_prefix_bits: int = 24
    ipv6_prefix_bits: int = 56
    #: The network of an address by a name, such as AS3320, for people who move further within one.
    #: Where it knows none, or fails, the prefix is all that is compared. Creations and guesses are
    #: counted by prefix in any case: half a country may share such a network.
    network_of: Callable[[str], str | None] | None = None
    #: What a request from another browser leads to, or a function that decides.
    fingerprint_policy: BindingPolicy | DecideMismatch = BindingPolicy.OFF
    #: The request headers that tell one browser from another, in lower case; with weights, which
    #: are whole numbers, if some tell more than others. Numbers in a user-agent do not count: a
    #: browser brings itself up to date.
    fingerprint_headers: Collection[str] | Mapping[str, int] = ("user-agent", "accept-language")
    #: The share of the headers, by weight, from which on a difference is more than logged.
    fingerprint_threshold: float = 0.5
    #: So many unknown tokens from one network within a minute are told as an event of their own.
    guesses_per_minute: int = 20
    #: How often to ask whether all sessions of all users were ended, beside ending them one user
    #: after the other; None for never. One small request more, so often.
    epoch_seconds: float | None = None
    #: Of the data of one session, names and values together, as they are stored.
    max_data_bytes: int = 65_536
    #: Each is looked at whenever the session is read.
    max_fields: int = 512
    #: Before every key, for several applications in one store.
    prefix: str = ""
    #: How many requests are on their way at once, each on its connection; others wait.
    max_connections: int = 50
    #: How long an operation may take with the server, waiting and further attempts included: all
    #: of its requests together, but each by itself where the sessions of many users are looked at,
    #: or all those of one (``sweep``, ``find``, ``get_user_sessions``...).
    timeout_seconds: float = 1.0
    #: How often an operation is tried again after a broken connection: all are idempotent. What
    #: passes by itself (loading, a script that runs long, a failover) is waited for in any case.
    retries: int = 1
    #: After so many requests in a row without an answer nobody is kept waiting for the next ones.
    breaker_failures: int = 5
    #: How long; then one request is let through to see.
    breaker_seconds: float = 1.0
    #: How many replicas must have the end of a session before it is said to have ended. Without
    #: any, a failover may bring back a session whose end was not replicated yet. With them it does
    #: not, as long as one of these replicas is chosen: replication stays asynchronous.
    wait_replicas: int = 0
    #: How long for them; then StoreUnavailable is raised, though the primary has ended the session.
    wait_seconds: float = 0.1

    def __post_init__(self) -> None:
        _check_lifetime(self.ttl_seconds, self.absolute_seconds)
        if self.touch_interval_seconds is not None and not (
            0 <= self.touch_interval_seconds < self.ttl_seconds
        ):
            raise ConfigError("touch_interval_seconds must be at least 0 and below ttl_seconds")
        if self.max_sessions_per_user < 0 or self.retries < 0:
            raise ConfigError("numbers must not be negative")
        if self.max_data_bytes < 1 or self.max_fields < 1:
            raise ConfigError("a session has room for a byte of data at least, and for a field")
        if self.max_connections < 1 or not self.timeout_seconds > 0:
            raise ConfigError("without a connection and some time there is no answer")
        if self.breaker_failures < 1 or not 0 < self.breaker_seconds < MAX_SECONDS:
            raise ConfigError("a breaker opens after a failure at least, and for some time")
        if self.wait_replicas < 0 or (
            self.wait_replicas and not MIN_SECONDS <= self.wait_seconds < self.timeout_seconds
        ):
            raise ConfigError("wait_seconds must be a millisecond at least, below timeout_seconds")
        if not (0 < self.ipv4_prefix_bits <= 32 and 0 < self.ipv6_prefix_bits <= 128):
            raise ConfigError("a network prefix must fit into an address")
        if isinstance(self.fingerprint_headers, str) or not _are_headers(self.header_weights):
            raise ConfigError("fingerprint_headers are names in lower case, weights whole numbers")
        if not 0 < self.fingerprint_threshold <= 1:
            raise ConfigError("fingerprint_threshold must be above 0, and 1 at most")
        if any(brace in self.prefix for brace in "{}"):
            raise ConfigError("prefix must not contain braces: they choose the cluster slot")
        if not 0 <= self.rotation_grace_seconds <= MAX_GRACE_SECONDS:
            raise ConfigError(f"rotation_grace_seconds must be from 0 to {MAX_GRACE_SECONDS}")
        if self.renew_after_seconds is not None and not (
            self.rotation_grace_seconds < self.renew_after_seconds < MAX_SECONDS
        ):
            raise ConfigError("renew_after_seconds must be above rotation_grace_seconds")
        if self.epoch_seconds is not None and not 0 <= self.epoch_seconds < MAX_SECONDS:
            raise ConfigError("epoch_seconds must not be negative")
        if self.guesses_per_minute < 1:
            raise ConfigError("guesses_per_minute must be at least 1")
        self._take_words()

    def _take_words(self) -> None:
        """A plain word does where a member of an enumeration is asked for."""
        try:
            if not callable(self.on_limit):
                object.__setattr__(self, "on_limit", OnLimit(self.on_limit))
            for name in ("ip_policy", "fingerprint_policy"):
                if not callable(policy := getattr(self, name)):
                    object.__setattr__(self, name, BindingPolicy(policy))
        except ValueError as error:
            raise ConfigError(str(error)) from error

    @property
    def lifetime(self) -> Lifetime:
        return Lifetime(self.ttl_seconds, self.absolute_seconds)

    @property
    def header_weights(self) -> dict[str, int]:
        held = self.fingerprint_headers
        return dict(held) if isinstance(held, Mapping) else dict.fromkeys(held, 1)

    @property
    def touch_interval_ms(self) -> int:
        """-1 when sessions do not slide."""
        if not self.sliding_window:
            return -1
        if self.touch_interval_seconds is None:
            return min(self.lifetime.idle_ms // 20, 60_000)
        return round(self.touch_interval_seconds * 1000)

    def describe(self) -> str:
        """The policy in words, for the record that ASVS 7.1.1 and 7.1.2 ask for."""
        without_use = " without use" if self.sliding_window else ""
        absolute = (
            f"after {_in_words(self.absolute_seconds)} in all"
            if self.absolute_seconds is not None
            else "NEVER by age: a token that is used lives for ever"
        )
        return (
            f"A session ends after {_in_words(self.ttl_seconds)}{without_use}, and {absolute}."
            f" {self._describe_limit()}"
        )

    def _describe_limit(self) -> str:
        if not self.max_sessions_per_user:
            return "A user has any number of sessions."
        one_more = (
            "ends those that the application chooses"
            if callable(self.on_limit)
            else _ONE_MORE[self.on_limit]
        )
        return f"A user has at most {self.max_sessions_per_user} sessions; one more {one_more}."


def _in_words(seconds: float) -> str:
    """In the largest unit of which it is a whole number: 30 days, 90 minutes, 0.5 seconds."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if not seconds % size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{seconds:g} second{'s' if seconds != 1 else ''}"
