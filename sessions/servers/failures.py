"""What it means that a command failed: whether it may have been done, and whether to ask again.

Codes and texts are those of Redis 7 and Valkey; the scripts of this package check first and write
last, and a server that refuses the first write of a script has done nothing.
"""

from __future__ import annotations

from enum import Enum, auto

import redis.exceptions as errors

from ..errors import ConfigError, SessionError, StoreRefused, StoreUnavailable


class Failure(Enum):
    """A kind of failure."""

    #: No connection came about, so nothing was asked.
    UNREACHED = auto()
    #: The connection broke, and nobody knows what had been done by then.
    BROKEN = auto()
    #: No answer in time; nobody knows either.
    LATE = auto()
    #: The server will answer again in a moment: it loads its data, runs a script, elects another.
    PASSING = auto()
    #: The same, for the keys of one slot that is on its way to another node.
    MOVING = auto()
    #: This server takes no writes any more: another one does.
    READ_ONLY = auto()
    #: The server answers, and cannot write: its memory, its disk, its replicas.
    UNWRITABLE = auto()
    #: The key is on another node of a cluster, and the client does not go there.
    ELSEWHERE = auto()
    #: The server will not do it, today or tomorrow.
    REFUSED = auto()

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """The kind of what redis-py, or the system, has raised."""
        message = str(error)
        if isinstance(error, _NO_REPLY) and any(text in message for text in _UNREACHED_TEXTS):
            return cls.UNREACHED
        if isinstance(error, errors.ClusterError) and _SENT_ABOUT in message:
            return cls.MOVING
        for failure, kinds in _KINDS.items():
            if isinstance(error, kinds):
                return failure
        for failure, codes in _CODES.items():
            if message.startswith(codes):
                return failure
        return cls.REFUSED

    @property
    def is_unknown(self) -> bool:
        """Whether what was asked may have been done."""
        return self in (Failure.BROKEN, Failure.LATE)

    @property
    def is_down(self) -> bool:
        """Whether it says of the server that it answers nobody."""
        return self in (Failure.UNREACHED, Failure.BROKEN, Failure.LATE, Failure.PASSING)

    @property
    def passes(self) -> bool:
        """Whether to ask again until there is no time left."""
        return self in (Failure.PASSING, Failure.MOVING)

    @property
    def wants_another_connection(self) -> bool:
        """Whether to ask again a few times: on a new connection it may go well."""
        return self in (Failure.UNREACHED, Failure.BROKEN, Failure.READ_ONLY)


#: In this order: some of these classes are kinds of others.
_KINDS: dict[Failure, tuple[type[Exception], ...]] = {
    Failure.REFUSED: (
        errors.AuthenticationError,
        errors.AuthorizationError,
        errors.ClusterCrossSlotError,
    ),
    Failure.PASSING: (errors.BusyLoadingError, errors.ClusterDownError),
    Failure.MOVING: (errors.TryAgainError,),
    Failure.READ_ONLY: (errors.ReadOnlyError,),
    Failure.UNWRITABLE: (errors.OutOfMemoryError,),
    Failure.ELSEWHERE: (errors.AskError,),
    # What a cluster's client gives up on, it has tried itself, with whatever outcome.
    Failure.LATE: (
        *(errors.TimeoutError, TimeoutError),
        *(errors.ClusterError, errors.RedisClusterException),
    ),
    Failure.UNREACHED: (errors.MaxConnectionsError, ConnectionRefusedError),
    Failure.BROKEN: (errors.ConnectionError, OSError),
}
#: Replies for which redis-py has no exception.
_CODES = {
    Failure.UNWRITABLE: ("MISCONF ", "NOREPLICAS "),
    Failure.PASSING: ("BUSY ", "UNKILLABLE "),
}
_NO_REPLY = (errors.ConnectionError, errors.TimeoutError)
#: How redis-py says that no connection came about, where it has no exception for that.
_UNREACHED_TEXTS = (" connecting to ", "max number of clients reached", "No master found")

#: How a cluster's client gives up on nodes that send it to each other: none of them has done it.
_SENT_ABOUT = "TTL exhausted"

NEEDS_CLUSTER_CLIENT = "the server is a node of a cluster: connect with a RedisCluster client"


def meaning(failure: Failure, error: Exception, *, may_have_happened: bool) -> SessionError:
    """What the caller of an operation is told."""
    if failure is Failure.ELSEWHERE:
        return ConfigError(NEEDS_CLUSTER_CLIENT)
    if failure is Failure.REFUSED:
        return StoreRefused(f"the store refused: {error}")
    message = f"the store did not answer: {str(error) or 'not in time'}"
    return StoreUnavailable(message, may_have_happened=may_have_happened)
