"""What an operator sees of sessions: how many there are, and what is known of one but its data.

No token, no sid and no value of the data leaves this module: of what the application keeps it tells
the names of the fields and their sizes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..record import DATA_PREFIX, AuthContext, DeviceInfo, Record, moment
from ..replies import Member
from .core import Core


@dataclass(frozen=True, slots=True)
class Census:
    """How many there are while others come and go."""

    #: Those who have signed in and have a session.
    users: int
    sessions: int
    #: Sessions of those who have not signed in.
    visitors: int
    #: Sessions by the value of the label that was asked for, most first.
    by_label: dict[str, int]


@dataclass(frozen=True, slots=True)
class SessionDetails:
    """One session, for who looks after the store. Times are UTC, by the clock of the store."""

    public_id: str
    user_id: str
    created_at: datetime
    #: When it got its present token.
    issued_at: datetime
    last_access: datetime
    expires_at: datetime
    absolute_expires_at: datetime | None
    auth: AuthContext | None
    device_info: DeviceInfo | None
    labels: dict[str, str]
    #: Counts the changes of the data.
    version: int
    #: What the fields of the data take in the store.
    data_bytes: dict[str, int]


async def count(core: Core[Any], label: str | None) -> Census:
    """As ``SessionStore.count``."""
    seen: set[str] = set()
    users = sessions = visitors = 0
    values: Counter[str] = Counter()
    async for tag in core.atomic.tags():
        if tag in seen:
            continue
        seen.add(tag)
        records = (await core.records(tag, [label] if label else [])).values()
        unnamed = sum(not record.get("user_id") for record in records)
        users += len(records) > unnamed
        sessions, visitors = sessions + len(records), visitors + unnamed
        if label:
            values.update(_values(list(records), label))
    return Census(users, sessions, visitors, dict(values.most_common()))


def _values(records: Sequence[Record], label: str) -> list[str]:
    return [value for record in records if (value := record.labels().get(label)) is not None]


async def show(core: Core[Any], user_id: str, public_id: str | None) -> list[SessionDetails]:
    """As ``SessionStore.show``."""
    tag = core.tokens.tag(user_id)
    found: list[SessionDetails] = []
    for member in await core.records(tag):
        if public_id in (None, member.public_id):
            record = await core.atomic.record(tag, member)
            # It may have ended since the list was read.
            if record.get("user_id") == user_id:
                found.append(_details(core, user_id, member, record))
    return sorted(found, key=lambda details: (details.created_at, details.public_id))


def _details(core: Core[Any], user_id: str, member: Member, record: Record) -> SessionDetails:
    absolute_ms = record.number("absolute_at", default=0)
    return SessionDetails(
        public_id=member.public_id,
        user_id=user_id,
        created_at=moment(record.number("created_at")),
        issued_at=moment(record.number("issued_at")),
        last_access=moment(record.number("last_access")),
        expires_at=moment(record.number("expires_at")),
        absolute_expires_at=moment(absolute_ms) if absolute_ms else None,
        auth=record.auth(),
        device_info=core.content.listed_device(record, member.sid),
        labels=record.labels(),
        version=record.number("version"),
        data_bytes={
            name.removeprefix(DATA_PREFIX): len(stored.encode())
            for name, stored in record.data_fields()
        },
    )
