from __future__ import annotations

import pytest

from sessions import DecodeError
from sessions.record import UNKNOWN_NETWORK, Record, encode_data, network_of, text


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.0/24"),
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
        ("2001:db8:1:2ff:a:b:c:d", "2001:db8:1:200::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("", UNKNOWN_NETWORK),
        ("198.51.100.7:443", UNKNOWN_NETWORK),
        ("unknown", UNKNOWN_NETWORK),
        ("198.51.100.007", UNKNOWN_NETWORK),
    ],
)
def test_people_move_within_a_network_and_junk_is_one_of_its_own(
    address: str, network: str
) -> None:
    assert network_of(address, 24, 56) == network


def test_data_comes_back_as_it_was() -> None:
    data = {"": None, "text": "é\ud800", "number": 1.5, "list": [True, {}], "d:": "prefix"}
    flat = encode_data(data, max_bytes=1000)
    assert Record.of(flat).data() == data
    assert Record.of([part.encode() for part in flat]).data() == data


@pytest.mark.parametrize("value", ["", "{", "nonsense"])
def test_what_was_not_written_here_is_not_read_as_nothing(value: str) -> None:
    with pytest.raises(DecodeError):
        Record({"d:a": value}).data()
    with pytest.raises(DecodeError):
        Record({b"device": value.encode()}).device()
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
        record.device()
