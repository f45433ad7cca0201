"""The life of some sessions, told under a clock that the demo moves."""

from __future__ import annotations

from datetime import timedelta

import ferrite_lite
from sessions import DeviceInfo, IssuedSession, SessionConfig, SessionLimitReached, SessionStore

from .console import Console

HOUR_SECONDS = 3600
LAPTOP = DeviceInfo("Firefox on Linux", "192.0.2.10", "desktop")
PHONE = DeviceInfo("Safari on iOS", "198.51.100.7", "phone")
TABLET = DeviceInfo("Chrome on Android", "203.0.113.99", "tablet")

CONFIG = SessionConfig(
    ttl_seconds=HOUR_SECONDS,
    absolute_seconds=24 * HOUR_SECONDS,
    touch_interval_seconds=60,
    max_sessions_per_user=3,
    create_limit=None,
)


async def tell(console: Console) -> None:
    """Every operation of a session store, each step checked."""
    clock = ferrite_lite.ManualClock()
    async with await SessionStore.connect(config=CONFIG, clock=clock) as store:
        laptop = await _sign_in(console, store)
        await _slide(console, store, clock, laptop)
        phone = await _list(console, store, laptop)
        await _revoke(console, store, laptop, phone)
        await _reach_the_limit(console, store, clock)
        await _expire(console, store, clock)


async def _sign_in(console: Console, store: SessionStore) -> IssuedSession:
    console.title("Signing in")
    laptop = await store.create("alice", {"theme": "dark", "cart": ["tea"]}, LAPTOP)
    session = await store.validate(laptop.token)
    console.check("a token opens its session", session is not None and session.user_id == "alice")
    console.check(
        "the data comes back as it was", session is not None and session.data == laptop.data
    )
    console.check("a made-up token opens nothing", await store.validate("made-up") is None)
    forged = laptop.token[:-1] + ("A" if laptop.token[-1] != "A" else "B")
    console.check("nor does a token with one letter changed", await store.validate(forged) is None)
    await store.patch(laptop.token, {"cart": ["tea", "milk"]})
    await store.patch(laptop.token, {"language": "en"})
    session = await store.validate(laptop.token)
    wanted = {"theme": "dark", "cart": ["tea", "milk"], "language": "en"}
    console.check(
        "two tabs change different fields: both stay",
        session is not None and session.data == wanted,
    )
    return laptop


async def _slide(
    console: Console, store: SessionStore, clock: ferrite_lite.ManualClock, laptop: IssuedSession
) -> None:
    console.title("Sliding")
    clock.advance(seconds=30)
    soon = await store.validate(laptop.token)
    console.check(
        "half a minute later, reading is only reading", soon is not None and not soon.touched
    )
    clock.advance(seconds=HOUR_SECONDS / 2)
    later = await store.validate(laptop.token)
    console.check(
        "half an hour later the session slides to a full hour",
        later is not None and later.touched and later.expires_at > laptop.expires_at,
    )


async def _list(console: Console, store: SessionStore, laptop: IssuedSession) -> IssuedSession:
    console.title("Devices")
    phone = await store.create("alice", {}, PHONE)
    devices = await store.get_user_sessions("alice", laptop.token)
    for device in devices:
        agent = device.device_info.user_agent if device.device_info else "unknown"
        console.note(f"{device.public_id}  {agent}{'  (this one)' if device.is_current else ''}")
    console.check(
        "both devices are listed, the current one marked",
        [d.is_current for d in devices] == [True, False],
    )
    again = await store.get_user_sessions("alice")
    console.check(
        "looking prolongs none of them",
        [d.expires_at for d in again] == [d.expires_at for d in devices],
    )
    return phone


async def _revoke(
    console: Console, store: SessionStore, laptop: IssuedSession, phone: IssuedSession
) -> None:
    console.title("Signing out")
    console.check("the phone signs out", await store.destroy(phone.token))
    console.check("its token is refused from then on", await store.validate(phone.token) is None)
    console.check(
        "a late write cannot bring it back", not await store.update_data(phone.token, {"x": 1})
    )
    console.check("it is still refused", await store.validate(phone.token) is None)
    tablet = await store.create("alice", {}, TABLET)
    console.check(
        "ending all others ends one", await store.destroy_other_sessions("alice", laptop.token) == 1
    )
    console.check(
        "the tablet is out, the laptop is in",
        await store.validate(tablet.token) is None
        and await store.validate(laptop.token) is not None,
    )
    console.check("ending all ends the last", await store.destroy_all_for_user("alice") == 1)
    console.check("and nobody is in", await store.validate(laptop.token) is None)


async def _reach_the_limit(
    console: Console, store: SessionStore, clock: ferrite_lite.ManualClock
) -> None:
    console.title("Three sessions a user")
    issued = []
    for _ in range(4):
        issued.append(await store.create("bob"))
        clock.advance(seconds=1)
    console.check(
        "the fourth sign-in evicts the oldest", issued[3].evicted == (issued[0].public_id,)
    )
    console.check("which is refused", await store.validate(issued[0].token) is None)
    alive = [await store.validate(each.token) is not None for each in issued[1:]]
    console.check("the other three live", all(alive))
    strict = SessionConfig(max_sessions_per_user=1, on_limit="reject", create_limit=None)  # type: ignore[arg-type]  # a plain word is accepted
    async with await SessionStore.connect(config=strict) as other:
        await other.create("carol")
        try:
            await other.create("carol")
            refused = False
        except SessionLimitReached:
            refused = True
    console.check("a store that rejects says so instead", refused)


async def _expire(console: Console, store: SessionStore, clock: ferrite_lite.ManualClock) -> None:
    console.title("Time runs out")
    idle = await store.create("dora")
    busy = await store.create("dora")
    clock.advance(seconds=HOUR_SECONDS - 60)
    await store.validate(busy.token)
    clock.advance(seconds=120)
    console.check("an hour unused ends a session", await store.validate(idle.token) is None)
    console.check("one that was used lives", await store.validate(busy.token) is not None)
    for _ in range(23):
        clock.advance(seconds=HOUR_SECONDS - 60)
        await store.validate(busy.token)
    clock.advance(seconds=HOUR_SECONDS)
    console.check("a day ends it, however busy", await store.validate(busy.token) is None)
    lived = busy.absolute_expires_at - busy.created_at if busy.absolute_expires_at else None
    console.check("as its absolute deadline said", lived == timedelta(hours=24))
