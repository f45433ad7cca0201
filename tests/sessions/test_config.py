from __future__ import annotations

from typing import Any

import pytest

from sessions import BindingPolicy, ConfigError, OnLimit, RateLimit, SessionConfig
from sessions.config import MAX_RATE


@pytest.mark.parametrize(
    ("limit", "per_seconds"),
    [(0, 60), (-1, 60), (MAX_RATE + 1, 60), (1, 0), (1, 1e16), (1, float("nan"))],
)
def test_a_rate_that_the_store_could_not_keep_is_refused(limit: int, per_seconds: float) -> None:
    with pytest.raises(ConfigError):
        RateLimit(limit, per_seconds)


@pytest.mark.parametrize("burst", [0, -1, 4])
def test_a_burst_beyond_its_limit_is_refused(burst: int) -> None:
    with pytest.raises(ConfigError):
        RateLimit(3, 60, burst=burst)


def test_policies_may_be_given_by_name() -> None:
    config = SessionConfig(on_limit="reject", ip_policy="revoke")  # type: ignore[arg-type]  # as read from a file
    assert (config.on_limit, config.ip_policy) == (OnLimit.REJECT, BindingPolicy.REVOKE)
    with pytest.raises(ConfigError, match="nonsense"):
        SessionConfig(on_limit="nonsense")  # type: ignore[arg-type]  # as read from a file


def test_a_touch_is_due_once_a_minute_at_most_unless_said_otherwise() -> None:
    assert SessionConfig().touch_interval_ms == 60_000
    assert SessionConfig(ttl_seconds=100).touch_interval_ms == 5_000
    assert SessionConfig(touch_interval_seconds=0).touch_interval_ms == 0
    assert SessionConfig(sliding_window=False).touch_interval_ms == -1


def test_a_store_describes_its_policy_and_warns_of_sessions_without_age() -> None:
    config = SessionConfig(ttl_seconds=5400, absolute_seconds=30 * 86_400)
    assert config.describe() == (
        "A session ends after 90 minutes without use, and after 30 days in all."
        " A user has at most 10 sessions; one more ends the oldest."
    )
    free = SessionConfig(
        ttl_seconds=90.5, absolute_seconds=None, sliding_window=False, max_sessions_per_user=0
    )
    assert free.describe() == (
        "A session ends after 90.5 seconds, and NEVER by age: a token that is used lives for ever."
        " A user has any number of sessions."
    )
    chosen = SessionConfig(ttl_seconds=3600, on_limit=lambda live: [live[0].public_id])
    assert "after 1 hour without use" in chosen.describe()
    assert "one more ends those that the application chooses." in chosen.describe()
    assert "is refused" in SessionConfig(on_limit=OnLimit.REJECT).describe()


@pytest.mark.parametrize(
    "settings",
    [
        {"fingerprint_headers": ("User-Agent",)},
        {"fingerprint_headers": ("a header",)},
        {"fingerprint_headers": "user-agent"},
        {"fingerprint_headers": {"user-agent": 0}},
        {"fingerprint_headers": {"user-agent": 0.5}},
        {"fingerprint_threshold": 0},
        {"fingerprint_threshold": 1.5},
        {"fingerprint_policy": "nonsense"},
    ],
)
def test_a_fingerprint_that_could_not_be_taken_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        SessionConfig(**settings)
