"""A real browser: Debian's Chromium, driven by playwright."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from .servers import CannotStart

if TYPE_CHECKING:
    from playwright.async_api import Browser

_NAMES = ("chromium-headless-shell", "chromium", "google-chrome")
#: CI runs as root, where Chromium has no sandbox; every page it sees is our own.
_OPTIONS = ["--no-sandbox", "--disable-dev-shm-usage"]


def chromium() -> str:
    """The path of the browser. Raises CannotStart."""
    for name in _NAMES:
        if (path := shutil.which(name)) is not None:
            return path
    raise CannotStart(
        "there is no Chromium on this machine (Debian: apt-get install chromium-headless-shell)"
    )


@contextlib.asynccontextmanager
async def browser(*options: str) -> AsyncIterator[Browser]:
    """A browser without a window."""
    # It takes half a second, which only runs with a browser are to wait for.
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=chromium(), args=[*_OPTIONS, *options]
        )
        try:
            yield started
        finally:
            await started.close()
