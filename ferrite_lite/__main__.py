"""The command line: ``ferrite-lite``, or ``ferrite-lite run``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import gc
import ipaddress
import logging
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .acl import UserLine
from .commands import TABLE
from .config import LOG_LEVELS, Config
from .configfile import (
    ConfigFileFault,
    Directive,
    apply,
    dumped,
    environment_directives,
    read_config_file,
)
from .engine import Engine
from .network.listening import hosts_of
from .server import Server
from .version import REDIS_VERSION, VERSION

#: A server allocates much and drops it at once. While a million keys are loaded, the default
#: thresholds pause it for 80 ms, these for 4 ms. Only a process that is nothing but a server may
#: change them.
GC_THRESHOLDS = (50_000, 50, 1000)

MAX_PORT = 65_535

EXIT_USAGE = 2
EXIT_CANNOT_LISTEN = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    options = _parser().parse_args(argv)
    try:
        engine = _configured(options)
    except OSError as error:
        return _refuse(f"cannot read {error.filename}: {error.strerror}")
    except (ConfigFileFault, ValueError) as error:
        return _refuse(str(error))
    config = engine.state.config
    if not config.bind.split() and not config.unixsocket:
        return _refuse("there is nowhere to listen: bind and unixsocket are empty")
    if refusal := _why_unsafe(engine):
        return _refuse(refusal)
    if options.dump_config:
        print(dumped(config).decode("utf-8", "backslashreplace"), end="")
        return 0
    if options.test_config:
        print(f"ferrite-lite: {config.file or 'the command line'} is in order")
        return 0
    _start_logging(options.log_level or "WARNING", config)
    gc.set_threshold(*GC_THRESHOLDS)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_serve(engine, picks_port=options.port == 0))


def _refuse(why: str) -> int:
    print(f"ferrite-lite: {why}", file=sys.stderr)
    return EXIT_USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ferrite-lite",
        usage="ferrite-lite [run] [options]",
        description="A Redis-compatible server in one Python process. It listens until stopped.",
    )
    # Ferrite's command line has further commands, so scripts made for it say ``run``.
    parser.add_argument("command", nargs="?", choices=["run"], help=argparse.SUPPRESS)
    _add_settings(parser.add_argument_group("settings"))
    _add_other_options(parser)
    return parser


def _add_settings(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-c",
        "--config",
        metavar="FILE",
        help="a redis.conf or a ferrite.toml; the options below override it",
    )
    group.add_argument("-p", "--port", type=_port, help="TCP port (6379); 0 picks a free one")
    group.add_argument("-b", "--bind", metavar="ADDRESS", help="address to bind (127.0.0.1)")
    group.add_argument("--unixsocket", metavar="PATH", help="listen on this Unix socket too")
    group.add_argument("--requirepass", metavar="PASSWORD", help="password that clients must give")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other setting of redis.conf; may be repeated",
    )
    group.add_argument(
        "--unprotected",
        action="store_true",
        help="allow an address that other machines can reach, even without a password",
    )
    group.add_argument(
        "--redis-version",
        metavar="VERSION",
        type=_version,
        default=REDIS_VERSION,
        help="the Redis version that clients are told (%(default)s)",
    )
    group.add_argument(
        "--log-level",
        choices=["DEBUG", "INFO", "WARNING", "ERROR"],
        help="the least severe messages to log (WARNING)",
    )


def _add_other_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--test-config", action="store_true", help="check the settings and exit")
    parser.add_argument("--dump-config", action="store_true", help="print the settings and exit")
    parser.add_argument("--version", action="version", version=f"ferrite-lite {VERSION}")


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= MAX_PORT):
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {MAX_PORT}")
    return int(text)


def _version(text: str) -> str:
    if not re.fullmatch(r"\d+\.\d+\.\d+", text):
        raise argparse.ArgumentTypeError("a version is three numbers: 8.0.0")
    return text


def _configured(options: argparse.Namespace) -> Engine:
    """An engine with the settings and users of the file, the environment and the command line.

    Each of these overrides the one before. Raises ConfigFileFault, OSError for a file that cannot
    be read, and ValueError.
    """
    config = Config(redis_version=options.redis_version)
    users = read_config_file(options.config, config, TABLE) if options.config else []
    said = [*environment_directives(os.environ), *_overrides(options)]
    for directive in said:
        apply(directive, config)
    if config.file or any(directive.name == "loglevel" for directive in said):
        options.log_level = options.log_level or LOG_LEVELS[config.loglevel]
    engine = Engine(config=config)
    _define_users(engine, users)
    return engine


def _overrides(options: argparse.Namespace) -> Iterator[Directive]:
    """The settings on the command line."""
    for number, (name, value) in enumerate(_assignments(options), 1):
        words = [name.lower().encode(), value.encode("utf-8", "surrogateescape")]
        yield Directive("the command line", number, f"{name} {value}".encode(), words)


def _assignments(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for name in ("port", "bind", "unixsocket", "requirepass"):
        if (value := getattr(options, name)) is not None:
            yield name, str(value)
    if options.unprotected:
        yield "protected-mode", "no"
    for assignment in options.set:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise ValueError(f"--set {assignment}: write NAME=VALUE")
        yield name, value


def _define_users(engine: Engine, lines: list[Directive]) -> None:
    """Define users by the lines of the configuration file or by the ACL file, not by both."""
    state = engine.state
    path = state.config.aclfile
    if path and lines:
        raise ConfigFileFault.at(lines[0], f"users are defined in the aclfile {path}, or here")
    # Numbered here, because lines of included files may have the same numbers.
    for at, why in state.acl.load_users(UserLine(at, line.words) for at, line in enumerate(lines)):
        raise ConfigFileFault.at(lines[at], why)
    if path:
        users, faults = state.acl.read_file(path, Path(path).read_bytes())
        if faults:
            raise ValueError(faults)
        state.acl.replace_users(users)


def _why_unsafe(engine: Engine) -> str | None:
    """Why not to start: strangers can reach the server, and it asks for no password."""
    config = engine.state.config
    is_open = config.protected_mode and engine.state.acl.default.lets_anybody_in
    exposed = [host for host in hosts_of(config.bind.split()) if not _is_loopback(host)]
    if not is_open or not exposed:
        return None
    return (
        f"{exposed[0]} can be reached from other machines: give --requirepass PASSWORD,"
        " or --unprotected to go without"
    )


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's when the ``speed`` extra is installed, else the standard library's."""
    try:
        import uvloop  # optional
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _start_logging(level: str | int, config: Config) -> None:
    """Log to the end of ``logfile``, or to standard error."""
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(message)s",
        level=level,
        filename=config.logfile or None,
    )


async def _serve(engine: Engine, *, picks_port: bool) -> int:
    config = engine.state.config
    listens = picks_port or config.port != 0 or not config.unixsocket
    server = Server(
        engine,
        host=config.bind.split() if listens else None,
        port=config.port,
        unixsocket=config.unixsocket or None,
    )
    try:
        await server.start()
    except OSError as error:
        where = error.filename or f"{config.bind}:{config.port}"
        advice = " Choose another port with --port (0 picks a free one)."
        print(
            f"ferrite-lite: cannot listen on {where}: {_reason(error)}."
            + (advice if error.errno == errno.EADDRINUSE and not error.filename else ""),
            file=sys.stderr,
        )
        return EXIT_CANNOT_LISTEN
    with _pid_file(config.pidfile):
        also = f" and unix://{server.unixsocket}" if listens and server.unixsocket else ""
        print(f"ferrite-lite {VERSION} listens on {server.url}{also} (Ctrl-C stops it)", flush=True)
        await _until_stopped(server)
    return 0


def _reason(error: OSError) -> str:
    """What the system calls it; some loops tell it in other words, and names have errors apart."""
    number = error.errno or 0
    return os.strerror(number) if number > 0 else error.strerror or str(error)


@contextlib.contextmanager
def _pid_file(path: str) -> Iterator[None]:
    """``pidfile``: a file that holds our process id while we run."""
    if not path:
        yield
        return
    Path(path).write_text(f"{os.getpid()}\n")
    try:
        yield
    finally:
        Path(path).unlink(missing_ok=True)


async def _until_stopped(server: Server) -> None:
    """Wait until a signal, or a client's SHUTDOWN, has closed the server."""
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, server.shut_down)
    await server.closed.wait()


if __name__ == "__main__":
    sys.exit(main())
