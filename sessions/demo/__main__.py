"""Run the demo; the exit status is 0 only when every step behaved."""

from __future__ import annotations

import asyncio
import sys
import time

from . import load, story, targets
from .console import Console


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


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
