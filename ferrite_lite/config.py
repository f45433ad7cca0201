"""The settings of one server, under the names that CONFIG GET knows."""

from __future__ import annotations

from dataclasses import dataclass, field

from .resp import MAX_BULK_BYTES
from .values import EncodingLimits


@dataclass(slots=True)
class Config:
    """Settings with their defaults; sizes in bytes, times in the unit their name ends in."""

    port: int = 6379
    bind: str = "127.0.0.1"
    unixsocket: str = ""
    requirepass: bytes = b""
    databases: int = 16
    maxclients: int = 10_000
    timeout_seconds: int = 0
    max_bulk_bytes: int = MAX_BULK_BYTES
    encodings: EncodingLimits = field(default_factory=EncodingLimits)
