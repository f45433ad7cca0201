"""Run the demo; the exit status is 0 only when every step behaved."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Sequence

from . import load, story, targets
from .console import Console

_NEEDS_WEB = "The demo in a browser needs more: pip install 'ferrite-lite[web]' ({missing})"
_USAGE = """\
usage: python -m sessions.demo                 the tour in this terminal, half a minute
       python -m sessions.demo --web [...]     the demo in a browser; --web --help tells its options
"""


async def main() -> int:
    """All scenes in turn."""
    console = Console()
    started = time.perf_counter()
    await story.tell(console)
    await load.run(console)
    await targets.visit(console)
    seconds = time.perf_counter() - started
    if console.failures:
        console.title(f"{console.failures} steps failed, in {seconds:.1f} seconds")
        return 1
    console.title(f"Every step behaved, in {seconds:.1f} seconds")
    return 0


def serve(words: Sequence[str]) -> int:
    """The demo in a browser, until it is stopped."""
    try:
        from .web import command
    except ModuleNotFoundError as error:
        print(_NEEDS_WEB.format(missing=error), file=sys.stderr)
        return 1
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(command.run(words))
    return 0


def choose(words: Sequence[str]) -> int:
    """On the console; in a browser with ``--web``."""
    if "--web" in words:
        return serve([word for word in words if word != "--web"])
    if words:
        is_asked = words[0] in ("-h", "--help")
        print(_USAGE, end="", file=sys.stdout if is_asked else sys.stderr)
        return 0 if is_asked else 2
    return asyncio.run(main())


if __name__ == "__main__":
    sys.exit(choose(sys.argv[1:]))
