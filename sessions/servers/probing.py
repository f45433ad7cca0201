"""Whether a server can hold sessions at all: found out once, before the first operation needs it.

Some servers speak the protocol and lack scripts, or commands within them. Some are nodes of a
cluster, to which the client does not know the way.
"""

from __future__ import annotations

from ..config import SessionConfig
from ..errors import ConfigError, StoreRefused, StoreUnavailable
from ..record import text
from ..scripts import Script
from .failures import NEEDS_CLUSTER_CLIENT
from .link import Link

PROBE = Script("probe")

#: What a server says that has the command and will not run it now.
_NOT_NOW = ("READONLY", "OOM", "MISCONF", "NOREPLICAS", "MASTERDOWN")


async def check_server(link: Link, config: SessionConfig) -> None:
    """Raises ConfigError if a server can never do what is needed.

    One that is away, or does not answer now, passes: the first operation tells. Clients that are
    none of redis-py's are not asked.
    """
    if not (link.is_single or link.is_cluster):
        return
    try:
        if link.is_single:
            await _check_kind(link)
        await _check_scripts(link, f"{config.prefix}session:{{probe}}:none")
    except StoreUnavailable:
        return


async def _check_kind(link: Link) -> None:
    try:
        told = await link.ask("INFO", "cluster")
    except StoreRefused:
        return  # it may not tell
    is_node = (
        told.get("cluster_enabled") == 1
        if isinstance(told, dict)  # redis-py has taken it apart
        else "cluster_enabled:1" in text(told)
    )
    if is_node:
        raise ConfigError(NEEDS_CLUSTER_CLIENT)


async def _check_scripts(link: Link, key: str) -> None:
    try:
        lacking = [text(line) for line in await link.ask("EVAL", PROBE.text, 1, key)]
    except StoreRefused as refusal:
        raise ConfigError(f"sessions need EVAL, and the server refused it: {refusal}") from refusal
    never = [line for line in lacking if not line.partition(": ")[2].startswith(_NOT_NOW)]
    if never:
        raise ConfigError(
            f"sessions need what the server does not do in scripts: {'; '.join(never)}"
        )
