"""What the pages do when the store is away, and what every response carries."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

import ferrite_lite
from sessions.demo.web.app import create_app
from sessions.demo.web.demo import keys_from, open_demo
from sessions.demo.web.settings import Settings

from .running import QUICK
from .visitor import PASSWORDS


@pytest.fixture
async def server() -> AsyncIterator[ferrite_lite.Server]:
    async with ferrite_lite.Ferrite() as ferrite:
        yield await ferrite.listen()


@pytest.fixture
async def browser(server: ferrite_lite.Server) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(tick_seconds=0.05)
    async with open_demo(settings, url=server.url, keys=keys_from("x"), hasher=QUICK) as demo:
        transport = httpx.ASGITransport(app=create_app(demo))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as browser:
            yield browser


async def sign_in(browser: httpx.AsyncClient) -> None:
    form = {"name": "alice", "password": PASSWORDS["alice"]}
    assert (await browser.post("/sign-in", data=form)).status_code == 303


async def test_a_store_that_is_away_signs_nobody_out(
    browser: httpx.AsyncClient, server: ferrite_lite.Server
) -> None:
    await sign_in(browser)
    await server.close()
    for path in ("/devices", "/notebook", "/sign-in"):
        response = await browser.get(path)
        assert response.status_code == 503, path
        assert "The store does not answer" in response.text
        assert "set-cookie" not in response.headers
    form = {"name": "alice", "password": PASSWORDS["alice"]}
    browser.cookies.clear()
    assert (await browser.post("/sign-in", data=form)).status_code == 503


@pytest.mark.parametrize(
    "path", ["/sign-in", "/devices", "/nowhere", "/static/app.css", "/static/nothing.css"]
)
async def test_every_response_forbids_what_is_not_needed(
    browser: httpx.AsyncClient, path: str
) -> None:
    await sign_in(browser)
    headers = (await browser.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for needed in ("frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"):
        assert needed in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert path.startswith("/static") or headers["cache-control"] == "no-store"


async def test_a_refusal_is_a_page(browser: httpx.AsyncClient) -> None:
    await sign_in(browser)
    refused = await browser.post("/sign-out")
    assert refused.status_code == 403
    assert refused.headers["content-type"].startswith("text/html")
    assert "Nothing was changed" in refused.text


async def test_what_people_write_is_shown_as_they_wrote_it(browser: httpx.AsyncClient) -> None:
    await sign_in(browser)
    page = (await browser.get("/notebook")).text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    hostile = "</textarea><script>alert(1)</script>"
    await browser.post("/notebook/note", data={"csrf_token": token, "note": hostile})
    page = (await browser.get("/notebook")).text
    assert "<script>alert" not in page
    assert "&lt;/textarea&gt;&lt;script&gt;alert(1)" in page


async def test_a_refused_name_comes_back_as_text(browser: httpx.AsyncClient) -> None:
    form = {"name": '"><b>', "password": "x"}
    page = (await browser.post("/sign-in", data=form)).text
    assert "<b>" not in page


async def test_a_page_that_asks_too_late_is_told_why_its_session_has_ended(
    browser: httpx.AsyncClient,
) -> None:
    await sign_in(browser)
    address = re.search(r'data-stream="([^"]+)"', (await browser.get("/devices")).text)
    assert address
    browser.headers["sec-fetch-site"] = "same-origin"
    await sign_in(browser)
    browser.cookies.clear()
    late = await browser.get(address[1])
    assert late.headers["content-type"].startswith("text/event-stream")
    assert late.text == 'event: ended\ndata: "Somebody has signed in again in this browser."\n\n'
    assert (await browser.get("/devices/stream")).status_code == 204
