"""Ferrite's environment variables, ``FERRITE_*``, translated to the settings of redis.conf.

An unknown variable with this prefix is refused: somebody relies on a setting that is silently left
out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .directives import ConfigFileFault, Directive
from .ferritetoml import NAMES

PREFIX = "FERRITE_"

#: The name in ferrite.toml that each variable stands for.
VARIABLES = {
    "FERRITE_PORT": "server.port",
    "FERRITE_BIND": "server.bind",
    "FERRITE_DATA_DIR": "storage.data_dir",
    "FERRITE_DATABASES": "storage.databases",
    "FERRITE_LOG_LEVEL": "logging.level",
}
#: Variables of Ferrite that ask for something this server lacks.
ABSENT = {
    "FERRITE_METRICS_BIND": "there is no endpoint for metrics: remove the variable",
    "FERRITE_METRICS_PORT": "there is no endpoint for metrics: remove the variable",
}


def environment_directives(environment: Mapping[str, str]) -> Iterator[Directive]:
    """The variables as directives of redis.conf. Raises ConfigFileFault."""
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
