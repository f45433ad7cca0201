"""A real browser: Debian's Chromium, driven by playwright."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator

from playwright.async_api import Browser, async_playwright

from .servers import CannotStart

_NAMES = ("chromium", "chromium-browser", "google-chrome")
#: CI runs as root, where Chromium has no sandbox; every page it sees is our own.
_OPTIONS = ["--no-sandbox", "--disable-dev-shm-usage"]


def chromium() -> str:
    """The path of the browser. Raises CannotStart."""
    for name in _NAMES:
        if (path := shutil.which(name)) is not None:
            return path
    raise CannotStart("there is no Chromium on this machine (Debian: apt-get install chromium)")


@contextlib.asynccontextmanager
async def browser(*options: str) -> AsyncIterator[Browser]:
    """A browser without a window."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=chromium(), args=[*_OPTIONS, *options]
        )
        try:
            yield started
        finally:
            await started.close()
