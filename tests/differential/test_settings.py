"""Every setting of redis-server, compared by name, default value and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hiredis
import pytest

from ferrite_lite.config import NAMES, Config, Setting
from ferrite_lite.config.kinds import Choice, Integer, Only, Size, YesNo
from tests.support import servers
from tests.support.wire import encode

from .runner import Target


@pytest.fixture(scope="module")
def reference() -> Iterator[Target]:
    """A server of its own: what is set here must not reach others, nor theirs come here."""
    with servers.redis_server() as server:
        yield Target("redis", server.host, server.port)


#: The value at the start is that of the machine, or of the options that the tests start with.
LOCAL = {
    "enable-debug-command",
    "dir",
    "port",
    "unixsocket",
    "logfile",
    "maxmemory",
    "client-output-buffer-limit",
    "save",
}

#: Names that Redis does not know.
NEWER = {name for name in NAMES if name.startswith("commandlog-")}

BAD_VALUES = ["x", "-1", "99999999999999999999", "1 2", "yes!", "0.5", "10%", "1tb"]


def ask(target: Target, *words: str) -> Any:
    reader = hiredis.Reader(encoding="utf-8", errors="surrogateescape")
    with target.connect(protocol=3) as connection:
        connection.send(encode(*words))
        reader.feed(connection.read_reply())
    return reader.gets()


def test_every_setting_of_redis_has_its_default(reference: Target) -> None:
    theirs: dict[str, str] = ask(reference, "CONFIG", "GET", "*")
    config = Config()
    ours = {
        name: each.kind.write(each.get(config)).decode()
        for name, each in NAMES.items()
        if not each.is_hidden and name not in NEWER
    }
    assert ours.keys() == theirs.keys()
    differ = {name for name, value in ours.items() if theirs[name] != value}
    assert differ <= LOCAL


def changeable(kinds: tuple[type, ...]) -> list[str]:
    def kind_of(setting: Setting) -> type:
        kind = setting.kind.kind if isinstance(setting.kind, Only) else setting.kind
        return type(kind)

    return [
        name
        for name, each in NAMES.items()
        if kind_of(each) in kinds and not each.frozen_because and name not in NEWER
    ]


@pytest.mark.parametrize("name", changeable((Integer, Size, YesNo, Choice)))
def test_bad_values_are_refused_in_redis_s_words(
    name: str, reference: Target, subject: Target
) -> None:
    default = NAMES[name].kind.write(NAMES[name].get(Config())).decode()
    for value in BAD_VALUES:
        theirs = ask(reference, "CONFIG", "SET", name, value)
        if theirs == "OK":
            ask(reference, "CONFIG", "SET", name, default)
        else:
            assert str(ask(subject, "CONFIG", "SET", name, value)) == str(theirs), value


@pytest.mark.parametrize("name", [n for n, each in NAMES.items() if each.frozen_because])
def test_what_cannot_be_changed_says_so_as_redis_does(
    name: str, reference: Target, subject: Target
) -> None:
    words = ("CONFIG", "SET", name, "x")
    assert str(ask(subject, *words)) == str(ask(reference, *words))


@pytest.mark.parametrize("name", [n for n, each in NAMES.items() if not each.frozen_because])
def test_every_setting_takes_the_value_that_it_has(name: str, subject: Target) -> None:
    shown: dict[str, str] = ask(subject, "CONFIG", "GET", name)
    assert ask(subject, "CONFIG", "SET", name, shown[name]) == "OK"
    assert ask(subject, "CONFIG", "GET", name) == shown
