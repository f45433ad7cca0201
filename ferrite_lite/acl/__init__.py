"""Who may do what: users, their rules, and the log of refusals. No I/O, no commands."""

from __future__ import annotations

from .catalogue import ACL_CATEGORIES, Catalogue
from .control import DEFAULT_USER, AccessControl, UserLine, is_user_name
from .log import AclLog, Entry, Place
from .selector import READ, Denial, Selector
from .user import User

__all__ = [
    "ACL_CATEGORIES",
    "DEFAULT_USER",
    "READ",
    "AccessControl",
    "AclLog",
    "Catalogue",
    "Denial",
    "Entry",
    "Place",
    "Selector",
    "User",
    "UserLine",
    "is_user_name",
]
