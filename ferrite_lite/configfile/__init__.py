"""Configuration from outside: redis.conf, Ferrite's ferrite.toml, environment variables.

A file is read into a ``Config`` before there is a server. Anything that is not understood is
refused, with its line: somebody relies on a setting that is silently left out.
"""

from __future__ import annotations

from .directives import ConfigFileFault, Directive, apply
from .environment import environment_directives
from .reading import read_config_file
from .rewriting import dumped, rewritten

__all__ = [
    "ConfigFileFault",
    "Directive",
    "apply",
    "dumped",
    "environment_directives",
    "read_config_file",
    "rewritten",
]
