"""Files that configure a server: redis.conf, Ferrite's ferrite.toml, and how they are rewritten.

A file is read into a ``Config`` before there is a server. What is not understood is refused, with
its line: a setting that is silently left out is one that somebody relies on.
"""

from __future__ import annotations

from .directives import ConfigFileFault, Directive, apply
from .reading import read_config_file
from .rewriting import rewritten

__all__ = ["ConfigFileFault", "Directive", "apply", "read_config_file", "rewritten"]
