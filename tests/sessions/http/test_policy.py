"""Settings of the middleware that cannot be meant are refused when they are made."""

from __future__ import annotations

from typing import Any

import pytest

from sessions import ConfigError
from sessions.http.policy import WebPolicy


@pytest.mark.parametrize("settings", [{"csrf": "maybe"}, {"passive_paths": ["static"]}], ids=str)
def test_a_policy_that_means_nothing_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        WebPolicy(**settings)
