"""The README's pictures: ``python -m tests.sessions.demo.screenshots FOLDER`` takes them anew."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page

from sessions import AuthContext, RequestContext
from sessions.demo.web.accounts import SHOWN
from sessions.demo.web.serve import Address
from sessions.demo.web.settings import Settings
from tests.support.browser import browser

from .running import Site, running

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
DESKTOP, PHONE = (1120, 760), (390, 780)
HERE = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0"
    " Safari/537.36"
)
ELSEWHERE = [
    (
        "203.0.113.7",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
        " Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    ),
    ("192.168.7.20", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
]


async def sign_in(page: Page, site: Site, name: str) -> None:
    password = next(each.password for each in SHOWN if each.name == name)
    await page.goto(f"{site.url}/sign-in")
    await page.fill("#name", name)
    await page.fill("#password", password)
    await page.click("main button[type=submit]")
    await page.wait_for_url("**/devices*")


async def take(folder: Path) -> None:
    settings = Settings(tick_seconds=0.25)
    async with running(settings, Address(port=0)) as site, browser() as chrome:
        for address, agent in ELSEWHERE:
            origin = RequestContext(address, {"user-agent": agent})
            await site.demo.store.create("alice", request=origin, auth=AuthContext(("pwd",)))
        for scheme in SCHEMES:
            await _entry(folder, site, chrome, scheme)
            await _devices(folder, site, chrome, scheme, DESKTOP, f"devices-{scheme}")
            await _devices(folder, site, chrome, scheme, PHONE, f"devices-phone-{scheme}")
        await _operator(folder, site, chrome)


async def _page(chrome: Browser, scheme: Scheme, size: tuple[int, int]) -> Page:
    context = await chrome.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        reduced_motion="reduce",
        user_agent=HERE,
    )
    return await context.new_page()


async def _entry(folder: Path, site: Site, chrome: Browser, scheme: Scheme) -> None:
    page = await _page(chrome, scheme, DESKTOP)
    await page.goto(f"{site.url}/sign-in")
    await page.screenshot(path=folder / f"sign-in-{scheme}.png")
    await page.fill("#name", "alice")
    await page.fill("#password", "wrong")
    await page.click("main button[type=submit]")
    await page.screenshot(path=folder / f"refused-{scheme}.png")
    await page.goto(f"{site.url}/sign-up")
    await page.screenshot(path=folder / f"sign-up-{scheme}.png")
    await page.context.close()


async def _devices(
    folder: Path, site: Site, chrome: Browser, scheme: Scheme, size: tuple[int, int], name: str
) -> None:
    page = await _page(chrome, scheme, size)
    await sign_in(page, site, "alice")
    await page.wait_for_timeout(400)
    await page.screenshot(path=folder / f"{name}.png", full_page=size == PHONE)
    await page.goto(f"{site.url}/notebook")
    await page.fill("#note", "The kettle is descaled. Ask Bob about the blue one.")
    await page.click("text=Keep the note")
    await page.fill("#item", "Darjeeling, second flush")
    await page.click("text=Add")
    await page.screenshot(path=folder / f"notebook-{name}.png", full_page=size == PHONE)
    own = page.url
    await page.goto(f"{own.rpartition('/')[0]}/devices")
    await page.click(".device.current button")
    await page.context.close()


async def _operator(folder: Path, site: Site, chrome: Browser) -> None:
    pages = [
        (await _page(chrome, "light", (1120, 1000)), "operator-light"),
        (await _page(chrome, "dark", (1120, 1000)), "operator-dark"),
        (await _page(chrome, "dark", PHONE), "operator-phone"),
    ]
    for page, _ in pages:
        await sign_in(page, site, "olivia")
        await page.goto(f"{site.url}/operator")
    await pages[0][0].click("text=Let some hundred")
    await pages[0][0].wait_for_timeout(26_000)
    for page, name in pages:
        await page.screenshot(path=folder / f"{name}.png", full_page="phone" in name)
        await page.context.close()


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1])))
