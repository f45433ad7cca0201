"""One line of a configuration file, and the error for a file that cannot be used."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from ..config import NAMES, Config
from ..errors import as_text

#: Directives whose values are secret: messages do not repeat them.
_SECRET = frozenset({b"requirepass", b"masterauth", b"user", b"tls-key-file-pass"})

#: Directives that exist only in files, and not in CONFIG GET.
FILE_ONLY = ("include", "rename-command", "user", "loadmodule")


@dataclass(frozen=True, slots=True)
class Directive:
    """A line with a setting, and where it stands."""

    path: str
    number: int
    text: bytes
    #: The name in lower case, and its values.
    words: list[bytes]

    @property
    def name(self) -> str:
        return as_text(self.words[0])


class ConfigFileFault(Exception):
    """A configuration file that cannot be used. The message names the file, the line and why.

    Line 0 means that it does not come from a file.
    """

    def __init__(self, path: str, number: int, text: bytes, why: str) -> None:
        name = text.split(None, 1)[0].lower() if text else b""
        shown = name + b" ..." if name in _SECRET else text
        place = f"{path}, line {number}" if number else path
        super().__init__(f"{place}: {why}\n>>> {as_text(shown)}")

    @classmethod
    def at(cls, directive: Directive, why: str) -> ConfigFileFault:
        return cls(directive.path, directive.number, directive.text, why)


def apply(directive: Directive, config: Config) -> None:
    """Set a setting as a line says. Raises ConfigFileFault."""
    setting = NAMES.get(directive.name)
    if setting is None:
        raise ConfigFileFault.at(directive, f"there is no such setting; {_advice(directive.name)}")
    values = directive.words[1:]
    # A list of words may be empty, but not that of addresses: Redis would start, and stop at once.
    may_be_any = setting.takes_words and (values or setting.name != "bind")
    if len(values) != 1 and not may_be_any:
        raise ConfigFileFault.at(directive, "wrong number of arguments")
    try:
        setting.set(config, setting.kind.read(b" ".join(values)))
    except (ValueError, OSError) as error:
        raise ConfigFileFault.at(directive, str(error)) from None


def _advice(name: str) -> str:
    """What to do about an unknown name."""
    alike = difflib.get_close_matches(name, [*NAMES, *FILE_ONLY], n=1)
    return f"did you mean '{alike[0]}'?" if alike else "CONFIG GET * lists those there are"
