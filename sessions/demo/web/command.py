"""The options of ``python -m sessions.demo --web``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from .serve import Address, serve
from .settings import Settings

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


async def run(words: Sequence[str]) -> int:
    """Serve as the words after ``--web`` say; the exit status."""
    options = _parser().parse_args(words)
    is_secure = options.certificate is not None
    if is_secure != (options.private_key is not None):
        _parser().error("--certificate and --private-key go together")
    if not is_secure and options.host not in _LOOPBACK:
        _parser().error("others could listen: plain HTTP is for this machine alone")
    settings = Settings(
        idle_seconds=options.idle,
        absolute_seconds=options.absolute,
        most_devices=options.devices,
        fresh_seconds=options.fresh,
        is_secure=is_secure,
    )
    address = Address(
        host=options.host,
        port=options.port,
        certificate=options.certificate,
        private_key=options.private_key,
    )
    return await serve(settings, address, options.store)


def _parser() -> argparse.ArgumentParser:
    default, nobody = Settings(), Address()
    parser = argparse.ArgumentParser(
        prog="python -m sessions.demo --web", description="Sessions in a browser."
    )
    parser.add_argument("--host", default=nobody.host)
    parser.add_argument("--port", type=int, default=nobody.port, help="0 picks a free one")
    parser.add_argument("--store", metavar="URL", help="a redis:// URL; else in this process")
    parser.add_argument("--certificate", metavar="FILE", help="PEM, for HTTPS")
    parser.add_argument("--private-key", metavar="FILE")
    for name, value, about in (
        ("--idle", default.idle_seconds, "a session ends after so many seconds without use"),
        ("--absolute", default.absolute_seconds, "and after so many in any case"),
        ("--fresh", default.fresh_seconds, "for so many a password counts as just given"),
    ):
        parser.add_argument(name, type=float, default=value, metavar="SECONDS", help=about)
    parser.add_argument("--devices", type=int, default=default.most_devices, help="for each user")
    return parser
