"""The cases, one module a group of commands."""

from __future__ import annotations

from . import strings

CASES = [case for module in (strings,) for case in module.CASES]
