"""Where ferrite_lite differs from Redis and may: the case, and the reason.

A case that is named here and does not differ any more fails the run.
"""

from __future__ import annotations

EXCEPTIONS = {
    "Two bytes end a word, whatever they are": (
        "a word must end in CR LF: bytes that are skipped unseen can hide a request"
    ),
    "A header ends at its first carriage return, whatever follows": (
        "a header must end in CR LF: bytes that are skipped unseen can hide a request"
    ),
    "MIGRATE inside a transaction waits for nobody": (
        "a transaction happens at one instant, and no key may leave before another server has it;"
        " Redis serves nobody while it waits for that server"
    ),
    "MIGRATE inside a script waits for nobody": "as inside a transaction",
    "Events of Reading several strings that are not there, heard by oneself [AEmn]": (
        "Redis puts the messages into the midst of MGET's reply, where no client can read them;"
        " Valkey does so no more"
    ),
}
