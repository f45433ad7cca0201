"""Every command, by the name a client sends. One module for each group of Redis's documentation."""

from __future__ import annotations

from ..command import CommandTable
from . import hashes, strings

GROUPS = (strings.command, hashes.command)
TABLE = CommandTable(GROUPS)
