"""What all scripts and functions of one server share, besides the data."""

from __future__ import annotations

from ..version import REDIS_VERSION
from .mathlib import Randomness


class Shared:
    """Facts that are told to each of them, and the random numbers that they draw in turn."""

    def __init__(self, version: str = REDIS_VERSION) -> None:
        #: The version of Redis that they are told.
        self.version = version
        self.randomness = Randomness()
