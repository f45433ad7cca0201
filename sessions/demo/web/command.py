"""The options of ``python -m sessions.demo --web``."""

from __future__ import annotations

import argparse
import contextlib
import math
from collections.abc import Sequence
from pathlib import Path

from sessions.arguments import store_url

from .serve import Address, serve
from .settings import Settings

MAX_PORT = 65_535
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


async def run(words: Sequence[str]) -> int:
    """Serve as the words after ``--web`` say; the exit status."""
    options = _parser().parse_args(words)
    is_secure = options.certificate is not None
    if is_secure != (options.private_key is not None):
        _parser().error("--certificate and --private-key go together: give both")
    if not is_secure and options.host not in _LOOPBACK:
        _parser().error(
            "plain HTTP is for this machine alone, for others could listen:"
            " give --certificate and --private-key, or leave --host out"
        )
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
    parser.add_argument("--host", default=nobody.host, help="where to listen (%(default)s)")
    parser.add_argument(
        "--port", type=_port, default=nobody.port, help="0 picks a free one (%(default)s)"
    )
    parser.add_argument(
        "--store", type=store_url, metavar="URL", help="a redis:// URL; else in this process"
    )
    parser.add_argument("--certificate", type=_file, metavar="FILE", help="PEM, for HTTPS")
    parser.add_argument("--private-key", type=_file, metavar="FILE", help="PEM, of the certificate")
    for name, value, about in (
        ("--idle", default.idle_seconds, "a session ends after this long without use"),
        ("--absolute", default.absolute_seconds, "and after this long in any case"),
        ("--fresh", default.fresh_seconds, "so long a password counts as just given"),
    ):
        parser.add_argument(
            name, type=_seconds, default=value, metavar="SECONDS", help=f"{about} ({value:g})"
        )
    parser.add_argument(
        "--devices", type=_count, default=default.most_devices, help="of each user (%(default)s)"
    )
    return parser


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= MAX_PORT):
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {MAX_PORT}")
    return int(text)


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError("a whole number from 1 is wanted")
    return int(text)


def _file(text: str) -> str:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return text


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError("a number of seconds above 0 is wanted")
