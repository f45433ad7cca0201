"""CONFIG: read and change the settings that ``config`` declares."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from ..command import CommandGroup
from ..config import NAMES, Setting
from ..configfile import rewritten
from ..context import Context
from ..errors import (
    ConfigNotRewritten,
    ConfigRefused,
    NoConfigFile,
    SettingReason,
    SyntaxFault,
    UnknownSetting,
)
from ..eviction.crowding import thin_out
from ..files import replace_file
from ..patterns import matcher
from ..reply import OK, Reply
from .documentation import help_lines

logger = logging.getLogger("ferrite_lite")

command = CommandGroup("server")


@command("CONFIG GET parameter [parameter ...]", "admin noscript loading stale", since="2.0.0")
def config_get(ctx: Context, *patterns: bytes) -> Reply:
    """Return the settings whose names match."""
    # A name that was spelt out is answered as it was spelt first.
    spelt: dict[str, bytes] = {}
    for pattern in patterns:
        for name in _matching(pattern.lower()):
            spelt.setdefault(name, name.encode() if _is_pattern(pattern) else pattern)
    config = ctx.server.config
    return {shown: NAMES[name].kind.write(NAMES[name].get(config)) for name, shown in spelt.items()}


def _is_pattern(name: bytes) -> bool:
    """A backslash alone makes none: Redis looks for these three."""
    return any(special in name for special in b"[*?")


def _matching(pattern: bytes) -> list[str]:
    if not _is_pattern(pattern):
        name = pattern.decode(errors="replace")
        return [name] if name in NAMES else []
    matches = matcher(pattern)
    return [
        name
        for name, setting in NAMES.items()
        if not setting.is_hidden and name != setting.newer_name and matches(name.encode())
    ]


@command(
    "CONFIG SET parameter value [parameter value ...]",
    "admin noscript loading stale",
    since="2.0.0",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
)
def config_set(ctx: Context, *pairs: bytes) -> Reply:
    """Change settings: all of them, or none."""
    if len(pairs) % 2:
        raise SyntaxFault
    # As in Redis, all names are checked before any value.
    named: dict[str, tuple[Setting, bytes]] = {}
    for raw_name, raw in zip(pairs[::2], pairs[1::2], strict=True):
        # A setting may be given by its old name as well: then the last value counts.
        name = raw_name.lower().decode(errors="replace")
        setting = _changeable(name, raw_name)
        if name in named:
            raise ConfigRefused(raw_name, SettingReason.DUPLICATE)
        named[name] = (setting, raw)
    config = ctx.server.config
    password_before = config.requirepass
    values = [(setting, _read(setting, name, raw)) for name, (setting, raw) in named.items()]
    _listen_where_told(ctx, dict(zip(named, values, strict=True)))
    for setting, value in values:
        setting.set(config, value)
    ctx.server.apply_settings()
    thin_out(ctx.server)
    if config.requirepass != password_before:
        ctx.server.acl.require_password(config.requirepass)
    ctx.server.update_guards()
    return OK


def _listen_where_told(ctx: Context, values: dict[str, tuple[Setting, Any]]) -> None:
    """Move to the port and the addresses that are to be set. Raises ConfigRefused."""
    config, move = ctx.server.config, ctx.server.move
    asked = {
        name: value
        for name, (setting, value) in values.items()
        if setting.unreachable and value != setting.get(config)
    }
    if not asked:
        return
    bind, port = asked.get("bind", config.bind), asked.get("port", config.port)
    try:
        if move is None:
            raise OSError("nobody listens for this engine")
        move(bind.split(), port)
    except OSError as error:
        logger.warning("cannot listen on %s:%d: %s", bind, port, error)
        name = next(iter(asked))
        raise ConfigRefused(name.encode(), NAMES[name].unreachable) from None


def _changeable(name: str, raw_name: bytes) -> Setting:
    setting = NAMES.get(name)
    if setting is None:
        raise UnknownSetting(raw_name)
    if setting.frozen_because:
        raise ConfigRefused(raw_name, setting.frozen_because)
    return setting


def _read(setting: Setting, name: str, raw: bytes) -> Any:
    try:
        return setting.kind.read(raw)
    except ValueError as error:
        # Only here Redis shows the name as it is declared, not as it was written.
        raise ConfigRefused(name.encode(), str(error)) from None


@command("CONFIG RESETSTAT", "admin noscript loading stale", since="2.0.0")
def config_resetstat(ctx: Context) -> Reply:
    """Reset the counters that INFO shows."""
    ctx.server.statistics.reset()
    ctx.server.metrics.reset()
    ctx.server.lookups.reset()
    for db in ctx.server.databases:
        db.expired = 0
    return OK


@command("CONFIG REWRITE", "admin noscript loading stale", since="2.8.0")
def config_rewrite(ctx: Context) -> Reply:
    """Write the current settings to the configuration file."""
    path = Path(ctx.server.config.file)
    if not ctx.server.config.file or path.suffix == ".toml":  # ferrite.toml has other names
        raise NoConfigFile
    try:
        old = path.read_bytes() if path.exists() else b""
        lines = ctx.server.acl.describe(whole=True)
        replace_file(path, rewritten(old, ctx.server.config, lines))
    except OSError as error:
        raise ConfigNotRewritten(error) from None
    return OK


@command("CONFIG HELP", "loading stale", since="5.0.0")
def config_help(ctx: Context) -> Reply:
    """Show this help."""
    return help_lines(ctx)
