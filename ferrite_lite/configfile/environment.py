"""The variables ``FERRITE_*``: Ferrite's, each told in the words of redis.conf.

What begins so and is not known is refused: a setting that is silently left out is one that somebody
relies on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .directives import ConfigFileFault, Directive
from .ferritetoml import NAMES

PREFIX = "FERRITE_"

#: What the variables stand for in ferrite.toml.
VARIABLES = {
    "FERRITE_PORT": "server.port",
    "FERRITE_BIND": "server.bind",
    "FERRITE_DATA_DIR": "storage.data_dir",
    "FERRITE_DATABASES": "storage.databases",
    "FERRITE_LOG_LEVEL": "logging.level",
}
#: Those that ask for what is not here.
ABSENT = {
    "FERRITE_METRICS_BIND": "there is no endpoint for metrics: remove the variable",
    "FERRITE_METRICS_PORT": "there is no endpoint for metrics: remove the variable",
}


def environment_directives(environment: Mapping[str, str]) -> Iterator[Directive]:
    """What the variables say, as redis.conf would say it. Raises ConfigFileFault."""
    for name in sorted(name for name in environment if name.startswith(PREFIX)):
        text = f"{name}={environment[name]}".encode("utf-8", "surrogateescape")
        if name not in VARIABLES:
            why = ABSENT.get(name, f"there is no such variable; those there are: {_known()}")
            raise ConfigFileFault("the environment", 0, text, why)
        setting, write = NAMES[VARIABLES[name]]
        try:
            value = write(environment[name])
        except ValueError as error:
            raise ConfigFileFault("the environment", 0, text, str(error)) from None
        words = [setting.encode(), value.encode("utf-8", "surrogateescape")]
        yield Directive("the environment", 0, text, words)


def _known() -> str:
    return ", ".join(VARIABLES)
