"""Imports point one way. Whoever adds an arrow against it must move the code, not these tables."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: Each room of ferrite_lite may import from its own rank and from the ranks above it.
RANKS = [
    {"errors", "clock", "files", "usage", "version"},
    {"numeric", "patterns", "reply", "words"},
    {"resp", "command", "scriptflags", "usagetree"},
    {"data", "observing"},
    {"config"},
    {"messages", "eviction", "persistence", "acl", "pause", "holds", "transfer"},
    {"context", "lua", "configfile"},
    {"scripting"},
    {"state"},
    {"commands"},
    {"engine", "network", "inbox"},
    {"connection"},
    {"server"},
    {"client"},
    {"blockingclient"},
    {"ferrite"},
    {"__init__", "__main__"},
]
#: The same of sessions.
SESSION_RANKS = [
    {"arguments", "errors", "datatype", "codecs", "tasks", "scripts", "events"},
    {"config", "record", "editing", "tokens", "crypto"},
    {"content", "policies", "tenants", "servers", "audit", "layout", "replies"},
    {"atomic", "expiry"},
    {"near", "native", "families"},
    {"operations"},
    {"store", "refresh", "flows"},
    {"blocking", "sync", "http", "__main__"},
    {"__init__", "asgi", "wsgi"},
    {"account", "passwords"},
    {"web"},
    {"ext"},
    {"demo"},
]


def ranks_of(ranks: list[set[str]]) -> dict[str, int]:
    return {room: rank for rank, rooms in enumerate(ranks) for room in rooms}


RANK_OF = ranks_of(RANKS)
SESSION_RANK_OF = ranks_of(SESSION_RANKS)


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def room_of(path: Path) -> str:
    """The top-level module or folder of its package that a file belongs to."""
    parts = path.relative_to(ROOT).parts
    return parts[1].removesuffix(".py")


def runtime_imports(path: Path) -> Iterator[str]:
    """Absolute names of what a module imports when it runs; type-only imports do not count."""
    tree = ast.parse(path.read_text())
    package = list(path.relative_to(ROOT).parts[:-1])
    type_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in type_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = [*base, *(node.module.split(".") if node.module else [])]
            if node.module and not (node.level and len(origin) == 1):
                yield ".".join(origin)
            else:
                yield from (".".join([*origin, alias.name]) for alias in node.names)


@pytest.mark.parametrize("path", modules("ferrite_lite"), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_of_ferrite_lite_imports_only_what_lies_below_it(path: Path) -> None:
    room = room_of(path)
    for name in runtime_imports(path):
        package, _, rest = name.partition(".")
        assert package not in {"sessions", "tests", "benchmarks"}, f"{path}: {name}"
        if package == "ferrite_lite" and rest:
            imported = rest.partition(".")[0]
            if imported not in RANK_OF:
                assert room in RANKS[-1], f"{path}: {name} has no rank"
                continue
            assert RANK_OF[imported] <= RANK_OF[room], f"{path} must not import {name}"


@pytest.mark.parametrize("path", modules("sessions"), ids=lambda p: str(p.relative_to(ROOT)))
def test_sessions_uses_only_the_public_face_of_ferrite_lite(path: Path) -> None:
    for name in runtime_imports(path):
        assert not name.startswith("ferrite_lite."), f"{path}: {name}"


@pytest.mark.parametrize("path", modules("sessions"), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_of_sessions_imports_only_what_lies_below_it(path: Path) -> None:
    room = room_of(path)
    for name in runtime_imports(path):
        package, _, rest = name.partition(".")
        imported = rest.partition(".")[0]
        if package == "sessions" and imported in SESSION_RANK_OF:
            assert SESSION_RANK_OF[imported] <= SESSION_RANK_OF[room], f"{path}: {name}"


FRAMEWORKS = {"starlette", "fastapi", "litestar", "flask", "django", "pydantic", "opentelemetry"}
#: What may import a framework: routes, adapters, and the demonstration.
WITH_FRAMEWORK = {"web", "ext", "demo"}


@pytest.mark.parametrize("path", modules("sessions"), ids=lambda p: str(p.relative_to(ROOT)))
def test_sessions_needs_no_web_framework_outside_of_its_adapters(path: Path) -> None:
    imported = {name.partition(".")[0] for name in runtime_imports(path)}
    assert room_of(path) in WITH_FRAMEWORK or not imported & FRAMEWORKS, path


@pytest.mark.parametrize(
    ("package", "ranks"), [("ferrite_lite", RANK_OF), ("sessions", SESSION_RANK_OF)]
)
def test_every_room_has_its_rank(package: str, ranks: dict[str, int]) -> None:
    rooms = {room_of(path) for path in modules(package)}
    assert rooms == ranks.keys()


def test_nothing_but_the_clock_module_reads_a_clock() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in modules("ferrite_lite")
        for name in runtime_imports(path)
        if name.split(".")[0] in {"time", "datetime"}
    }
    assert readers <= {"ferrite_lite/clock.py"}
