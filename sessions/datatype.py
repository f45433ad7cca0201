"""The type parameters: ``T`` is what an application keeps in its sessions, ``R`` any result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # The default is for type checkers: the standard library knows it from Python 3.13 on.
    from typing_extensions import TypeVar

    T = TypeVar("T", default=dict[str, Any])
else:
    from typing import TypeVar

    T = TypeVar("T")

R = TypeVar("R")

__all__ = ["R", "T"]
