"""``python -m sessions``: what an operator asks of a store, and does to it.

Tokens are never shown or taken: sessions are named by their public ids.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

from .arguments import DEFAULT_URL, store_url
from .config import SessionConfig
from .errors import ConfigError, SessionError
from .record import SessionInfo
from .store import SessionStore
from .tokens import KeyRing

#: Where the key ring is looked for: not on the command line, which other users of a machine see.
KEYS_VARIABLE = "SESSION_KEYS"

EXIT_OK, EXIT_FOUND, EXIT_USAGE, EXIT_UNAVAILABLE = range(4)

Store = SessionStore[dict[str, Any]]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    options = _parser().parse_args(argv)
    try:
        if options.command == "keys":
            return _keys(options)
        return asyncio.run(_run(options))
    except ConfigError as error:
        return _say(str(error), EXIT_USAGE)
    except SessionError as error:
        return _say(str(error), EXIT_UNAVAILABLE)


def _say(why: str, status: int) -> int:
    print(f"sessions: {why}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sessions",
        description=f"Look after a session store. Its key ring is read from ${KEYS_VARIABLE}.",
    )
    _add_common(parser)
    # Before the command or after it: what was not given after it leaves what was given before.
    common = argparse.ArgumentParser(add_help=False)
    _add_common(common)
    parser.set_defaults(url=DEFAULT_URL, prefix="", tenant=None, json=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add = partial(commands.add_parser, parents=[common])
    keys = add("keys", help="print a new key ring, or the present one with a new key")
    keys.add_argument("--rotate", action="store_true", help="add a key to the present ring")
    add("doctor", help="name what about the server endangers sessions")
    counting = add("count", help="count users and sessions")
    counting.add_argument("--by", metavar="LABEL", help="and sessions by the value of a label")
    showing = add("show", help="show the sessions of a user, or one, without data")
    showing.add_argument("user")
    showing.add_argument("public_id", nargs="?")
    add("sweep", help="prune the indexes of all users, and count what lives")
    add("reindex", help="let the labels of live sessions lead to them again")
    listing = add("list", help="list the sessions of a user")
    listing.add_argument("user")
    finding = add("find", help="list the sessions with a label")
    finding.add_argument("label")
    finding.add_argument("value")
    ending = add("end", help="end the sessions of a user, or one of them")
    ending.add_argument("user")
    ending.add_argument("public_id", nargs="?")
    everything = add("end-everything", help="end all sessions of all users")
    everything.add_argument("--yes", action="store_true", help="do it: nobody stays signed in")
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    """What every command understands."""
    parser.add_argument(
        "--url", type=store_url, default=argparse.SUPPRESS, help=f"the store ({DEFAULT_URL})"
    )
    parser.add_argument(
        "--prefix",
        default=argparse.SUPPRESS,
        help="before every key, as the application has it",
    )
    parser.add_argument(
        "--tenant", default=argparse.SUPPRESS, help="look after the store of one tenant"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print JSON, a line for each session",
    )


# --- commands -------------------------------------------------------------------------------------


def _keys(options: argparse.Namespace) -> int:
    ring = _ring().with_new_key() if options.rotate else KeyRing.generate()
    print(ring.to_json())
    return EXIT_OK


async def _run(options: argparse.Namespace) -> int:
    config = SessionConfig(prefix=options.prefix, timeout_seconds=5)
    async with await SessionStore.connect(options.url, config, keys=_ring()) as store:
        of_whom = store if options.tenant is None else store.for_tenant(options.tenant)
        return await _COMMANDS[options.command](of_whom, options)


async def _doctor(store: Store, _: argparse.Namespace) -> int:
    findings = await store.doctor()
    for finding in findings:
        print(finding)
    if not findings:
        print("The server is fit to hold sessions.")
    return EXIT_FOUND if findings else EXIT_OK


async def _count(store: Store, options: argparse.Namespace) -> int:
    census = asdict(await store.count(options.by))
    if options.json:
        print(json.dumps(census))
        return EXIT_OK
    by_label = census.pop("by_label")
    print(_words(census))
    for value, number in by_label.items():
        print(f"{number}  {_plainly(value)}")
    return EXIT_OK


async def _show_details(store: Store, options: argparse.Namespace) -> int:
    found = [asdict(details) for details in await store.show(options.user, options.public_id)]
    for details in found:
        print(json.dumps(details, default=_plain) if options.json else _block(details))
    return EXIT_OK if found else _say("this user has no such session; see 'list'", EXIT_FOUND)


async def _sweep(store: Store, options: argparse.Namespace) -> int:
    report = asdict(await store.sweep())
    print(json.dumps(report) if options.json else _words(report))
    return EXIT_OK


async def _reindex(store: Store, _: argparse.Namespace) -> int:
    print(f"{await store.reindex()} sessions have labels, which lead to them")
    return EXIT_OK


async def _list(store: Store, options: argparse.Namespace) -> int:
    return _show(await store.get_user_sessions(options.user), options)


async def _find(store: Store, options: argparse.Namespace) -> int:
    return _show(await store.find(options.label, options.value), options)


async def _end(store: Store, options: argparse.Namespace) -> int:
    if options.public_id is None:
        print(f"{await store.destroy_all_for_user(options.user)} ended")
        return EXIT_OK
    if await store.destroy_by_id(options.user, options.public_id):
        print("ended")
        return EXIT_OK
    return _say("this user has no such session; see 'list'", EXIT_FOUND)


async def _end_everything(store: Store, options: argparse.Namespace) -> int:
    if not options.yes:
        return _say("this signs out everybody; say it with --yes", EXIT_USAGE)
    print(f"{await store.destroy_everything()} ended")
    return EXIT_OK


_COMMANDS: dict[str, Callable[[Store, argparse.Namespace], Awaitable[int]]] = {
    "doctor": _doctor,
    "count": _count,
    "show": _show_details,
    "sweep": _sweep,
    "reindex": _reindex,
    "list": _list,
    "find": _find,
    "end": _end,
    "end-everything": _end_everything,
}


# --- parts ----------------------------------------------------------------------------------------


def _ring() -> KeyRing:
    text = os.environ.get(KEYS_VARIABLE)
    if not text:
        raise ConfigError(
            f"set {KEYS_VARIABLE} to the key ring of the application: 'python -m sessions keys'"
            " makes one"
        )
    return KeyRing.from_json(text)


def _show(sessions: Sequence[SessionInfo], options: argparse.Namespace) -> int:
    for info in sessions:
        print(json.dumps(asdict(info), default=_plain) if options.json else _line(info))
    if not sessions and not options.json:
        print("no live session")
    return EXIT_OK


def _line(info: SessionInfo) -> str:
    device = info.device_info
    return "  ".join(
        [
            info.public_id,
            f"{info.created_at:%Y-%m-%d %H:%M}",
            f"last used {info.last_access:%Y-%m-%d %H:%M}",
            _plainly(info.user_id or "visitor"),
            _plainly(device.user_agent) if device else "unknown device",
        ]
    )


def _block(details: dict[str, Any]) -> str:
    """A line for each thing that is known of a session."""
    return "\n  ".join(
        f"{name}: {json.dumps(value, default=_plain)}" for name, value in details.items()
    )


def _plainly(text: str) -> str:
    """What a browser or a user has sent is not for a terminal to obey."""
    return text.encode("unicode_escape").decode()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


def _words(report: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in report.items())


if __name__ == "__main__":
    sys.exit(main())
