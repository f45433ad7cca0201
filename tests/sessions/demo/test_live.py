"""Open pages follow what happens elsewhere; two browsers, or more, at once."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

import ferrite_lite

from .conftest import SETTINGS, Visit
from .running import Site
from .visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


async def follows(*visitors: Visitor) -> None:
    """Their pages hear from now on what happens: one that is still loading would not know why."""
    for visitor in visitors:
        await expect(visitor.page.locator("[data-live-text]")).to_have_text("Live")


async def falls_out(visitor: Visitor, why: str) -> None:
    """The open page says that its session has ended, shows nothing else, and leads to sign in."""
    page = visitor.page
    await expect(page.get_by_role("heading", level=1)).to_have_text("This session has ended")
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await expect(page.locator("[data-why]")).to_contain_text(why)
    assert await visitor.devices() == []
    assert await page.locator(".account-name").count() == 0
    await page.get_by_role("link", name="Sign in again").click()
    await expect(page.get_by_label("Name")).to_be_visible()


async def test_a_second_browser_appears_and_falls_out_live_when_it_is_ended(visit: Visit) -> None:
    first, second = await visit(), await visit(user_agent=FIREFOX)
    await first.arrive()
    await follows(first)
    await second.arrive()
    await follows(second)
    await expect(first.page.locator(".device")).to_have_count(2)
    await expect(first.page.locator(".toast")).to_have_text("Firefox on Linux has signed in.")
    await first.press("Sign out Firefox on Linux")
    await expect(first.page.locator(".device")).to_have_count(1)
    await falls_out(second, "another of your devices")


async def test_one_device_too_many_ends_the_oldest_and_both_are_told(
    visit: Visit, site: Site, clock: ferrite_lite.ManualClock
) -> None:
    oldest, newest = await visit(), await visit()
    await oldest.arrive()
    await follows(oldest)
    for _ in range(SETTINGS.most_devices - 1):
        clock.advance(seconds=1)
        await site.demo.store.create("alice")
    await newest.sign_in()
    assert "one device too many" in await newest.tell()
    assert len(await newest.devices()) == SETTINGS.most_devices
    await falls_out(oldest, "this one was the oldest")


async def test_a_session_that_is_not_used_runs_out_while_its_page_is_open(
    visit: Visit, clock: ferrite_lite.ManualClock
) -> None:
    alice = await visit()
    await alice.arrive()
    await follows(alice)
    clock.advance(seconds=SETTINGS.idle_seconds)
    await falls_out(alice, "")
    await expect(alice.page.locator("main")).to_contain_text("Your session has ended")


async def test_use_in_one_tab_winds_the_clock_of_the_other(
    visit: Visit, clock: ferrite_lite.ManualClock
) -> None:
    alice = await visit()
    await alice.arrive()
    digits = alice.page.locator("[data-clock=absolute] [data-digits]")
    await expect(digits).to_contain_text("7:59:")
    clock.advance(seconds=9 * 60)
    second_tab = await alice.context.new_page()
    await second_tab.goto("/notebook")
    await expect(digits).to_contain_text("7:50:")
    await expect(alice.page.locator("[data-clock=idle] [data-digits]")).to_contain_text("9:5")
    # Only use counts: the open page alone does not keep the session alive.
    clock.advance(seconds=SETTINGS.idle_seconds)
    await falls_out(alice, "")


async def test_nothing_keeps_a_session_beyond_its_absolute_end(
    visit: Visit, site: Site, clock: ferrite_lite.ManualClock
) -> None:
    alice = await visit()
    await alice.arrive()
    cookie = await alice.session_cookie()
    assert cookie
    almost_idle_seconds = SETTINGS.idle_seconds - 1
    for _ in range(int(SETTINGS.absolute_seconds / almost_idle_seconds)):
        clock.advance(seconds=almost_idle_seconds)
        assert await site.demo.store.validate(str(cookie["value"]))
    await alice.page.reload()
    left = await alice.page.locator("[data-clock=idle]").get_attribute("data-left")
    assert left == await alice.page.locator("[data-clock=absolute]").get_attribute("data-left")
    assert left
    assert 0 < float(left) < SETTINGS.idle_seconds / 10
    clock.advance(seconds=float(left))
    await falls_out(alice, "")


async def test_signing_out_everywhere_empties_every_page(visit: Visit, site: Site) -> None:
    first, second = await visit(), await visit()
    await first.arrive()
    await second.arrive("/notebook")
    await follows(first, second)
    await first.press("Sign out everywhere")
    await expect(first.page.locator("[data-told]")).to_contain_text("all of your devices")
    await falls_out(second, "another of your devices")
    assert await site.demo.store.get_user_sessions("alice") == []


async def test_two_tabs_change_two_fields_and_both_stay(visit: Visit) -> None:
    alice = await visit()
    await alice.arrive()
    note, shopping = alice.page, await alice.context.new_page()
    for tab in (note, shopping):
        await tab.goto("/notebook")
    await note.get_by_label("What should").fill("the blue kettle")
    await shopping.get_by_label("One more thing").fill("Darjeeling")
    await shopping.get_by_role("button", name="Add").click()
    await note.get_by_role("button", name="Save the note").click()
    await expect(note.get_by_label("What should")).to_have_value("the blue kettle")
    await expect(note.locator(".items li")).to_have_count(1)
    await note.get_by_role("button", name="Remove Darjeeling").click()
    await expect(note.locator(".items li")).to_have_count(0)
    await expect(note.get_by_label("What should")).to_have_value("the blue kettle")


async def test_the_operator_watches_the_store_and_ends_the_sessions_of_a_user(
    visit: Visit, site: Site
) -> None:
    alice, olivia = await visit(), await visit()
    await alice.arrive()
    await olivia.arrive("/operator", "olivia")
    await follows(alice, olivia)
    figures = olivia.page.locator(".figure")
    await expect(figures.first).to_have_text("2")
    await expect(olivia.page.locator(".chart .line")).not_to_have_count(0)
    await olivia.press("Send in visitors")
    await expect(figures.first).to_have_text("322")
    await expect(figures.last).to_have_text("80")
    await expect(olivia.page.locator(".events")).to_contain_text("evicted")
    await olivia.page.get_by_label("Name of the user").fill("alice")
    await olivia.press("End all sessions")
    await expect(olivia.page.locator("[data-told]")).to_contain_text("have ended")
    await falls_out(alice, "another of your devices")


async def test_a_server_that_goes_away_ends_no_session(visit: Visit, site: Site) -> None:
    alice = await visit()
    await alice.arrive()
    await follows(alice)
    await alice.context.set_offline(True)
    site.demo.hub.close()
    await expect(alice.page.locator("[data-live-text]")).to_have_text("Connection lost")
    assert len(await alice.devices()) == 1
    await alice.context.set_offline(False)
    await expect(alice.page.locator("[data-live-text]")).to_have_text("Live")


async def test_a_store_that_does_not_answer_ends_no_session(visit: Visit, site: Site) -> None:
    alice = await visit()
    await alice.arrive()
    sign = alice.page.locator("[data-live-text]")
    await expect(sign).to_have_text("Live")
    await alice.page.route("**/devices/stream?*", lambda route: route.fulfill(status=503))
    site.demo.hub.close()
    await expect(sign).to_have_text("The store does not answer")
    assert len(await alice.devices()) == 1
    await alice.page.unroute("**/devices/stream?*")
    await expect(sign).to_have_text("Live")
    await expect(alice.page.locator(".toast").last).to_have_text("This page is live again.")
