"""CONFIG: read and change the settings that ``config.py`` declares."""

from __future__ import annotations

from typing import Any

from ..command import CommandGroup
from ..config import NAMES, Setting
from ..context import Context
from ..errors import ConfigRefused, NoConfigFile, SyntaxFault, UnknownSetting
from ..patterns import is_literal, matcher
from ..reply import OK, Reply

command = CommandGroup("server")


@command(
    "CONFIG GET parameter [parameter ...]",
    "admin noscript loading stale",
    since="2.0.0",
    complexity="O(N) when N is the number of settings asked for",
)
def config_get(ctx: Context, *patterns: bytes) -> Reply:
    """Return the settings whose names match."""
    found: dict[Any, Reply] = {}
    for pattern in patterns:
        matches = matcher(pattern.lower())
        names = [pattern.lower().decode(errors="replace")] if is_literal(pattern) else NAMES
        for name in names:
            if name in NAMES and matches(name.encode()):
                setting = NAMES[name]
                # A name that was spelt out is answered as it was spelt.
                shown = pattern if is_literal(pattern) else name.encode()
                found[shown] = setting.kind.write(setting.get(ctx.server.config))
    return found


@command(
    "CONFIG SET parameter value [parameter value ...]",
    "admin noscript loading stale",
    since="2.0.0",
    complexity="O(N) when N is the number of settings given",
    tips=["request_policy:all_nodes", "response_policy:all_succeeded"],
)
def config_set(ctx: Context, *pairs: bytes) -> Reply:
    """Change settings: all of them, or none."""
    if len(pairs) % 2:
        raise SyntaxFault
    changes: dict[str, tuple[Setting, Any]] = {}
    for raw_name, raw in zip(pairs[::2], pairs[1::2], strict=True):
        setting = NAMES.get(raw_name.lower().decode(errors="replace"))
        if setting is None:
            raise UnknownSetting(raw_name)
        if setting.name in changes:
            raise ConfigRefused(raw_name, "duplicate parameter")
        changes[setting.name] = (setting, _read(setting, raw_name, raw))
    for setting, value in changes.values():
        assert setting.set is not None  # noqa: S101  # _read refuses the others
        setting.set(ctx.server.config, value)
    _admit_everybody_without_password(ctx)
    return OK


def _admit_everybody_without_password(ctx: Context) -> None:
    """Who was asked for a password that is no more needs none."""
    if not ctx.server.config.requirepass:
        for client in ctx.server.clients.values():
            client.authenticated = True
            client.update_guard()


def _read(setting: Setting, name: bytes, raw: bytes) -> Any:
    if setting.set is None:
        raise ConfigRefused(name, "can't set immutable config")
    try:
        return setting.kind.read(raw)
    except ValueError as error:
        raise ConfigRefused(name, str(error)) from None


@command("CONFIG RESETSTAT", "admin noscript loading stale", since="2.0.0")
def config_resetstat(ctx: Context) -> Reply:
    """Count from zero again what INFO shows."""
    ctx.server.statistics.reset()
    return OK


@command("CONFIG REWRITE", "admin noscript loading stale", since="2.8.0")
def config_rewrite(ctx: Context) -> Reply:
    """Refuse: there is no configuration file to write to."""
    raise NoConfigFile
