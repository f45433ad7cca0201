"""ACL: the users of the server, and what each of them may do."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from ..acl import ACL_CATEGORIES, AccessControl, Entry, Selector, User, is_user_name
from ..acl.description import describe_channels, describe_commands, describe_keys
from ..command import Command, CommandGroup
from ..context import Context
from ..errors import (
    AclBadUserName,
    AclCommandNotFound,
    AclDefaultUserStays,
    AclNoFile,
    AclNotLoaded,
    AclNotSaved,
    AclPasswordBits,
    AclUnknownCategory,
    AclUserNotFound,
    SubcommandSyntax,
    UnknownSubcommand,
)
from ..files import replace_file
from ..messages.broker import Subscriptions
from ..numeric import parse_int
from ..reply import OK, OrderedSet, Reply
from ..words import keyword
from .clients import kill
from .documentation import help_lines

logger = logging.getLogger("ferrite_lite.acl")

command = CommandGroup("server", category="")

#: How many bits ACL GENPASS gives by default, and at most.
PASSWORD_BITS = 256
MAX_PASSWORD_BITS = 4096

#: How many entries ACL LOG returns by default.
LOG_ENTRIES = 10

_ADMIN = "admin noscript loading stale"
_ANYBODY = "noscript loading stale"


# --- users ----------------------------------------------------------------------------------------


@command("ACL SETUSER username [rule [rule ...]]", _ADMIN, since="6.0.0")
def acl_setuser(ctx: Context, name: bytes, *rules: bytes) -> Reply:
    """Change a user, or make one: all rules are applied, or none."""
    if not is_user_name(name):
        raise AclBadUserName
    known = ctx.server.acl.find(name)
    user = known or ctx.server.acl.new_user(name)
    before = user.channels
    user.change(rules)
    if known is None:
        ctx.server.acl.add(user)
    else:
        _kill_subscribers(ctx, user, before)
    ctx.server.update_guards()
    return OK


def _kill_subscribers(ctx: Context, user: User, before: frozenset[bytes] | None) -> None:
    """Close the connections of a user that listen to channels it may no longer hear.

    Nobody is looked at whose user may hear all, or could name no channel ``before``. Redis means to
    pass over who still has all that he had, too, and does not: what was heard as another user ends.
    """
    if user.channels is None or before == frozenset():
        return
    for client in list(ctx.server.clients.values()):
        if client.user is user and not _may_hear_all(user, client.subscriptions):
            kill(ctx, client)


def _may_hear_all(user: User, held: Subscriptions) -> bool:
    return all(user.may_hear(pattern, is_pattern=True) for pattern in held.patterns) and all(
        user.may_hear(channel, is_pattern=False)
        for channel in (*held.channels, *held.shard_channels)
    )


@command("ACL DELUSER username [username ...]", _ADMIN, since="6.0.0")
def acl_deluser(ctx: Context, *names: bytes) -> Reply:
    """Remove users, close their connections, and return how many users there were."""
    if b"default" in names:
        raise AclDefaultUserStays
    removed = [user for name in names if (user := ctx.server.acl.remove(name)) is not None]
    _kill_clients_of(ctx, removed)
    return len(removed)


def _kill_clients_of(ctx: Context, users: Iterable[User]) -> None:
    """Close the connections of removed users; the caller's own after its reply."""
    gone = set(users)
    for client in list(ctx.server.clients.values()):
        if client.user in gone:
            client.lose_user()
            kill(ctx, client)


@command("ACL GETUSER username", _ADMIN, since="6.0.0")
def acl_getuser(ctx: Context, name: bytes) -> Reply:
    """Return the rules of one user."""
    user = ctx.server.acl.find(name)
    if user is None:
        return None
    root, *others = user.selectors
    return {
        b"flags": OrderedSet(user.flags),
        b"passwords": list[Reply](user.passwords),
        **_permissions(root),
        b"selectors": [_permissions(selector) for selector in others],
    }


def _permissions(selector: Selector) -> dict[bytes, Reply]:
    return {
        b"commands": describe_commands(selector, whole=False),
        b"keys": describe_keys(selector),
        b"channels": describe_channels(selector),
    }


@command("ACL LIST", _ADMIN, since="6.0.0")
def acl_list(ctx: Context) -> Reply:
    """Return every user with its rules, as an ACL file has them."""
    return list(ctx.server.acl.describe(whole=False))


@command("ACL USERS", _ADMIN, since="6.0.0")
def acl_users(ctx: Context) -> Reply:
    """Return the names of the users."""
    return [user.name for user in ctx.server.acl.users()]


@command("ACL WHOAMI", _ANYBODY, since="6.0.0")
def acl_whoami(ctx: Context) -> Reply:
    """Return the name of this connection's user."""
    return ctx.user.name


# --- permissions ----------------------------------------------------------------------------------


@command("ACL CAT [categoryname]", _ANYBODY, since="6.0.0")
def acl_cat(ctx: Context, *category: bytes) -> Reply:
    """Return the categories, or the commands of one."""
    if not category:
        return [name.encode() for name in ACL_CATEGORIES]
    _refuse_more(ctx, category, 1)
    found = ctx.server.acl.catalogue.category(category[0])
    if found is None:
        raise AclUnknownCategory(category[0])
    return [name.encode() for name in found.names]


@command("ACL DRYRUN username command [arg [arg ...]]", _ADMIN, since="7.0.0")
def acl_dryrun(ctx: Context, name: bytes, *argv: bytes) -> Reply:
    """Return whether a user may make a request, and if not, why."""
    user = ctx.server.acl.find(name)
    if user is None:
        raise AclUserNotFound(name)
    asked = _resolve(ctx, list(argv))
    denial = user.denial(asked, list(argv))
    if denial is None:
        return OK
    if denial.reason == "command":
        return f"This user has no permissions to run the '{asked.name}' command".encode()
    return b"This user has no permissions to access the '%b' %b" % (
        argv[denial.at].partition(b"\0")[0],
        denial.reason.encode(),
    )


def _resolve(ctx: Context, argv: list[bytes]) -> Command:
    """The command that a request means. Raises AclCommandNotFound and WrongArity."""
    top = ctx.server.table[argv[0]]
    if top is None:
        raise AclCommandNotFound(argv[0])
    try:
        return top.resolve(argv)
    except UnknownSubcommand:
        raise AclCommandNotFound(argv[0]) from None


@command("ACL GENPASS [bits]", _ANYBODY, since="6.0.0")
def acl_genpass(ctx: Context, *bits: bytes) -> Reply:
    """Return a random password, in hexadecimal."""
    _refuse_more(ctx, bits, 1)
    wanted = parse_int(bits[0]) if bits else PASSWORD_BITS
    if not 0 < wanted <= MAX_PASSWORD_BITS:
        raise AclPasswordBits(MAX_PASSWORD_BITS)
    digits = (wanted + 3) // 4
    return secrets.token_hex((digits + 1) // 2)[:digits].encode()


@command("ACL LOG [count | RESET]", _ADMIN, since="6.0.0")
def acl_log(ctx: Context, *words: bytes) -> Reply:
    """Return recent refusals, the newest first, or forget them."""
    _refuse_more(ctx, words, 1)
    log = ctx.server.acl.log
    if words and keyword(words[0]) == b"RESET":
        log.clear()
        return OK
    count = parse_int(words[0]) if words else LOG_ENTRIES
    return [_told(entry, ctx.server.moment.ms) for entry in log.newest(max(count, 0))]


def _told(entry: Entry, now_ms: int) -> Reply:
    return {
        b"count": entry.count,
        b"reason": entry.reason.encode(),
        b"context": entry.place.value,
        b"object": entry.object,
        b"username": entry.user,
        b"age-seconds": (now_ms - entry.ms) / 1000,
        b"client-info": entry.client,
    }


# --- files ----------------------------------------------------------------------------------------


@command("ACL LOAD", _ADMIN, since="6.0.0")
def acl_load(ctx: Context) -> Reply:
    """Replace all users by those of the ACL file, if the file has no fault."""
    _kill_clients_of(ctx, load_acl_file(ctx.server.acl, _acl_path(ctx)))
    ctx.server.update_guards()
    return OK


def load_acl_file(acl: AccessControl, path: str) -> list[User]:
    """Replace all users by those of a file, and return the old ones.

    Raises AclNotLoaded for a file that cannot be read or has a fault; then nothing has changed.
    """
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise AclNotLoaded(f"Error loading ACLs, opening file '{path}': {reason}") from None
    users, faults = acl.read_file(path, text)
    if faults:
        raise AclNotLoaded(faults)
    return acl.replace_users(users)


@command("ACL SAVE", _ADMIN, since="6.0.0")
def acl_save(ctx: Context) -> Reply:
    """Write all users to the ACL file."""
    path = Path(_acl_path(ctx))
    text = b"".join(line + b"\n" for line in ctx.server.acl.describe(whole=True))
    try:
        replace_file(path, text)
    except OSError as error:
        logger.warning("cannot save the ACL file %s: %s", path, error.strerror)
        raise AclNotSaved from None
    return OK


def _acl_path(ctx: Context) -> str:
    path = ctx.server.config.aclfile
    if not path:
        raise AclNoFile
    return path


@command("ACL HELP", "loading stale", since="6.0.0")
def acl_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_lines(ctx)


def _refuse_more(ctx: Context, words: tuple[bytes, ...], limit: int) -> None:
    """Raises SubcommandSyntax if there are more words than a subcommand takes."""
    if len(words) > limit:
        raise SubcommandSyntax("acl", ctx.argv[1])
