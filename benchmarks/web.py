"""What sessions cost a web application: the same small application with each kind of them.

The application is called directly, as its server would call it, so that the cost of HTTP hides
nothing. All sessions that are kept on a server are in the same redis-server, over TCP. A request
reads one value of a session of about a kilobyte. What counts is what a kind of sessions adds to the
request of the same framework without any: in CPU time of this process, which other load disturbs
least, and in commands to the server. Spreads are quartiles.
"""

from __future__ import annotations

import asyncio
import io
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import redis
import redis.asyncio

from sessions import KeyRing, SessionConfig, SessionStore, SyncSessionStore
from sessions.asgi import SessionMiddleware

from .peers import REDIS, started
from .rounds import Figure, Measure, compare, progress

REQUESTS = 300
TASKS = 50
#: About a kilobyte of JSON.
DATA = {"theme": "dark", "cart": [{"item": f"tea {number}", "count": 1} for number in range(32)]}
#: Requests of which the commands are counted.
COUNTED = 20
CONFIG = SessionConfig(create_limit=None, timeout_seconds=30)
KEYS = KeyRing.generate()
_HOST = [(b"host", b"shop.example"), (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64)")]


@dataclass(frozen=True, slots=True)
class Site:
    """One application: ``request`` gives the cookies that it set."""

    name: str
    #: The framework whose request without sessions it is compared with.
    framework: str
    request: Callable[[str, str], str]
    #: So many requests, all at once if the framework can.
    requests: Callable[[int, str], None]


def main(rounds: int) -> None:
    """Measure and print."""
    with started(REDIS) as (server,), ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        sites = [
            *_starlette_sites(runner, server.port),
            *_flask_sites(server.port),
            *_django_sites(stack, server.port),
        ]
        cookies = {site.name: site.request("/login", "") for site in sites}
        commands = {site.name: _commands(site, cookies[site.name], server.port) for site in sites}
        progress("requests of a web application")
        cpu: dict[str, list[float]] = {site.name: [] for site in sites}
        measures = {site.name: _measure(site, cookies[site.name], cpu) for site in sites}
        figures = compare(measures, reference="Starlette", rounds=rounds)
        progress("")
        _print(sites, figures, cpu, commands)


def _measure(site: Site, cookie: str, cpu: dict[str, list[float]]) -> Measure:
    """The rate; ``cpu`` gets the microseconds of a request in this process."""

    def measure() -> float:
        began, spent = time.perf_counter(), time.process_time()
        site.requests(REQUESTS, cookie)
        cpu[site.name].append((time.process_time() - spent) * 1e6 / REQUESTS)
        return REQUESTS / (time.perf_counter() - began)

    return measure


def _commands(site: Site, cookie: str, port: int) -> tuple[float, float]:
    """What the server is asked for a request with a session, and for one without a cookie."""
    client, signal = redis.Redis(port=port), redis.Redis(port=port)
    signal.ping()
    site.request("/", cookie)
    counts = []
    for value in (cookie, ""):
        with client.monitor() as monitor:  # type: ignore[no-untyped-call]  # redis-py has no type
            for _ in range(COUNTED):
                site.request("/", value)
            signal.echo("the end")
            counts.append(_asked(monitor) / COUNTED)
    client.close()
    signal.close()
    return counts[0], counts[1]


def _asked(monitor: Any) -> int:
    """Commands that clients sent: those inside of scripts are no round trips."""
    count = 0
    for seen in monitor.listen():
        if seen["command"].startswith("ECHO"):
            return count
        count += seen["client_type"] != "lua"
    return count


def _print(
    sites: list[Site],
    figures: dict[str, Figure],
    cpu: dict[str, list[float]],
    commands: dict[str, tuple[float, float]],
) -> None:
    print("\n| Sessions | requests | added CPU (spread) | commands | without a cookie |")
    print("|---|---:|---:|---:|---:|")
    for site in sites:
        rate = figures[site.name].rate
        added = [a - b for a, b in zip(cpu[site.name], cpu[site.framework], strict=True)]
        shown = "" if site.name == site.framework else _spread(added)
        with_cookie, without = commands[site.name]
        print(f"| {site.name} | {rate:,.0f}/s | {shown} | {with_cookie:g} | {without:g} |")


def _spread(added: list[float]) -> str:
    """How much more a request takes than without sessions, of the application's process."""
    low, high = statistics.quantiles(added, n=4)[::2]
    return f"{statistics.median(added):,.0f} µs ({low:,.0f} to {high:,.0f})"


# --- Starlette ------------------------------------------------------------------------------------


def _starlette_sites(runner: asyncio.Runner, port: int) -> Iterator[Site]:
    from starlette.middleware.sessions import SessionMiddleware as SignedCookies
    from starsessions import SessionAutoloadMiddleware
    from starsessions import SessionMiddleware as StarSessions
    from starsessions.stores.redis import RedisStore

    url = f"redis://127.0.0.1:{port}"
    store = runner.run(SessionStore.connect(url, CONFIG, keys=KEYS))
    embedded = runner.run(SessionStore.connect(config=CONFIG, keys=KEYS))
    peer = RedisStore(connection=redis.asyncio.Redis.from_url(url))
    plain = _starlette(False)
    yield _asgi_site(runner, "Starlette", plain)
    yield _asgi_site(
        runner, "Starlette, ours", _starlette(True, (SessionMiddleware, {"store": store}))
    )
    yield _asgi_site(
        runner,
        "Starlette, ours embedded",
        _starlette(True, (SessionMiddleware, {"store": embedded})),
    )
    yield _asgi_site(
        runner,
        "Starlette, starsessions 2.2",
        _starlette(
            True,
            (SessionAutoloadMiddleware, {}),
            (StarSessions, {"store": peer, "rolling": True, "lifetime": 86_400}),
        ),
    )
    yield _asgi_site(
        runner,
        "Starlette, signed cookies",
        _starlette(True, (SignedCookies, {"secret_key": "of a benchmark", "https_only": True})),
    )


def _starlette(has_session: bool, *middleware: tuple[Any, dict[str, Any]]) -> Any:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def index(request: Request) -> JSONResponse:
        return JSONResponse(request.session.get("theme") if has_session else "dark")

    async def login(request: Request) -> JSONResponse:
        if has_session:
            request.session.update(DATA)
        return JSONResponse(None)

    app = Starlette(routes=[Route("/", index), Route("/login", login)])
    for kind, options in middleware:
        app.add_middleware(kind, **options)
    return app


def _asgi_site(runner: asyncio.Runner, name: str, app: Any) -> Site:
    async def request(path: str, cookie: str) -> str:
        headers = [*_HOST, *([(b"cookie", cookie.encode())] if cookie else [])]
        scope = {
            **{"type": "http", "method": "GET", "path": path, "raw_path": path.encode()},
            **{"query_string": b"", "headers": headers, "client": ("127.0.0.1", 1)},
            **{"scheme": "https", "root_path": "", "asgi": {"version": "3.0"}},
            **{"server": ("shop.example", 443), "http_version": "1.1"},
        }
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, _nothing, send)
        set_ = [value for key, value in sent[0]["headers"] if key == b"set-cookie"]
        _check(path, cookie, sent[0]["status"], sent[1]["body"])
        return set_[0].decode().partition(";")[0] if set_ else ""

    async def task(count: int, cookie: str) -> None:
        for _ in range(count):
            await request("/", cookie)

    async def all_tasks(count: int, cookie: str) -> None:
        await asyncio.gather(*(task(count // TASKS, cookie) for _ in range(TASKS)))

    return Site(
        name,
        "Starlette",
        lambda path, cookie: runner.run(request(path, cookie)),
        lambda count, cookie: runner.run(all_tasks(count, cookie)),
    )


async def _nothing() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def _check(path: str, cookie: str, status: int, body: bytes) -> None:
    if status != 200 or (path == "/" and cookie and json.loads(body) != "dark"):
        raise AssertionError(f"{path} answered {status} {body!r}")


# --- Flask and Django -----------------------------------------------------------------------------


def _flask_sites(port: int) -> Iterator[Site]:
    from flask_session import Session

    from sessions.ext.flask import init_app

    store = SyncSessionStore.connect(f"redis://127.0.0.1:{port}", CONFIG, keys=KEYS)
    yield _wsgi_site("Flask", "Flask", _flask(has_session=False))
    ours = _flask(has_session=True)
    init_app(ours, store)
    yield _wsgi_site("Flask, ours", "Flask", ours)
    peer = _flask(has_session=True)
    peer.config.update(SESSION_TYPE="redis", SESSION_REDIS=redis.Redis(port=port))
    Session(peer)
    yield _wsgi_site("Flask, Flask-Session 0.8", "Flask", peer)


def _flask(*, has_session: bool) -> Any:
    import flask

    app = flask.Flask("shop")

    @app.get("/")
    def index() -> flask.Response:
        return flask.jsonify(flask.session.get("theme") if has_session else "dark")

    @app.get("/login")
    def login() -> str:
        if has_session:
            flask.session.update(DATA)
        return "ok"

    return app


def _django_sites(stack: ExitStack, port: int) -> Iterator[Site]:
    import django
    from django.conf import settings
    from django.test.utils import override_settings
    from django.urls import path

    settings.configure(
        ROOT_URLCONF=(path("", _django_index), path("login", _django_login)),
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="of a benchmark",  # noqa: S106  # nothing is signed
        CACHES={
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": f"redis://127.0.0.1:{port}",
            }
        },
        SESSION_ENGINE="django.contrib.sessions.backends.cache",
        SESSIONS_STORE=SyncSessionStore.connect(f"redis://127.0.0.1:{port}", CONFIG, keys=KEYS),
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        LOGGING_CONFIG=None,
    )
    django.setup()
    theirs = "django.contrib.sessions.middleware.SessionMiddleware"
    for name, middleware, saves in (
        ("Django", None, False),
        ("Django, ours", "sessions.ext.django.SessionMiddleware", False),
        ("Django, cache sessions", theirs, False),
        ("Django, cache sessions that slide", theirs, True),
    ):
        changed = override_settings(
            MIDDLEWARE=[middleware] if middleware else [], SESSION_SAVE_EVERY_REQUEST=saves
        )
        with changed:
            from django.core.handlers.wsgi import WSGIHandler

            site = _wsgi_site(name, "Django", WSGIHandler())
        yield _under(site, lambda saves=saves: override_settings(SESSION_SAVE_EVERY_REQUEST=saves))


def _under(site: Site, settings: Any) -> Site:
    """A site whose framework reads its settings at every request."""

    def request(path: str, cookie: str) -> str:
        with settings():
            return site.request(path, cookie)

    def requests(count: int, cookie: str) -> None:
        with settings():
            site.requests(count, cookie)

    return Site(site.name, site.framework, request, requests)


def _django_index(request: Any) -> Any:
    from django.http import JsonResponse

    session = getattr(request, "session", None)
    theme = "dark" if session is None else session.get("theme")
    return JsonResponse(theme, safe=False)


def _django_login(request: Any) -> Any:
    from django.http import HttpResponse

    if getattr(request, "session", None) is not None:
        request.session.update(DATA)
    return HttpResponse("ok")


def _wsgi_site(name: str, framework: str, app: Any) -> Site:
    def request(path: str, cookie: str) -> str:
        environ = {
            **{"REQUEST_METHOD": "GET", "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": ""},
            **{"SERVER_NAME": "shop.example", "SERVER_PORT": "443", "SERVER_PROTOCOL": "HTTP/1.1"},
            **{"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "shop.example", "HTTP_COOKIE": cookie},
            **{"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64)", "wsgi.url_scheme": "https"},
            **{"wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.version": (1, 0)},
            **{"wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False},
        }
        if not cookie:
            del environ["HTTP_COOKIE"]
        answered: list[Any] = []
        chunks = app(environ, lambda status, headers, *_: answered.extend((status, headers)))
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        status, headers = answered
        _check(path, cookie, int(status[:3]), body)
        set_ = [value for key, value in headers if key.lower() == "set-cookie"]
        return str(set_[0]).partition(";")[0] if set_ else ""

    def requests(count: int, cookie: str) -> None:
        for _ in range(count):
            request("/", cookie)

    return Site(name, framework, request, requests)
