"""CLIENT TRACKING and its kin: for connections that cache what they read."""

from __future__ import annotations

from ..command import CommandGroup
from ..context import Context
from ..errors import (
    BroadcastNotSwitchable,
    BroadcastWithChoice,
    CachingNoWithoutOptOut,
    CachingWithoutTracking,
    CachingYesWithoutOptIn,
    ChoiceNotSwitchable,
    NoSuchRedirection,
    OneRedirectionOnly,
    OptInWithOptOut,
    PrefixNeedsBroadcast,
    SyntaxFault,
)
from ..messages.tracking import Tracker
from ..numeric import parse_int
from ..reply import OK, OrderedSet, Reply
from ..state import ServerState
from ..words import keyword

command = CommandGroup("connection")

_ANYBODY = "noscript loading stale"


@command(
    "CLIENT TRACKING <ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST]"
    " [OPTIN] [OPTOUT] [NOLOOP]",
    _ANYBODY,
    since="6.0.0",
)
def client_tracking(ctx: Context, switch: bytes, *options: bytes) -> Reply:
    """Be told when keys change that this connection has read, or all with a prefix."""
    tracker, prefixes = _read_options(ctx.server, options)
    if keyword(switch) == b"ON":
        _check(tracker, prefixes, ctx.tracker)
        ctx.server.tracking.start(ctx, tracker, prefixes)
    elif keyword(switch) == b"OFF":
        ctx.server.tracking.stop(ctx)
    else:
        raise SyntaxFault
    return OK


def _read_options(server: ServerState, options: tuple[bytes, ...]) -> tuple[Tracker, list[bytes]]:
    tracker, prefixes = Tracker(), list[bytes]()
    remaining = iter(options)
    for word in remaining:
        option = keyword(word)
        if option in _SWITCHES:
            setattr(tracker, _SWITCHES[option], True)
            continue
        value = next(remaining, None)
        if option == b"REDIRECT" and value is not None:
            tracker.redirect_id = _read_redirection(server, tracker.redirect_id, value)
        elif option == b"PREFIX" and value is not None:
            prefixes.append(value)
        else:
            raise SyntaxFault
    return tracker, prefixes


#: Options without a value, and what they switch on.
_SWITCHES = {
    **{b"BCAST": "broadcasts", b"OPTIN": "needs_yes"},
    **{b"OPTOUT": "takes_no", b"NOLOOP": "skips_own"},
}


def _read_redirection(server: ServerState, before: int, raw: bytes) -> int:
    if before:
        raise OneRedirectionOnly
    number = parse_int(raw)
    if number not in server.clients:
        raise NoSuchRedirection
    return number


def _check(wanted: Tracker, prefixes: list[bytes], held: Tracker | None) -> None:
    """Check that options go together, and with those that the connection has already."""
    if prefixes and not wanted.broadcasts:
        raise PrefixNeedsBroadcast
    if held is not None and held.broadcasts != wanted.broadcasts:
        raise BroadcastNotSwitchable
    if wanted.broadcasts and (wanted.needs_yes or wanted.takes_no):
        raise BroadcastWithChoice
    if wanted.needs_yes and wanted.takes_no:
        raise OptInWithOptOut
    if held is not None and (
        (wanted.needs_yes and held.takes_no) or (wanted.takes_no and held.needs_yes)
    ):
        raise ChoiceNotSwitchable


@command("CLIENT CACHING <YES | NO>", _ANYBODY, since="6.0.0")
def client_caching(ctx: Context, choice: bytes) -> Reply:
    """Choose whether what the next command reads is tracked."""
    tracker = ctx.tracker
    if tracker is None:
        raise CachingWithoutTracking
    if keyword(choice) == b"YES":
        if not tracker.needs_yes:
            raise CachingYesWithoutOptIn
    elif keyword(choice) != b"NO":
        raise SyntaxFault
    elif not tracker.takes_no:
        raise CachingNoWithoutOptOut
    tracker.has_said = True
    return OK


@command("CLIENT GETREDIR", _ANYBODY, since="6.0.0")
def client_getredir(ctx: Context) -> Reply:
    """Return the connection that invalidations go to: 0 for this one, -1 without tracking."""
    return ctx.tracker.redirect_id if ctx.tracker is not None else -1


@command("CLIENT TRACKINGINFO", _ANYBODY, since="6.2.0")
def client_trackinginfo(ctx: Context) -> Reply:
    """Describe how this connection tracks keys."""
    tracker = ctx.tracker
    return {
        b"flags": OrderedSet([b"off"] if tracker is None else _flags(tracker)),
        b"redirect": client_getredir(ctx),
        b"prefixes": [] if tracker is None else list[Reply](sorted(tracker.prefixes)),
    }


def _flags(tracker: Tracker) -> list[bytes]:
    flags = {
        b"on": True,
        b"bcast": tracker.broadcasts,
        b"optin": tracker.needs_yes,
        b"caching-yes": tracker.needs_yes and tracker.has_said,
        b"optout": tracker.takes_no,
        b"caching-no": tracker.takes_no and tracker.has_said,
        b"noloop": tracker.skips_own,
        b"broken_redirect": tracker.redirect_is_broken,
    }
    return [flag for flag, is_set in flags.items() if is_set]
