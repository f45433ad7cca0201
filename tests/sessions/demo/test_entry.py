"""Signing in and out, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

import ferrite_lite

from .conftest import Visit
from .running import Site
from .visitor import PASSWORDS

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_signing_in_shows_this_device_and_signing_out_forgets_it(
    visit: Visit, site: Site
) -> None:
    alice = await visit()
    await alice.sign_in()
    assert await alice.devices() == ["Chrome (headless) on Linux This device"]
    assert len(await site.demo.store.get_user_sessions("alice")) == 1
    await alice.page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    await expect(alice.page.locator("[data-told]")).to_contain_text("signed out")
    assert await alice.session_cookie() is None
    assert await site.demo.store.get_user_sessions("alice") == []


async def test_back_after_signing_out_shows_nothing_private(visit: Visit) -> None:
    alice = await visit()
    await alice.arrive("/notebook")
    await alice.page.get_by_label("What should").fill("a secret of mine")
    await alice.press("Save the note")
    await expect(alice.page.get_by_label("What should")).to_have_value("a secret of mine")
    await alice.page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    await alice.page.wait_for_url("**/sign-in**")
    for _ in range(2):
        await alice.page.go_back()
        await expect(alice.page.get_by_role("heading", level=1)).to_have_text("Sign in")
        assert "secret" not in await alice.page.content()


async def test_a_wrong_password_keeps_the_name_and_says_nothing_of_who_exists(
    visit: Visit,
) -> None:
    stranger = await visit()
    told = []
    for name in ("alice", "nobody"):
        await stranger.page.goto("/sign-in")
        await stranger.page.get_by_label("Name").fill(name)
        await stranger.page.get_by_label("Password", exact=True).fill("not the password")
        await stranger.press("Sign in")
        told.append(await stranger.page.get_by_role("alert").inner_text())
        await expect(stranger.page.get_by_label("Name")).to_have_value(name)
        await expect(stranger.page.get_by_label("Password", exact=True)).to_be_focused()
    assert told[0] == told[1]
    assert await stranger.session_cookie() is None


async def test_a_shown_account_is_filled_in_and_its_password_can_be_looked_at(
    visit: Visit,
) -> None:
    bob = await visit()
    await bob.page.goto("/sign-in")
    await bob.press("Fill in the account of bob")
    await bob.press("Show")
    password = bob.page.get_by_label("Password", exact=True)
    await expect(password).to_have_attribute("type", "text")
    await expect(password).to_have_value(PASSWORDS["bob"])
    await bob.press("Sign in")
    await expect(bob.page.locator(".account-name")).to_have_text("bob")


async def test_a_new_account_is_opened_once_its_password_will_do(visit: Visit) -> None:
    carol = await visit()
    await carol.page.goto("/sign-up")
    await carol.page.get_by_label("Name").fill("carol")
    await carol.page.get_by_label("Password", exact=True).fill("short")
    await carol.press("Open the account")
    await expect(carol.page.locator("#password-help")).to_contain_text("8 to 128")
    await expect(carol.page.get_by_label("Password", exact=True)).to_be_focused()
    await carol.page.get_by_label("Password", exact=True).fill("long enough by far")
    await carol.press("Open the account")
    await expect(carol.page.locator(".account-name")).to_have_text("carol")


async def test_everything_that_matters_works_without_scripts(visit: Visit, site: Site) -> None:
    alice, other = await visit(java_script_enabled=False), await visit(java_script_enabled=False)
    await alice.sign_in()
    await other.sign_in()
    await alice.page.goto("/notebook")
    await alice.page.get_by_label("What should").fill("tea")
    await alice.press("Save the note")
    assert await alice.page.get_by_label("What should").input_value() == "tea"
    await alice.page.goto("/devices")
    assert len(await alice.devices()) == 2
    await alice.press("Sign out Chrome (headless) on Linux")
    assert await alice.tell() == "The device is signed out."
    await other.page.goto("/devices")
    await other.page.wait_for_url("**/sign-in**")
    assert "has ended" in await other.page.locator("main").inner_text()
    await alice.press("Sign out this device")
    await alice.page.wait_for_url("**/sign-in**")
    assert await site.demo.store.get_user_sessions("alice") == []


@pytest.mark.parametrize(
    "elsewhere", ["http://evil.example", "http://127.0.0.1:9"], ids=["other site", "other port"]
)
async def test_a_form_of_somebody_else_changes_nothing(
    visit: Visit, site: Site, elsewhere: str
) -> None:
    alice = await visit()
    await alice.arrive()
    form = f'<form method="post" action="{site.url}/sign-out"><button>Win a kettle</button></form>'
    await alice.context.route(
        f"{elsewhere}/", lambda route: route.fulfill(body=form, content_type="text/html")
    )
    await alice.page.goto(f"{elsewhere}/")
    await alice.page.get_by_role("button").click()
    await expect(alice.page.get_by_role("heading", level=1)).to_have_text(
        re.compile("Refused|Sign in")
    )
    await alice.page.goto("/devices")
    assert len(await alice.devices()) == 1


async def test_a_form_without_its_token_is_refused_on_a_page_that_says_so(visit: Visit) -> None:
    alice = await visit()
    await alice.arrive()
    await alice.page.evaluate(
        "document.querySelectorAll('[name=csrf_token]').forEach((field) => field.remove())"
    )
    await alice.press("Sign out everywhere")
    await expect(alice.page.get_by_role("heading", level=1)).to_have_text("Refused")
    await alice.page.goto("/devices")
    assert len(await alice.devices()) == 1


async def test_other_devices_are_ended_only_after_a_fresh_password(
    visit: Visit, clock: ferrite_lite.ManualClock
) -> None:
    alice, other = await visit(), await visit()
    await alice.arrive()
    await other.arrive()
    clock.advance(seconds=6 * 60)
    await alice.page.goto("/devices")
    await alice.press("Sign out all others")
    await expect(alice.page.get_by_role("heading", level=1)).to_have_text("Is it still you?")
    await alice.page.get_by_label("Password of alice").fill("not the password")
    await alice.press("Continue")
    await expect(alice.page.get_by_role("alert")).to_have_text("Wrong password.")
    await alice.page.get_by_label("Password of alice").fill(PASSWORDS["alice"])
    await alice.press("Continue")
    await expect(alice.page.locator("[data-told]")).to_contain_text("other devices")
    assert len(await alice.devices()) == 1
    # For some minutes the password counts as just given.
    await other.arrive()
    await alice.page.goto("/devices")
    await alice.press("Sign out all others")
    await expect(alice.page.locator("[data-told]")).to_contain_text("other devices")


async def test_an_address_without_a_page_says_so_and_the_operators_page_is_the_operators(
    visit: Visit,
) -> None:
    alice = await visit()
    response = await alice.page.goto("/nowhere")
    assert response
    assert response.status == 404
    await expect(alice.page.get_by_role("heading", level=1)).to_have_text("Nothing here")
    await alice.arrive()
    response = await alice.page.goto("/operator")
    assert response
    assert response.status == 403
