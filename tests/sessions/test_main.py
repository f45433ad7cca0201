"""The operator's command line, on a real server."""

from __future__ import annotations

import asyncio
import json

import pytest

from sessions import DeviceInfo, KeyRing, SessionStore
from sessions.__main__ import KEYS_VARIABLE, main
from sessions.crypto import AesGcmEncryptor
from tests.sessions.conftest import KEYS, without_rate
from tests.support.servers import RealServer


@pytest.fixture
def options(redis_server: RealServer, user: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv(KEYS_VARIABLE, KEYS.to_json())
    return ["--url", redis_server.url, "--prefix", f"{user}:"]


def sign_in(
    server: RealServer,
    user: str,
    count: int,
    data: dict[str, str] | None = None,
    encryptor: AesGcmEncryptor | None = None,
) -> list[str]:
    """Public ids of new sessions."""

    async def create() -> list[str]:
        config = without_rate(prefix=f"{user}:")
        async with await SessionStore.connect(
            server.url, config, keys=KEYS, encryptor=encryptor
        ) as store:
            device = DeviceInfo("Firefox\x1b[31m on Linux", "10.0.0.1", "desktop")
            labels = {"client": "web"}
            issued = [
                await store.create(user, data or {}, device, labels=labels) for _ in range(count)
            ]
            return [each.public_id for each in issued]

    return asyncio.run(create())


def test_an_operator_lists_and_ends_the_sessions_of_a_user(
    redis_server: RealServer, options: list[str], user: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = sign_in(redis_server, user, 3)
    assert main([*options, "list", user]) == 0
    shown = capsys.readouterr().out
    assert all(public_id in shown for public_id in (first, second, third))
    assert "\x1b" not in shown
    assert main([*options, "end", user, first]) == 0
    assert main([*options, "end", user, first]) == 1
    assert main([*options, "--json", "find", "client", "web"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert {json.loads(line)["public_id"] for line in lines} == {second, third}
    assert main([*options, "end", user]) == 0
    assert "2 ended" in capsys.readouterr().out
    assert main([*options, "list", user]) == 0
    assert "no live session" in capsys.readouterr().out


def test_an_operator_counts_sweeps_and_ends_everything_when_he_means_it(
    redis_server: RealServer, options: list[str], user: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in(redis_server, user, 2)
    assert main([*options, "--json", "sweep"]) == 0
    assert json.loads(capsys.readouterr().out) == {"users": 1, "live": 2, "expired": 0}
    assert main([*options, "end-everything"]) == 2
    assert main([*options, "end-everything", "--yes"]) == 0
    assert "2 ended" in capsys.readouterr().out
    assert main([*options, "doctor"]) == 0


def test_an_operator_looks_after_one_tenant(
    redis_server: RealServer, options: list[str], user: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in(redis_server, user, 2)
    of_tenant = [*options, "--tenant", "acme"]
    assert main([*of_tenant, "list", user]) == 0
    assert "no live session" in capsys.readouterr().out
    assert main([*of_tenant, "end-everything", "--yes"]) == 0
    assert "0 ended" in capsys.readouterr().out
    assert main([*options, "--json", "sweep"]) == 0
    assert json.loads(capsys.readouterr().out)["live"] == 2


def test_an_operator_lists_sessions_that_are_sealed_without_a_key_to_them(
    redis_server: RealServer, options: list[str], user: str, capsys: pytest.CaptureFixture[str]
) -> None:
    encryptor = AesGcmEncryptor("a", {"a": b"k" * 32})
    (public_id,) = sign_in(redis_server, user, 1, encryptor=encryptor)
    for words in (["list", user], ["find", "client", "web"], ["show", user]):
        assert main([*options, *words]) == 0
        shown = capsys.readouterr().out
        assert public_id in shown
        assert "Firefox" not in shown
    assert main([*options, "end", user, public_id]) == 0


def test_an_operator_counts_sessions_by_what_they_were_created_with(
    redis_server: RealServer, options: list[str], user: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in(redis_server, user, 2)
    assert main([*options, "count"]) == 0
    assert capsys.readouterr().out == "1 users, 2 sessions, 0 visitors\n"
    assert main([*options, "count", "--by", "client"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["2  web"]
    assert main([*options, "--json", "count", "--by", "client"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        **{"users": 1, "sessions": 2, "visitors": 0},
        "by_label": {"web": 2},
    }


def test_an_operator_is_shown_a_session_and_nothing_of_its_data(
    redis_server: RealServer, options: list[str], user: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = sign_in(redis_server, user, 2, {"cart": "secret tea"})
    assert main([*options, "show", user]) == 0
    shown = capsys.readouterr().out
    assert first in shown
    assert second in shown
    assert 'data_bytes: {"cart": 12}' in shown
    assert "secret tea" not in shown
    assert "\x1b" not in shown
    assert main([*options, "--json", "show", user, second]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert (json.loads(line)["public_id"], json.loads(line)["version"]) == (second, 1)
    assert main([*options, "show", user, "none"]) == 1
    assert "no such session" in capsys.readouterr().err


def test_a_ring_is_made_kept_as_text_and_given_a_new_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys"]) == 0
    text = capsys.readouterr().out
    ring = KeyRing.from_json(text)
    assert KeyRing.from_json(ring.to_json()) == ring
    monkeypatch.setenv(KEYS_VARIABLE, text)
    assert main(["keys", "--rotate"]) == 0
    rotated = KeyRing.from_json(capsys.readouterr().out)
    assert rotated.keys.items() > ring.keys.items()
    assert rotated.current not in ring.keys
    assert rotated.routing_key == ring.routing_key


@pytest.mark.parametrize("text", ["", "junk", "{}", '{"current": 1, "keys": 2, "routing_key": 3}'])
def test_without_a_usable_ring_it_says_what_to_do(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(KEYS_VARIABLE, text)
    assert main(["list", "alice"]) == 2
    assert "python -m sessions keys" in capsys.readouterr().err


def test_a_server_that_is_away_is_named_as_such(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(KEYS_VARIABLE, KEYS.to_json())
    assert main(["--url", "redis://127.0.0.1:1", "list", "alice"]) == 3
    assert "the store did not answer" in capsys.readouterr().err


def test_options_may_come_before_the_command_or_after_it(
    redis_server: RealServer, options: list[str], user: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in(redis_server, user, 1)
    assert main(["list", user, *options, "--json"]) == 0
    after = capsys.readouterr().out
    assert main([*options, "--json", "list", user]) == 0
    assert capsys.readouterr().out == after
    assert json.loads(after)["user_id"] == user


def test_what_is_no_url_is_refused_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--url", "localhost", "count"])
    assert "a URL like redis://127.0.0.1:6379 is wanted" in capsys.readouterr().err
