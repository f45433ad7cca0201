"""Where ferrite_lite differs from Redis on purpose: the case, and the reason.

A case that is named here and does not differ fails the run.
"""

from __future__ import annotations

EXCEPTIONS: dict[str, str] = {}
