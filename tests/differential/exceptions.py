"""Where ferrite_lite differs from Redis on purpose: the case, and the reason.

A case that is named here and does not differ fails the run.
"""

from __future__ import annotations

EXCEPTIONS = {
    "SORT STORE makes a list": "there are no lists here, and an error is better than another type",
}
