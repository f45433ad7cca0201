"""Somebody at a browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from sessions.demo.web.accounts import SHOWN

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page

#: A page that is live shows a change within a tick; a busy machine takes its time.
PATIENCE_MS = 20_000
PASSWORDS = {each.name: each.password for each in SHOWN}


@dataclass(slots=True)
class Visitor:
    """A profile of a browser, and the page that is open in it."""

    context: BrowserContext
    page: Page
    #: What the pages did that they may not, and what failed in them.
    problems: list[str] = field(default_factory=list)

    @classmethod
    async def begin(cls, context: BrowserContext) -> Self:
        context.set_default_timeout(PATIENCE_MS)
        visitor = cls(context, await context.new_page())
        context.on("weberror", lambda error: visitor.problems.append(str(error.error)))
        context.on("console", lambda message: visitor._heard(message.text))
        return visitor

    def _heard(self, text: str) -> None:
        if "Content Security Policy" in text or "Uncaught" in text:
            self.problems.append(text)

    async def sign_in(self, name: str = "alice", *, remember: bool = False) -> None:
        """By the form, as a person does."""
        await self.page.goto("/sign-in")
        await self.page.get_by_label("Name").fill(name)
        await self.page.get_by_label("Password", exact=True).fill(PASSWORDS[name])
        if remember:
            await self.page.get_by_label("Stay signed in").check()
        await self.press("Sign in")
        await self.page.wait_for_url("**/devices**")

    async def arrive(self, path: str = "/devices", name: str = "alice") -> None:
        """Signed in already, for tests of what comes after: the form has tests of its own."""
        await self.context.request.post(
            "/sign-in", form={"name": name, "password": PASSWORDS[name]}, max_redirects=0
        )
        await self.page.goto(path)

    async def press(self, name: str) -> None:
        await self.page.locator("main").get_by_role("button", name=name, exact=True).click()

    async def tell(self) -> str:
        """What the page says at its head about what was done."""
        return await self.page.locator("[data-told]").inner_text()

    async def devices(self) -> list[str]:
        return await self.page.locator(".device h3").all_inner_texts()

    async def session_cookie(self) -> dict[str, object] | None:
        cookies = await self.context.cookies()
        return dict(cookies[0]) if cookies else None
