"""The HELP of a container, such as OBJECT HELP: told from the declarations of its subcommands."""

from __future__ import annotations

from ..context import Context
from ..errors import as_text
from ..reply import Reply, Status


def help_lines(ctx: Context) -> list[Reply]:
    """The lines of the HELP that is running: each subcommand, and below it what it does."""
    container = ctx.argv[0]  # it may have been renamed
    top = ctx.server.table[container]
    assert top is not None  # noqa: S101  # one of its subcommands is running
    shown = as_text(container.upper())
    lines = [f"{shown} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"]
    for _, subcommand in sorted(top.subcommands.items()):
        lines.append(subcommand.usage.line.partition(" ")[2])
        lines.append(f"    {subcommand.summary}")
    return [Status(line.encode()) for line in lines]
