"""The settings of one server: their names, the values they accept, and their current values.

``settings`` declares each once, ``kinds`` reads and writes their values, ``foreign`` lists those
that have no effect here, and the code reads the attributes of ``Config``.
"""

from __future__ import annotations

from .current import SCRIPT_MEMORY_BYTES, Config
from .kinds import OUTPUT_LIMITS, OutputLimit
from .settings import LOG_LEVELS, NAMES, SETTINGS, Setting

__all__ = [
    "LOG_LEVELS",
    "NAMES",
    "OUTPUT_LIMITS",
    "SCRIPT_MEMORY_BYTES",
    "SETTINGS",
    "Config",
    "OutputLimit",
    "Setting",
]
