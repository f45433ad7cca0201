from __future__ import annotations

import pytest

from sessions import DecodeError
from sessions.content import Content, JsonCodec
from sessions.record import Record, text

CONTENT = Content(JsonCodec(), None, max_data_bytes=1000, max_fields=100)


def test_data_comes_back_as_it_was() -> None:
    data = {"": None, "text": "é\ud800", "number": 1.5, "list": [True, {}], "d:": "prefix"}
    flat = [part for pair in CONTENT.of("sid", data).items() for part in pair]
    assert CONTENT.data(Record.of(flat), "sid") == data
    assert CONTENT.data(Record.of([part.encode() for part in flat]), "sid") == data


@pytest.mark.parametrize("value", ["", "{", "nonsense"])
def test_what_was_not_written_here_is_not_read_as_nothing(value: str) -> None:
    with pytest.raises(DecodeError):
        CONTENT.data(Record({"d:a": value}), "sid")
    with pytest.raises(DecodeError):
        CONTENT.device(Record({b"device": value.encode()}), "sid")
    with pytest.raises(DecodeError):
        Record({"version": value}).number("version")
    with pytest.raises(DecodeError):
        Record({}).number("version")
    with pytest.raises(DecodeError):
        text(b"\xff")


def test_a_field_that_is_no_text_costs_nothing_until_it_is_read() -> None:
    record = Record({b"user_id": b"alice", b"device": b"\xff"})
    assert record.get("user_id") == "alice"
    with pytest.raises(DecodeError):
        CONTENT.device(record, "sid")
