"""MODULE: none is loaded, and none can be, as in a Redis with ``enable-module-command no``."""

from __future__ import annotations

from ..command import CommandGroup
from ..context import Context
from ..errors import ModuleNotAllowed
from ..reply import Reply
from .documentation import help_lines

command = CommandGroup("server", category="")

_CHANGING = "admin noscript no_async_loading"


def _refuse(_: Context) -> None:
    raise ModuleNotAllowed


@command("MODULE LIST", "admin noscript", since="4.0.0", tips=["nondeterministic_output_order"])
def module_list(_: Context) -> Reply:
    """Return the modules: none."""
    return []


@command("MODULE LOAD path [arg [arg ...]]", _CHANGING, since="4.0.0", gate=_refuse)
@command(
    "MODULE LOADEX path [CONFIG name value [CONFIG name value ...]]",
    _CHANGING,
    since="7.0.0",
    gate=_refuse,
)
@command("MODULE UNLOAD name", _CHANGING, since="4.0.0", gate=_refuse)
def module_change(_: Context, *words: bytes) -> Reply:
    """Do nothing: modules are compiled for Redis."""
    raise ModuleNotAllowed  # a script may ask, and it passes no gate


@command("MODULE HELP", "loading stale", since="5.0.0")
def module_help(ctx: Context) -> Reply:
    """List the subcommands."""
    return help_lines(ctx)
