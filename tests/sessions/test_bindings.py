"""What it leads to that a request does not look like those of its session, on every server."""

from __future__ import annotations

from typing import Any

import pytest

import ferrite_lite
from sessions import (
    BindingPolicy,
    Mismatch,
    RateLimit,
    RateLimited,
    RefreshTokens,
    RequestContext,
    SessionStore,
    events,
)
from tests.sessions.conftest import MakeStore
from tests.sessions.test_defects_a import records_of

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/128.0.0.0 Safari/537"
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1 Version/17.5 Safari/605.1"
HEADERS = {"user-agent": CHROME, "accept-language": "en", "accept": "*/*", "dnt": "1"}
HOME = RequestContext("198.51.100.7", HEADERS)
OF_FOUR = {"fingerprint_headers": tuple(HEADERS)}


def showing(**headers: str) -> RequestContext:
    """A request from home that shows some headers otherwise."""
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return RequestContext(HOME.ip_address, {**HEADERS, **changed})


def listen(store: SessionStore) -> list[events.SessionEvent]:
    told: list[events.SessionEvent] = []
    store.on_event(told.append)
    return told


# --- browsers -------------------------------------------------------------------------------------


async def test_a_browser_that_brings_itself_up_to_date_stays_in(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(fingerprint_policy="revoke", fingerprint_threshold=0.01)
    issued = await store.create(user, request=HOME)
    told = listen(store)
    for version in ("128.0.6613.84", "129.0.0.0", "130"):
        request = showing(user_agent=CHROME.replace("128.0.0.0", version))
        assert await store.validate(issued.token, request=request) is not None
    assert told == []


async def test_a_small_difference_is_only_told_with_its_share_and_its_headers(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(fingerprint_policy="revoke", touch_interval_seconds=0, **OF_FOUR)
    issued = await store.create(user, request=HOME)
    told = listen(store)
    session = await store.validate(issued.token, request=showing(dnt="0"))
    assert session is not None
    assert session.touched
    assert not session.step_up
    (event,) = told
    assert isinstance(event, events.BindingMismatch)
    assert (event.binding, event.policy) == ("browser", "log")
    assert (event.score, event.headers) == (0.25, ("dnt",))
    assert await store.validate(issued.token, request=showing(dnt="0", accept="x")) is None
    assert [type(each) for each in told[1:]] == [events.BindingMismatch, events.Destroyed]
    assert await store.validate(issued.token, request=HOME) is None


@pytest.mark.parametrize(
    ("changed", "passes"), [({"accept_language": "de"}, True), ({"user_agent": SAFARI}, False)]
)
async def test_a_header_counts_by_its_weight(
    make_store: MakeStore, user: str, changed: dict[str, str], passes: bool
) -> None:
    store = await make_store(
        fingerprint_policy="reject", fingerprint_headers={"user-agent": 3, "accept-language": 1}
    )
    issued = await store.create(user, request=HOME)
    session = await store.validate(issued.token, request=showing(**changed))
    assert (session is not None) == passes


async def test_what_was_not_compared_when_a_session_was_opened_is_not_compared_later(
    make_store: MakeStore, user: str
) -> None:
    before = await make_store(fingerprint_headers=("user-agent",))
    issued = await before.create(user, request=HOME)
    store = await make_store(fingerprint_policy="reject", **OF_FOUR)
    told = listen(store)
    assert await store.validate(issued.token, request=showing(dnt="0", accept="x")) is not None
    assert told == []
    assert await store.validate(issued.token, request=showing(user_agent=SAFARI)) is None


async def test_a_session_with_the_one_hash_of_former_times_goes_on(
    make_store: MakeStore, client: Any, user: str
) -> None:
    store = await make_store(fingerprint_policy="revoke")
    issued = await store.create(user, request=HOME)
    (key,) = [key for key in await records_of(client, user) if key.startswith(b"session:")]
    await client.execute_command("HDEL", key, "browser")
    await client.execute_command("HSET", key, "fp", "Q2hyb21lIG9uIFdp")
    session = await store.validate(issued.token, request=showing(user_agent=SAFARI))
    assert session is not None
    assert session.fingerprint is None


# --- a function that decides ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "opens", "asks", "lives"),
    [
        ("log", True, False, True),
        ("step_up", True, True, True),
        ("reject", False, False, True),
        (BindingPolicy.REVOKE, False, False, False),
    ],
)
async def test_a_function_decides_with_what_differs_in_hand(
    make_store: MakeStore, user: str, answer: Any, opens: bool, asks: bool, lives: bool
) -> None:
    asked: list[Mismatch] = []

    def decide(mismatch: Mismatch) -> Any:
        asked.append(mismatch)
        return answer

    store = await make_store(fingerprint_policy=decide)
    issued = await store.create(user, request=HOME)
    told = listen(store)
    session = await store.validate(issued.token, request=showing(user_agent=SAFARI))
    assert (session is not None) == opens
    assert (session.step_up if session else False) == asks
    (mismatch,) = asked
    assert (mismatch.user_id, mismatch.public_id) == (user, issued.public_id)
    assert (mismatch.binding, mismatch.score) == ("browser", 0.5)
    assert mismatch.headers == ("user-agent",)
    ended = [] if lives else [events.Destroyed(issued.public_id, events.Why.BINDING)]
    assert isinstance(told[0], events.BindingMismatch)
    assert told[0].policy == str(answer)
    assert told[1:] == ended
    assert (await store.validate(issued.token, request=HOME) is not None) == lives


async def test_what_a_function_lets_pass_is_prolonged_and_nothing_else_is(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    answers = {"10.0.0.0/24": "log", "10.0.1.0/24": "step_up", "10.0.2.0/24": "reject"}
    async with await make_timed_store(
        ip_policy=lambda mismatch: answers[mismatch.shown],
        ttl_seconds=100,
        touch_interval_seconds=50,
    ) as store:
        for network, answer in answers.items():
            issued = await store.create(user, request=HOME)
            clock.advance(seconds=60)
            elsewhere = RequestContext(network.replace("0/24", "9"))
            session = await store.validate(issued.token, request=elsewhere)
            assert (session is not None and session.touched) == (answer == "log")
            clock.advance(seconds=60)
            assert (await store.validate(issued.token) is not None) == (answer == "log")


async def test_a_replaced_token_that_a_function_lets_pass_leads_to_its_successor(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(fingerprint_policy=lambda _: "log", touch_interval_seconds=0)
    issued = await store.create(user, request=HOME)
    rotated = await store.rotate(issued.token)
    assert rotated is not None
    session = await store.validate(issued.token, request=showing(user_agent=SAFARI))
    assert session is not None
    assert session.touched
    assert getattr(session, "token", None) == rotated.token


async def test_a_function_that_fails_lets_nobody_in_and_puts_nobody_out(
    make_store: MakeStore, user: str
) -> None:
    def fail(_: Mismatch) -> BindingPolicy:
        raise LookupError("no such table")

    store = await make_store(ip_policy=fail)
    issued = await store.create(user, request=HOME)
    with pytest.raises(LookupError):
        await store.validate_with_ip(issued.token, "203.0.113.1")
    assert await store.validate(issued.token, request=HOME) is not None


@pytest.mark.parametrize("answer", ["log", "reject", "revoke"])
async def test_a_function_decides_about_refresh_tokens_too(
    make_store: MakeStore, user: str, answer: str
) -> None:
    store = await make_store(ip_policy=lambda _: answer)
    refresh = RefreshTokens(store)
    token = await refresh.issue(await store.create(user, request=HOME))
    elsewhere = RequestContext("203.0.113.1")
    assert (await refresh.exchange(token, request=elsewhere) is not None) == (answer == "log")
    assert len(await refresh.families(user)) == (answer != "revoke")


# --- networks with names --------------------------------------------------------------------------

NAMES = {"198.51.100.7": "AS64500", "203.0.113.1": "AS64500", "192.0.2.1": "AS6450"}


class Names:
    """What an application asks for the name of a network; sometimes it is away."""

    def __init__(self) -> None:
        self.is_away = False
        self.asked: list[str] = []

    def __call__(self, address: str) -> str | None:
        self.asked.append(address)
        if self.is_away:
            raise ConnectionError(address)
        return NAMES.get(address)


async def test_people_move_within_a_network_that_has_a_name(
    make_store: MakeStore, user: str
) -> None:
    store = await make_store(ip_policy="reject", network_of=Names())
    issued = await store.create(user, request=HOME)
    for address, passes in (
        *(("203.0.113.1", True), ("::ffff:203.0.113.1", True), ("192.0.2.1", False)),
        *(("198.51.100.99", True), ("203.0.113.2", False), ("junk", False)),
    ):
        assert (await store.validate_with_ip(issued.token, address) is not None) == passes


async def test_names_that_cannot_be_had_fail_no_login_and_put_nobody_out(
    make_store: MakeStore, user: str, caplog: pytest.LogCaptureFixture
) -> None:
    names = Names()
    store = await make_store(ip_policy="revoke", network_of=names)
    with_name = await store.create(user, request=HOME)
    names.is_away = True
    without = await store.create(user, request=HOME)
    for issued in (with_name, without):
        assert await store.validate(issued.token, request=HOME) is not None
    names.is_away = False
    for issued in (with_name, without):
        assert await store.validate(issued.token, request=HOME) is not None
    assert "ConnectionError" in caplog.text
    assert "198.51.100" not in caplog.text
    assert await store.validate_with_ip(with_name.token, "203.0.113.1") is not None
    assert await store.validate_with_ip(without.token, "203.0.113.1") is None


async def test_creations_are_counted_by_prefix_though_the_network_has_a_name(
    make_store: MakeStore, user: str
) -> None:
    """Half a country may share the name: nobody may lock it out."""
    store = await make_store(create_limit_ip=RateLimit(1), network_of=lambda _: "AS64500")
    homes = [RequestContext(f"2001:db8:{abs(hash(user + x)) & 0xFFFF:x}::1") for x in "ab"]
    await store.create(user, request=homes[0])
    with pytest.raises(RateLimited):
        await store.create(user, request=homes[0])
    await store.create(user, request=homes[1])
