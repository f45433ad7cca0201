"""Pictures of all pages: ``python -m tests.sessions.demo.screenshots FOLDER`` takes them anew.

For a look at every state of them after a change. Those in ``.github/images`` are the README's, made
small by pngquant.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, expect

from sessions import AuthContext, RequestContext
from sessions.demo.web.serve import Address
from sessions.demo.web.settings import Settings
from tests.support.browser import browser

from .running import Site, running
from .visitor import Visitor

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
SIZES = {"desktop": (1120, 740), "phone": (390, 780)}
#: So that visitors come, use their sessions, and leave them behind to expire.
LOAD_MS = 28_000
HERE = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0"
    " Safari/537.36"
)
ELSEWHERE = {
    "203.0.113.7": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "192.168.7.20": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
}


class Album:
    """Pictures of one look: a colour scheme, and a size of window."""

    def __init__(self, folder: Path, site: Site, visitor: Visitor, look: str) -> None:
        self._folder = folder
        self._site = site
        self._visitor = visitor
        self._look = look

    @property
    def page(self) -> Page:
        return self._visitor.page

    async def take(self, name: str) -> None:
        await self.page.screenshot(
            path=self._folder / f"{name}-{self._look}.png", full_page="phone" in self._look
        )

    async def of_the_way_in(self) -> None:
        page = self.page
        await page.goto("/sign-in")
        await self.take("sign-in")
        await page.get_by_label("Name").fill("alice")
        await page.get_by_label("Password", exact=True).fill("not the password")
        await self._visitor.press("Sign in")
        await self.take("refused")
        await page.goto("/sign-up")
        await page.get_by_label("Name").fill("carol")
        await page.get_by_label("Password", exact=True).fill("short")
        await self._visitor.press("Open the account")
        await self.take("sign-up")
        await page.goto("/nowhere")
        await self.take("nowhere")

    async def of_a_session(self) -> None:
        page = self.page
        await self._visitor.arrive()
        await expect(page.locator("[data-live-text]")).to_have_text("Live")
        await self.take("devices")
        await page.goto("/notebook")
        await self.take("notebook-empty")
        await page.get_by_label("What should").fill(
            "The kettle is clean. Ask Bob for the blue one."
        )
        await self._visitor.press("Save the note")
        await page.get_by_label("One more thing").fill("Darjeeling, second flush")
        await self._visitor.press("Add")
        await self.take("notebook")
        cookie = await self._visitor.session_cookie()
        await self._site.demo.store.destroy(str(cookie["value"]) if cookie else "")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("has ended")
        await self.take("ended")

    async def of_the_store(self) -> None:
        await self._visitor.arrive("/operator", "olivia")
        await self.take("operator")


async def open_album(folder: Path, site: Site, chrome: Browser, scheme: Scheme, size: str) -> Album:
    width, height = SIZES[size]
    context = await chrome.new_context(
        base_url=site.url,
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        user_agent=HERE,
        device_scale_factor=2 if size == "desktop" else 1,
    )
    return Album(folder, site, await Visitor.begin(context), f"{size}-{scheme}")


async def take_all(folder: Path) -> None:
    settings = Settings(tick_seconds=0.25, most_devices=4)
    async with running(settings, Address(port=0)) as site, browser() as chrome:
        for address, agent in ELSEWHERE.items():
            origin = RequestContext(address, {"user-agent": agent})
            await site.demo.store.create("alice", request=origin, auth=AuthContext(("pwd",)))
        albums = [
            await open_album(folder, site, chrome, scheme, size)
            for scheme in SCHEMES
            for size in SIZES
        ]
        for album in albums:
            await album.of_the_way_in()
            await album.of_a_session()
        site.demo.load.start()
        await albums[0].page.wait_for_timeout(LOAD_MS)
        for album in albums:
            await album.of_the_store()


if __name__ == "__main__":
    asyncio.run(take_all(Path(sys.argv[1])))
