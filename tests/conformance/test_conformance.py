"""The parts of the runner that decide: what counts, what is read out of foreign output."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.servers import RealServer

from . import cts, redis_py, tcl
from .outcomes import Outcome, Outcomes, Verdict, compare, excuse, steady
from .redis_py_recorder import first_word
from .scope import foreign_commands

PASSED, FAILED = Outcome(True), Outcome(False, reason="went wrong")
NOTHING: frozenset[str] = frozenset()


@pytest.fixture(scope="session")
def foreign(redis_server: RealServer) -> frozenset[str]:
    return foreign_commands(redis_server)


def test_what_passes_there_and_not_here_is_missing() -> None:
    verdict = compare("s", {"a": PASSED, "b": PASSED}, {"a": PASSED, "b": FAILED}, NOTHING)
    assert (verdict.reference_passed, verdict.subject_passed) == (2, 1)
    assert verdict.missing == {"b": "went wrong"}


def test_a_test_that_did_not_run_here_is_missing() -> None:
    assert compare("s", {"a": PASSED}, {}, NOTHING).missing == {"a": "did not run"}


def test_what_fails_on_the_reference_does_not_count() -> None:
    assert compare("s", {"a": FAILED}, {"a": PASSED}, NOTHING) == Verdict("s")


def test_a_test_that_sends_a_foreign_command_is_not_ours() -> None:
    reference: Outcomes = {"a": Outcome(True, frozenset({"get", "lpush"}))}
    verdict = compare("s", reference, {"a": FAILED}, frozenset({"lpush"}))
    assert (verdict.foreign, verdict.missing) == (1, {})


def test_what_passes_when_it_is_asked_again_is_not_missing() -> None:
    verdict = compare("s", {"a": PASSED, "b": PASSED}, {"a": FAILED, "b": FAILED}, NOTHING)
    again = steady(verdict, {"a": PASSED, "b": PASSED}, {"a": PASSED, "b": FAILED})
    assert (again.missing, again.unsteady, again.subject_passed) == ({"b": "went wrong"}, 1, 1)


def test_what_then_fails_there_too_does_not_count() -> None:
    verdict = compare("s", {"a": PASSED}, {"a": FAILED}, NOTHING)
    again = steady(verdict, {"a": FAILED}, {"a": FAILED})
    assert (again.missing, again.unsteady, again.reference_passed) == ({}, 1, 0)


def test_exceptions_excuse_by_suite_and_name() -> None:
    verdict = compare("s", {"a[1]": PASSED, "b": PASSED}, {}, NOTHING)
    assert excuse(verdict, ["s: a*"]).missing.keys() == {"b"}
    assert excuse(verdict, ["other: *"]).missing.keys() == {"a[1]", "b"}


def test_commands_of_other_groups_are_foreign(foreign: frozenset[str]) -> None:
    assert foreign >= {"lpush", "zadd", "xadd", "geoadd", "setbit", "pfadd", "cluster"}


def test_commands_of_our_groups_are_not_foreign(foreign: frozenset[str]) -> None:
    ours = {"get", "hset", "sadd", "expire", "exec", "eval", "publish", "client", "config", "acl"}
    assert not foreign & ours


@pytest.mark.parametrize(
    ("args", "name"), [((b"GET", "k"), "get"), (("CONFIG GET", "x"), "config"), (("ping",), "ping")]
)
def test_the_recorder_names_a_command_by_its_first_word(args: tuple[str, ...], name: str) -> None:
    assert first_word(args) == name


def test_files_about_other_products_are_left_out(tmp_path: Path) -> None:
    for name in ("test_commands.py", "test_cluster.py", "test_search.py", "helpers.py"):
        (tmp_path / name).touch()
    assert redis_py.test_files(tmp_path, ".") == ["test_commands.py"]


def test_requests_of_the_cases_are_split_like_a_shell_s() -> None:
    assert cts.words_of("set k 'a b'", is_binary=False) == [b"set", b"k", b"a b"]


def test_binary_requests_of_the_cases_are_unescaped() -> None:
    assert cts.words_of(r"restore k \x00\xe5", is_binary=True) == [b"restore", b"k", b"\x00\xe5"]


def test_a_case_fails_at_the_first_reply_that_differs(redis_server: RealServer) -> None:
    case = {"name": "n", "command": ["set k v", "get k", "get k"], "result": ["OK", "w", "x"]}
    outcomes = cts.suite([case]).run(redis_server, None, lambda: None)
    assert outcomes["n"] == Outcome(False, frozenset({"set", "get"}), "b'get k': 'v' is not 'w'")


def test_the_tcl_runner_s_output_is_read() -> None:
    output = (
        "\x1b[1mTesting unit/x\x1b[0m\n"
        "[\x1b[32mok\x1b[0m]: GET [a] (1 ms) (12 ms)\n"
        "[\x1b[31merr\x1b[0m]: lists in tests/unit/x.tcl\n"
        "ERR unknown command 'LPUSH', with args beginning with: 'l'\n"
        "[ignore]: something: Not supported on external server\n"
    )
    outcomes = tcl.read(output)
    assert outcomes["GET [a] (1 ms)"].passed
    assert not outcomes["lists"].passed
    assert outcomes["lists"].commands == {"lpush"}
    assert len(outcomes) == 2
