"""Logins at an identity provider: once, in one browser, back to this site; and its logouts."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from typing import Any

import pytest
import redis.exceptions
from hypothesis import given
from hypothesis import strategies as st

import ferrite_lite
from sessions import (
    ConfigError,
    DataTooLarge,
    Flow,
    IssuedSession,
    LoginFlows,
    LogoutTokenRefused,
    RefreshTokens,
    SessionStore,
    StaleLogin,
    StoreUnavailable,
    UnsafeRedirect,
    events,
)
from sessions.flows import FLOW_SECONDS, LOGOUT_EVENT, check_logout_claims
from tests.sessions.conftest import KEYS, Between, MakeStore, without_rate
from tests.sessions.interleaving import Interleaved, When, load_scripts
from tests.sessions.test_refresh import exchanged

ISSUER, CLIENT = "https://idp.example", "shop"
NOW = 1_700_000_000


@pytest.fixture
def flows(store: SessionStore) -> LoginFlows:
    return LoginFlows(store)


async def finished(flows: LoginFlows, flow: Flow, **options: Any) -> Flow | None:
    return await flows.finish(flow.state, flow.browser_binding, **options)


# --- begin and finish -----------------------------------------------------------------------------


async def test_what_was_begun_is_found_again_once(flows: LoginFlows) -> None:
    begun = await flows.begin("/cart?a=1#top", issuer=ISSUER, data={"campaign": "tea"})
    assert await finished(flows, begun) == begun
    assert (begun.return_to, begun.issuer, begun.data) == (
        *("/cart?a=1#top", ISSUER),
        {"campaign": "tea"},
    )
    assert await finished(flows, begun) is None


async def test_state_nonce_and_verifier_are_as_the_standards_want_them(flows: LoginFlows) -> None:
    flow = await flows.begin()
    other = await flows.begin()
    for name in ("state", "nonce", "code_verifier", "browser_binding"):
        assert getattr(flow, name) != getattr(other, name)
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", flow.code_verifier)  # RFC 7636, 4.1
    digest = hashlib.sha256(flow.code_verifier.encode()).digest()
    assert flow.code_challenge == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert flow.code_challenge_method == "S256"
    assert flow.has_nonce(flow.nonce)
    assert not flow.has_nonce(other.nonce)
    assert not flow.has_nonce(None)
    assert not flow.has_nonce("é")


async def test_another_browser_does_not_finish_it_and_does_not_end_it(flows: LoginFlows) -> None:
    begun, other = await flows.begin(), await flows.begin()
    assert await flows.finish(begun.state, other.browser_binding) is None
    assert await flows.finish(begun.state, None) is None
    assert await flows.finish(begun.state, "junk") is None
    assert await finished(flows, begun) == begun


async def test_two_tabs_of_one_browser_log_in_side_by_side(flows: LoginFlows) -> None:
    first = await flows.begin("/a")
    second = await flows.begin("/b", browser_binding=first.browser_binding)
    assert second.browser_binding == first.browser_binding
    assert await finished(flows, first) == first
    assert await finished(flows, second) == second
    replaced = await flows.begin("/c", browser_binding="made up")
    assert await finished(flows, replaced) == replaced


async def test_a_login_takes_ten_minutes_at_most(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock
) -> None:
    async with await make_timed_store() as store:
        flows = LoginFlows(store)
        early, late = await flows.begin(), await flows.begin()
        clock.advance(seconds=600)
        assert await finished(flows, early) == early
        clock.advance(ms=1)
        assert await finished(flows, late) is None


async def test_a_code_of_another_provider_is_not_sent_to_this_one(flows: LoginFlows) -> None:
    begun = await flows.begin(issuer=ISSUER)
    assert await finished(flows, begun, issuer="https://evil.example") is None
    told = await flows.begin(issuer=ISSUER)
    assert await finished(flows, told, issuer=ISSUER) == told
    untold = await flows.begin(issuer=ISSUER)
    assert await finished(flows, untold) == untold


async def test_why_a_redirect_is_refused_is_told_to_listeners_alone(store: SessionStore) -> None:
    told: list[events.SessionEvent] = []
    store.on_event(told.append, events.FlowRefused)
    flows = LoginFlows(store)
    flow, gone = await flows.begin(), await flows.begin()
    await store._core.link.ask("DEL", flows._flows.key(*_of(flows, gone)))
    await flows.finish("junk", flow.browser_binding)
    await flows.finish(flow.state, "")
    await flows.finish(flow.state, gone.browser_binding)
    await finished(flows, gone)
    await finished(flows, flow)
    await finished(flows, flow)
    reasons = ["malformed", "browser", "browser", "unknown", "used"]
    assert told == [events.FlowRefused(reason) for reason in reasons]


def _of(flows: LoginFlows, flow: Flow) -> tuple[str, str]:
    ticket = flows._states.read(flow.state)
    assert ticket is not None
    return ticket.tag, ticket.sid


async def test_who_asks_again_because_the_answer_was_lost_gets_it(
    between: Between, slow_store: SessionStore
) -> None:
    async def lose_the_answer() -> None:
        raise redis.exceptions.ConnectionError("gone")

    flows = LoginFlows(slow_store)
    flow = await flows.begin()
    between.at_call(1, after=lose_the_answer)
    assert await finished(flows, flow) == flow
    assert await finished(flows, flow) is None


async def test_the_store_holds_no_secret_of_a_login(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock
) -> None:
    async with await make_timed_store() as store:
        flow = await LoginFlows(store).begin("/back")
        client = store._core.link._client
        (key,) = await client.keys("*")
        assert 0 < await client.pttl(key) <= 600_000
        shown = repr((key, await client.hgetall(key), flow))
        for secret in (flow.state, flow.nonce, flow.code_verifier, flow.browser_binding):
            assert secret not in shown
            assert secret.rpartition(".")[2][:43] not in shown


async def test_junk_is_refused_before_the_store_is_asked(
    between: Between, slow_store: SessionStore
) -> None:
    flows = LoginFlows(slow_store)
    flow = await flows.begin()
    session = await slow_store.create(None)
    between.calls.clear()
    for state in ("", "junk", session.token, flow.browser_binding):
        assert await flows.finish(state, flow.browser_binding) is None
    assert await flows.finish(flow.state, flow.state) is None
    assert between.calls == []


# --- where to return ------------------------------------------------------------------------------

UNSAFE = [
    *("", "cart", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example"),
    *("https://evil.example", "http:evil.example", "javascript:alert(1)", "/a\\b", "/a\nb"),
    *("/\t/evil.example", " /cart", "/cart\x00", "https:/\\evil.example", "data:,x"),
    *("https://shop.example@evil.example", "https://shop.example.evil.example"),
    *("https://shop.example:444/", "http://shop.example/", "https://evil@shop.example/"),
    *("https://shop.example:x/", "https://shop.example\\@evil.example", "https://[shop.example"),
]


@pytest.mark.parametrize("place", UNSAFE)
async def test_nobody_is_sent_to_the_site_of_somebody_else(
    make_timed_store: MakeStore, place: str
) -> None:
    async with await make_timed_store() as store:
        flows = LoginFlows(store, allowed_origins=["https://shop.example"])
        with pytest.raises(UnsafeRedirect):
            await flows.begin(place)


@pytest.mark.parametrize("place", ["/", "/a//b?c=//d#e", "/é", "https://shop.example/cart"])
async def test_paths_and_allowed_origins_are_places_to_return_to(
    make_timed_store: MakeStore, place: str
) -> None:
    async with await make_timed_store() as store:
        flows = LoginFlows(store, allowed_origins=["https://shop.example"])
        assert (await flows.begin(place)).return_to == place


@pytest.mark.parametrize("origin", ["shop.example", "https://shop.example/", "ftp://a", ""])
async def test_an_origin_is_an_origin(make_timed_store: MakeStore, origin: str) -> None:
    async with await make_timed_store() as store:
        with pytest.raises(ConfigError):
            LoginFlows(store, allowed_origins=[origin])


async def test_what_a_login_remembers_is_bounded(
    make_timed_store: MakeStore,
) -> None:
    async with await make_timed_store() as store:
        with pytest.raises(DataTooLarge):
            await LoginFlows(store).begin("/" + "a" * 5000)


# --- logouts --------------------------------------------------------------------------------------


def claims(**changed: Any) -> dict[str, Any]:
    token = {
        **{"iss": ISSUER, "aud": CLIENT, "iat": NOW, "exp": NOW + 120, "jti": "1", "sid": "s"},
        "events": {LOGOUT_EVENT: {}},
        **changed,
    }
    return {name: value for name, value in token.items() if value is not ...}


async def log_out(flows: LoginFlows, token: dict[str, Any], typ: str | None = "logout+jwt") -> int:
    return await flows.backchannel_logout(token, typ=typ, issuer=ISSUER, client_id=CLIENT)


def now_claims(store: SessionStore, **changed: Any) -> dict[str, Any]:
    now = store._core.clock.now_ns() // 1_000_000_000
    return claims(iat=now, exp=now + 120, **changed)


async def test_a_logout_by_sid_ends_the_session_of_that_login(
    store: SessionStore, flows: LoginFlows, user: str
) -> None:
    labels = [flows.labels({"iss": ISSUER, "sub": user, "sid": f"{user}{n}"}) for n in (1, 2)]
    one, two = [await store.create(user, labels=each) for each in labels]
    assert await log_out(flows, now_claims(store, sid=f"{user}1", sub=user, jti=user)) == 1
    assert await store.validate(one.token) is None
    assert await store.validate(two.token) is not None


async def test_a_logout_by_sub_ends_all_sessions_of_that_identity_and_no_others(
    store: SessionStore, flows: LoginFlows, user: str
) -> None:
    here = flows.labels({"iss": ISSUER, "sub": user, "sid": "a"})
    elsewhere = flows.labels({"iss": "https://other.example", "sub": user})
    ended = [await store.create(user, labels=here) for _ in range(2)]
    kept = [await store.create(user, labels=elsewhere), await store.create(user)]
    token = now_claims(store, sid=..., sub=user, jti=user)
    assert await log_out(flows, token) == 2
    assert [await store.validate(each.token) for each in ended] == [None, None]
    assert None not in [await store.validate(each.token) for each in kept]


async def test_a_logout_finds_a_session_that_was_rotated(
    store: SessionStore, flows: LoginFlows, user: str
) -> None:
    session = await store.create(user, labels=flows.labels({"iss": ISSUER, "sid": user}))
    rotated = await store.rotate(session.token)
    assert rotated is not None
    assert await log_out(flows, now_claims(store, sid=user, jti=user)) == 1
    assert await store.validate(rotated.token) is None


async def test_a_logout_ends_refresh_tokens_too(store: SessionStore, user: str) -> None:
    refresh = RefreshTokens(store)
    flows = LoginFlows(store, refresh=refresh)
    session = await store.create(user, labels=flows.labels({"iss": ISSUER, "sid": user}))
    answer = await exchanged(refresh, await refresh.issue(session))
    await log_out(flows, now_claims(store, sid=user, jti=user))
    assert await store.validate(answer.session.token) is None
    assert await refresh.exchange(answer.refresh_token) is None


async def test_a_logout_token_is_used_once(
    store: SessionStore, flows: LoginFlows, user: str
) -> None:
    token = now_claims(store, sid=..., sub=user, jti=user)
    await log_out(flows, token)
    again = await store.create(user, labels=flows.labels({"iss": ISSUER, "sub": user}))
    with pytest.raises(LogoutTokenRefused, match="before"):
        await log_out(flows, token)
    assert await store.validate(again.token) is not None


@pytest.mark.parametrize("at", range(1, 8))
async def test_a_logout_that_failed_can_be_tried_again(
    between: Between, slow_store: SessionStore, user: str, at: int
) -> None:
    async def be_away() -> None:
        raise redis.exceptions.ReadOnlyError("READONLY")

    flows = LoginFlows(slow_store)
    labels = flows.labels({"iss": ISSUER, "sid": user})
    session = await slow_store.create(user, labels=labels)
    token = now_claims(slow_store, sid=user, jti=user)
    between.at_call(at, before=be_away)
    try:
        await log_out(flows, token)
    except StoreUnavailable:
        await log_out(flows, token)
    assert await slow_store.validate(session.token) is None


# --- logouts that race logins ---------------------------------------------------------------------


async def sign_in(store: SessionStore, user: str) -> IssuedSession | None:
    labels = LoginFlows.labels({"iss": ISSUER, "sub": user, "sid": user})
    try:
        return await store.create(user, labels=labels)
    except StaleLogin:
        return None


@pytest.mark.parametrize("outer", ["login", "logout"])
async def test_no_login_outlives_the_logout_of_its_providers_session(
    store: SessionStore, client: Any, user: str, outer: str
) -> None:
    """The one is stopped before and after each of its commands while the other runs to its end."""
    await load_scripts(client)
    interleaved = Interleaved(client)
    stopped = await SessionStore.connect(interleaved, without_rate(), keys=KEYS)
    logins, logouts = (stopped, store) if outer == "login" else (store, stopped)
    flows = LoginFlows(logouts, refresh=RefreshTokens(logouts))
    met = 0
    for command, when in itertools.product(range(12), When):
        name = f"{user}-{command}-{when.value}"
        token = now_claims(store, sid=name, sub=name, jti=name)
        opened: list[IssuedSession | None] = []

        async def log_in(name: str = name, opened: list[IssuedSession | None] = opened) -> None:
            opened.append(await sign_in(logins, name))

        async def end(token: dict[str, Any] = token) -> None:
            await log_out(flows, token)

        interleaved.at(command, when, end if outer == "login" else log_in)
        await (log_in if outer == "login" else end)()
        if not interleaved.has_run:
            break
        met += 1
        assert await store.get_user_sessions(name) == []
        assert opened[0] is None or await store.validate(opened[0].token) is None
    assert met >= 8


async def test_a_login_that_comes_just_after_the_logout_is_refused_and_the_next_one_is_not(
    store: SessionStore, flows: LoginFlows, user: str
) -> None:
    told: list[events.SessionEvent] = []
    await log_out(flows, now_claims(store, sid=user, sub=user, jti=user))
    store.on_event(told.append, events.Created, events.Destroyed)
    assert await sign_in(store, user) is None
    assert [type(event) for event in told] == [events.Created, events.Destroyed]
    labels = flows.labels({"iss": ISSUER, "sub": user, "sid": f"{user}-next"})
    assert await store.validate((await store.create(user, labels=labels)).token) is not None
    elsewhere = flows.labels({"iss": "https://other.example", "sub": user, "sid": user})
    assert await store.validate((await store.create(user, labels=elsewhere)).token) is not None


async def test_a_visitor_who_signs_in_by_what_was_logged_out_stays_a_visitor(
    store: SessionStore, flows: LoginFlows, user: str
) -> None:
    visitor = await store.create(None, labels=flows.labels({"iss": ISSUER, "sid": user}))
    await flows._core.labels.end("oidc_sid", f"{ISSUER} {user}", 60_000)
    with pytest.raises(StaleLogin):
        await store.rotate(visitor.token, user_id=user)
    assert await store.get_user_sessions(user) == []
    assert await store.validate(visitor.token) is not None


async def test_a_logout_is_remembered_for_as_long_as_a_login_may_take(
    make_timed_store: MakeStore, clock: ferrite_lite.ManualClock, user: str
) -> None:
    async with await make_timed_store() as store:
        flows = LoginFlows(store)
        await log_out(flows, now_claims(store, sid=user, sub=user, jti=user))
        clock.advance(seconds=FLOW_SECONDS + 60)
        assert await sign_in(store, user) is None
        clock.advance(seconds=FLOW_SECONDS)
        assert [key async for key in store._core.link.scan("*ended*")] == []


async def test_without_an_answer_to_whether_there_was_a_logout_nobody_is_let_in(
    slow_store: SessionStore, between: Between, user: str
) -> None:
    async def be_away() -> None:
        raise redis.exceptions.ReadOnlyError("READONLY")

    await slow_store.create(user, labels=LoginFlows.labels({"iss": ISSUER, "sid": user}))
    between.calls.clear()
    await slow_store.create(user, labels=LoginFlows.labels({"iss": ISSUER, "sid": user}))
    count = len(between.calls)
    config = without_rate(retries=0)
    store = await SessionStore.connect(between, config, keys=KEYS)
    between.at_call(count, before=be_away)
    with pytest.raises(StoreUnavailable) as raised:
        await store.create(user, labels=LoginFlows.labels({"iss": ISSUER, "sid": user}))
    assert raised.value.may_have_happened


#: What to change in a logout token, so that it breaks a rule; ``...`` takes a claim away.
BROKEN: dict[str, list[Any]] = {
    "iss": [..., None, "https://idp.example/"],
    "aud": [..., "other", ["other"], {}, "sho"],
    "nonce": ["n", "", None],
    "jti": [..., "", 7, None, "j" * 513],
    "events": [
        *(..., {}, [], LOGOUT_EVENT, None),
        *({LOGOUT_EVENT: None}, {LOGOUT_EVENT + "/": {}}),
    ],
    "sid": [..., "", 7, None, ["s"]],
    "sub": ["", 7],
    "iat": [..., "1", True, NOW + 61, NOW - 481, float("nan")],
    "exp": [..., None, NOW - 60, NOW + 601, float("inf")],
}


@pytest.mark.parametrize(
    ("claim", "value"), [(claim, value) for claim, values in BROKEN.items() for value in values]
)
def test_a_logout_token_that_breaks_a_rule_is_refused(claim: str, value: Any) -> None:
    with pytest.raises(LogoutTokenRefused):
        check_logout_claims(claims(**{claim: value}), "logout+jwt", ISSUER, CLIENT, NOW)


@pytest.mark.parametrize("typ", [None, "", "jwt", "at+jwt", "logout"])
def test_a_logout_token_is_no_other_token(typ: str | None) -> None:
    with pytest.raises(LogoutTokenRefused):
        check_logout_claims(claims(), typ, ISSUER, CLIENT, NOW)


@pytest.mark.parametrize(
    ("changed", "typ"),
    [
        ({}, "logout+jwt"),
        ({}, "application/logout+JWT"),
        ({"aud": ["other", CLIENT]}, "logout+jwt"),
        ({"sid": ..., "sub": "alice"}, "logout+jwt"),
        ({"iat": NOW + 60, "exp": NOW + 100}, "logout+jwt"),
        ({"iat": NOW - 500.5, "exp": NOW - 59}, "logout+jwt"),
    ],
)
def test_a_logout_token_that_keeps_the_rules_is_not(changed: dict[str, Any], typ: str) -> None:
    check_logout_claims(claims(**changed), typ, ISSUER, CLIENT, NOW)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(sorted(claims())), junk), st.none() | st.text(max_size=12))
def test_whatever_a_logout_token_holds_it_is_judged(changed: dict[str, Any], typ: str) -> None:
    try:
        check_logout_claims(claims(**changed), typ, ISSUER, CLIENT, NOW)
    except LogoutTokenRefused:
        return
    assert (typ or "").lower() in ("logout+jwt", "application/logout+jwt")
