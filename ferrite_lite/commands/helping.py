"""The HELP of a container, such as OBJECT HELP: told from the declarations of its subcommands."""

from __future__ import annotations

from ..context import Context
from ..reply import Reply, Status


def help_lines(ctx: Context) -> list[Reply]:
    """The lines of the HELP that is running: each subcommand, and below it what it does."""
    container = ctx.command.usage.name.partition(" ")[0]
    top = ctx.server.table[container.encode()]
    assert top is not None  # noqa: S101  # one of its subcommands is running
    lines = [f"{container.upper()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"]
    for _, subcommand in sorted(top.subcommands.items()):
        lines.append(subcommand.usage.line.partition(" ")[2])
        lines.append(f"    {subcommand.summary}")
    return [Status(line.encode()) for line in lines]
