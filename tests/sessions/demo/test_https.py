"""Over HTTPS, as in production: the cookie as the browser has stored it, and what goes with it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sessions.demo.web.serve import Address
from sessions.demo.web.settings import Settings

from .conftest import Visit
from .running import Site, running

pytestmark = pytest.mark.asyncio(loop_scope="session")

SETTINGS = Settings(is_secure=True, tick_seconds=0.2)


@pytest_asyncio.fixture(loop_scope="session")
async def site(certificate: Path) -> AsyncIterator[Site]:
    address = Address(port=0, certificate=str(certificate), private_key=str(certificate))
    async with running(SETTINGS, address) as site:
        yield site


async def test_the_browser_stores_the_cookie_under_every_protection(
    visit: Visit, site: Site
) -> None:
    alice = await visit()
    await alice.sign_in()
    cookie = await alice.session_cookie()
    assert cookie
    assert {name: cookie[name] for name in cookie if name not in ("value", "expires")} == {
        "name": "__Host-id",
        "domain": "127.0.0.1",
        "path": "/",
        "httpOnly": True,
        "secure": True,
        "sameSite": "Lax",
    }
    # It ends with the browser, for nobody asked for more.
    assert cookie["expires"] == -1
    assert await alice.page.evaluate("document.cookie") == ""
    assert str(cookie["value"]) not in await alice.page.content()


async def test_who_asks_for_it_stays_signed_in_when_the_browser_is_closed(visit: Visit) -> None:
    alice = await visit()
    await alice.sign_in(remember=True)
    cookie = await alice.session_cookie()
    assert cookie
    left_seconds = float(str(cookie["expires"])) - time.time()
    assert SETTINGS.idle_seconds - 60 < left_seconds <= SETTINGS.idle_seconds + 1


async def test_signing_out_has_the_browser_forget_the_pages(visit: Visit, site: Site) -> None:
    alice = await visit()
    await alice.sign_in()
    response = await alice.page.goto("/devices")
    assert response
    headers = await response.all_headers()
    assert headers["cache-control"] == "no-store"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    async with alice.page.expect_response("**/sign-out") as signed_out:
        await alice.page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    headers = await (await signed_out.value).all_headers()
    assert headers["clear-site-data"] == '"cache", "storage"'
    await alice.page.wait_for_url("**/sign-in**")
    assert await alice.session_cookie() is None
