"""A demo under a clock that the test moves, and browsers to visit it with."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import expect

import ferrite_lite
from sessions.demo.web.serve import Address
from sessions.demo.web.settings import Settings
from tests.support.browser import browser

from .running import Site, running
from .visitor import PATIENCE_MS, Visitor

if TYPE_CHECKING:
    from playwright.async_api import Browser

#: Opens a browser of its own cookies; words as those of playwright's ``new_context``.
Visit = Callable[..., Awaitable[Visitor]]

SETTINGS = Settings(tick_seconds=0.2)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of this machine, with its key, for HTTPS."""
    path = tmp_path_factory.mktemp("https") / "certificate.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(path))
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chrome(certificate: Path) -> AsyncIterator[Browser]:
    """One browser for all tests: each visitor has a profile of his own.

    It trusts one key, and otherwise checks certificates as ever.
    """
    expect.set_options(timeout=PATIENCE_MS)
    trusted = f"--ignore-certificate-errors-spki-list={_key_hash(certificate)}"
    async with browser(trusted) as chrome:
        yield chrome


def _key_hash(certificate: Path) -> str:
    """RFC 7469, section 2.4."""
    read = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    key = read.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


@pytest.fixture
def clock() -> ferrite_lite.ManualClock:
    return ferrite_lite.ManualClock()


@pytest_asyncio.fixture(loop_scope="session")
async def site(clock: ferrite_lite.ManualClock) -> AsyncIterator[Site]:
    async with running(SETTINGS, Address(port=0), clock) as site:
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def visit(chrome: Browser, site: Site) -> AsyncIterator[Visit]:
    """Visitors of the site. None of their pages may break its policy, or raise an error."""
    visitors: list[Visitor] = []
    async with AsyncExitStack() as stack:

        async def open_one(**options: Any) -> Visitor:
            context = await chrome.new_context(base_url=site.url, **options)
            stack.push_async_callback(context.close)
            visitors.append(await Visitor.begin(context))
            return visitors[-1]

        yield open_one
    assert [problem for each in visitors for problem in each.problems] == []
