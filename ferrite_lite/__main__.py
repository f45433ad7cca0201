"""The command line: ``ferrite-lite run``, or plain ``ferrite-lite``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import ipaddress
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence

from .config import Config
from .engine import Engine
from .server import Server
from .version import VERSION

DEFAULT_PORT = 6379
LOOPBACK = "127.0.0.1"

#: A server allocates much and drops it at once: the default thresholds pause it for 80 ms while a
#: million keys are loaded, these for 4 ms. Only for a process that is nothing but a server.
GC_THRESHOLDS = (50_000, 50, 1000)

EXIT_USAGE = 2
EXIT_CANNOT_LISTEN = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    options = _parser().parse_args(_with_default_command(sys.argv[1:] if argv is None else argv))
    if refusal := _why_unsafe(options):
        print(f"ferrite-lite: {refusal}", file=sys.stderr)
        return EXIT_USAGE
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=options.log_level)
    gc.set_threshold(*GC_THRESHOLDS)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(options))


def _with_default_command(argv: Sequence[str]) -> list[str]:
    """``ferrite-lite --port 0`` means ``ferrite-lite run --port 0``."""
    if argv and argv[0] in {"run", "-h", "--help", "--version"}:
        return list(argv)
    return ["run", *argv]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ferrite-lite", description="A Redis-compatible server in one Python process."
    )
    parser.add_argument("--version", action="version", version=f"ferrite-lite {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="listen until stopped (the default)")
    run.add_argument(
        "-p", "--port", type=_port, default=DEFAULT_PORT, help="TCP port; 0 picks a free one"
    )
    run.add_argument("-b", "--bind", default=LOOPBACK, metavar="ADDRESS", help="address to bind")
    run.add_argument("--unixsocket", metavar="PATH", help="listen on this Unix socket too")
    run.add_argument("--requirepass", default="", metavar="PASSWORD", help="what AUTH must present")
    run.add_argument(
        "--unprotected",
        action="store_true",
        help="allow an address that other machines reach, without a password",
    )
    run.add_argument(
        "--log-level", default="WARNING", choices=["DEBUG", "INFO", "WARNING", "ERROR"]
    )
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _why_unsafe(options: argparse.Namespace) -> str | None:
    """A server that strangers reach needs a password: Redis's protected mode, decided at start."""
    if options.requirepass or options.unprotected or _is_loopback(options.bind):
        return None
    return (
        f"{options.bind} can be reached from other machines: give --requirepass PASSWORD,"
        " or --unprotected to go without"
    )


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's when the ``speed`` extra is installed, else the standard library's."""
    try:
        import uvloop  # optional
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _serve(options: argparse.Namespace) -> int:
    config = Config(bind=options.bind, requirepass=options.requirepass.encode())
    server = Server(
        Engine(config=config), host=options.bind, port=options.port, unixsocket=options.unixsocket
    )
    try:
        await server.start()
    except OSError as error:
        print(
            f"ferrite-lite: cannot listen on {options.bind}:{options.port}:"
            f" {os.strerror(error.errno) if error.errno else error}."
            " Choose another port with --port (0 picks a free one).",
            file=sys.stderr,
        )
        return EXIT_CANNOT_LISTEN
    also = f" and unix://{server.unixsocket}" if server.unixsocket else ""
    print(f"ferrite-lite {VERSION} listens on {server.url}{also} (Ctrl-C stops it)", flush=True)
    await _until_stopped(server)
    return 0


async def _until_stopped(server: Server) -> None:
    """Wait until a signal, or a client's SHUTDOWN, has closed the server."""
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, server.shut_down)
    await server.closed.wait()


if __name__ == "__main__":
    sys.exit(main())
