"""``ferrite.toml``: Ferrite's settings, translated to those of redis.conf.

A setting that asks for a part of Ferrite that is missing here is refused, with its line. The same
section turned off is fine, so a file that Ferrite's ``init`` has written can be used as it is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

from .directives import ConfigFileFault, Directive

Value = Any  # whatever TOML knows


def _plain(value: Value) -> str:
    return str(value)


def _yes_no(value: Value) -> str:
    if not isinstance(value, bool):
        raise ValueError("it must be true or false")
    return "yes" if value else "no"


def _choice(words: dict[str, str]) -> Callable[[Value], str]:
    def read(value: Value) -> str:
        if value not in words:
            raise ValueError(f"it must be one of {', '.join(words)}")
        return words[value]

    return read


#: Ferrite's dotted names: the setting of redis.conf, and how to write its value there.
NAMES: dict[str, tuple[str, Callable[[Value], str]]] = {
    "server.bind": ("bind", _plain),
    "server.port": ("port", _plain),
    "server.max_connections": ("maxclients", _plain),
    "server.tcp_keepalive": ("tcp-keepalive", _plain),
    "server.timeout": ("timeout", _plain),
    "server.acl_file": ("aclfile", _plain),
    "storage.databases": ("databases", _plain),
    "storage.max_memory": ("maxmemory", _plain),
    "storage.max_value_size": ("proto-max-bulk-len", _plain),
    "storage.data_dir": ("dir", _plain),
    "persistence.aof_enabled": ("appendonly", _yes_no),
    "persistence.aof_sync": (
        "appendfsync",
        _choice(
            {"always": "always", "everysec": "everysec", "everysecond": "everysec", "no": "no"}
        ),
    ),
    "logging.level": (
        "loglevel",
        _choice(
            {
                **{"trace": "debug", "debug": "debug", "info": "notice"},
                **{"warn": "warning", "error": "warning"},
            }
        ),
    ),
    "logging.file": ("logfile", _plain),
}

#: Settings that have no effect, and the only value that is accepted.
INERT: dict[str, Value] = {
    "storage.backend": "memory",
    "persistence.checkpoint_enabled": False,
    "logging.format": "pretty",
}

#: Settings that only tune something that INERT leaves switched off.
TUNING = frozenset({"persistence.checkpoint_interval", "persistence.checkpoint_dir"})

#: Sections about parts that are missing here, accepted as long as they are not enabled.
ABSENT = frozenset(
    {"replication", "cluster", "tls", "metrics", "audit", "encryption", "otel", "cloud"}
)


def toml_directives(path: str, content: bytes) -> Iterator[Directive]:
    """The file's settings as directives of redis.conf. Raises ConfigFileFault."""
    text = content.decode("utf-8", "replace")
    try:
        sections = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        number = re.search(r"line (\d+)", str(error))
        line = int(number[1]) if number else text.count("\n") + 1
        raise ConfigFileFault(path, line, _line(text, line), str(error)) from None
    for section, values in sections.items():
        if not isinstance(values, dict):
            raise _fault(path, text, "", section, "it stands in no section; begin with [server]")
        for name, value in values.items():
            yield from _directive(path, text, section, name, value)


def _directive(path: str, text: str, section: str, name: str, value: Value) -> Iterator[Directive]:
    dotted = f"{section}.{name}"
    if dotted in NAMES:
        setting, write = NAMES[dotted]
        try:
            written = write(value)
        except ValueError as error:
            raise _fault(path, text, section, name, str(error)) from None
        number = _number(text, section, name)
        words = [setting.encode(), written.encode("utf-8", "surrogateescape")]
        yield Directive(path, number, _line(text, number), words)
    elif dotted in INERT:
        if value != INERT[dotted]:
            why = f"only {INERT[dotted]!r} is accepted: nothing else is there"
            raise _fault(path, text, section, name, why)
    elif section in ABSENT:
        if name == "enabled" and value is not False:
            why = f"[{section}] is not there: say enabled = false"
            raise _fault(path, text, section, name, why)
    elif dotted not in TUNING:
        raise _fault(path, text, section, name, _advice(section))


def _advice(section: str) -> str:
    """What to do about an unknown name."""
    known = [name.partition(".")[2] for name in (*NAMES, *INERT) if name.startswith(f"{section}.")]
    if known:
        return f"[{section}] knows {', '.join(known)}"
    sections = dict.fromkeys(name.partition(".")[0] for name in NAMES)
    return f"there is no such section; those there are: {', '.join(sections)}"


def _fault(path: str, text: str, section: str, name: str, why: str) -> ConfigFileFault:
    number = _number(text, section, name)
    return ConfigFileFault(path, number, _line(text, number), why)


def _number(text: str, section: str, name: str) -> int:
    """The line on which a name stands, which tomllib does not say."""
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([^]]*?)\s*\]", line):
            current = header[1]
        dotted, _, _ = line.partition("=")
        if (current == section and dotted.strip(" \t\"'") == name) or (
            current == "" and dotted.replace(" ", "") == f"{section}.{name}"
        ):
            return number
    return 1


def _line(text: str, number: int) -> bytes:
    lines = text.splitlines()
    return lines[number - 1].strip().encode() if number <= len(lines) else b""
