"""Everybody can use the pages: with a keyboard, a screen reader, a phone, in light and in dark."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from .conftest import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}
#: WCAG 2.2 AA, which has 4.5:1 as its contrast, and what axe counts as good practice besides.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = {
    "": ["/sign-in", "/sign-up", "/nowhere"],
    "alice": ["/devices", "/notebook"],
    "olivia": ["/operator"],
}


async def violations(page: Page) -> list[str]:
    found = await Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
    return [
        f"{page.url}: {each['id']}: {node['html']}"
        for each in found.response["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", PHONE), ("dark", DESKTOP)], ids=["light phone", "dark desktop"]
)
async def test_no_page_breaks_a_rule_of_accessibility_or_is_wider_than_its_window(
    visit: Visit, scheme: Literal["light", "dark"], size: dict[str, int]
) -> None:
    broken = []
    for name, paths in PAGES.items():
        visitor = await visit(color_scheme=scheme, viewport=size, reduced_motion="reduce")
        if name:
            await visitor.arrive(paths[0], name)
        for path in paths:
            await visitor.page.goto(path)
            broken += await violations(visitor.page)
            width = await visitor.page.evaluate("document.documentElement.scrollWidth")
            assert width <= size["width"], path
            assert await visitor.page.evaluate("document.getAnimations().length") == 0
    assert broken == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_refusals_and_ends_are_as_accessible(
    visit: Visit, scheme: Literal["light", "dark"]
) -> None:
    alice, other = await visit(color_scheme=scheme), await visit()
    await alice.page.goto("/sign-in")
    await alice.page.get_by_label("Name").fill("alice")
    await alice.page.get_by_label("Password", exact=True).fill("not the password")
    await alice.press("Sign in")
    broken = await violations(alice.page)
    await alice.arrive()
    await other.arrive()
    await other.press("Sign out all others")
    await expect(alice.page.get_by_role("heading", level=1)).to_have_text("This session has ended")
    broken += await violations(alice.page)
    assert broken == []


async def test_signing_in_and_ending_a_device_needs_a_keyboard_only(visit: Visit) -> None:
    alice, other = await visit(), await visit()
    await other.arrive()
    await alice.page.goto("/sign-in")
    await expect(alice.page.get_by_label("Name")).to_be_focused()
    await alice.page.keyboard.type("alice")
    await alice.page.keyboard.press("Tab")
    await alice.page.keyboard.type("tea-at-half-past-four")
    await alice.page.keyboard.press("Enter")
    await alice.page.wait_for_url("**/devices**")
    order = []
    for _ in range(12):
        await alice.page.keyboard.press("Tab")
        focused = alice.page.locator(":focus")
        order.append(await focused.get_attribute("aria-label") or await focused.inner_text())
        outline = await focused.evaluate("(each) => getComputedStyle(each).outlineWidth")
        assert outline == "3px", order[-1]
        if order[-1] == "Sign out Chrome (headless) on Linux":
            break
    assert order == [
        *("Skip to the page", "Sessions", "Devices", "Notebook", "Sign out"),
        *("Sign out this device", "Sign out Chrome (headless) on Linux"),
    ]
    await alice.page.keyboard.press("Enter")
    await expect(alice.page.locator(".device")).to_have_count(1)


async def test_focus_stays_where_it_is_when_a_list_changes_below_it(visit: Visit) -> None:
    alice, other = await visit(), await visit()
    await alice.arrive()
    button = alice.page.get_by_role("button", name="Sign out this device")
    await button.focus()
    await other.arrive()
    await expect(alice.page.locator(".device")).to_have_count(2)
    await expect(button).to_be_focused()
