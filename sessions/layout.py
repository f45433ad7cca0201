"""Where everything is: the names of all keys.

All keys of a user share the hash tag in braces, so they lie in one slot of a cluster. The index of
a user is a hash: sid to ``created:last access:expires:public id``. It is the truth: a session whose
entry is gone is dead, so ending one, all but one, or all of them is one atomic step on one key, and
a record that a late writer brings back is not a session. (A set, as in the seed document, would
need every member's key to decide about age, and could not end what it does not list.)
"""

from __future__ import annotations

from .tokens import Ticket


class Layout:
    """The keys of one store, or of one tenant: all begin with its prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def session_key(self, ticket: Ticket) -> str:
        return f"{self._prefix}session:{{{ticket.tag}}}:{ticket.sid}"

    def index_key(self, tag: str) -> str:
        return f"{self._prefix}user:{{{tag}}}:sessions"

    def families_key(self, tag: str) -> str:
        return f"{self._prefix}user:{{{tag}}}:families"

    def generation_key(self, tag: str) -> str:
        return f"{self._prefix}user:{{{tag}}}:gen"

    def answer_key(self, tag: str, operation: str) -> str:
        """What an operation with this id has answered, for whoever tries it again."""
        return f"{self._prefix}user:{{{tag}}}:answer:{operation}"

    def rate_key(self, tag: str) -> str:
        return f"{self._prefix}rate:session:create:{{{tag}}}"

    def network_rate_key(self, network: str) -> str:
        return f"{self._prefix}rate:session:ip:{{{network}}}"

    def guess_key(self, digest: str) -> str:
        return f"{self._prefix}rate:session:guess:{{{digest}}}"

    def label_key(self, name: str, digest: str) -> str:
        return f"{self._prefix}label:{name}:{{{digest}}}"

    def ended_key(self, name: str, digest: str) -> str:
        return f"{self.label_key(name, digest)}:ended"

    @property
    def epoch_key(self) -> str:
        return f"{self._prefix}sessions:epoch"


__all__ = ["Layout"]
