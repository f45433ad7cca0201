"""What configures a server: redis.conf, Ferrite's ferrite.toml and variables; how it is written.

A file is read into a ``Config`` before there is a server. What is not understood is refused, with
its line: a setting that is silently left out is one that somebody relies on.
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
