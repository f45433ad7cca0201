from __future__ import annotations

import pytest

from ferrite_lite.commands import TABLE
from ferrite_lite.engine import Engine
from ferrite_lite.observing.metrics import MAX_CODES, OTHER_CODES, Meter, Metrics, is_quick
from tests.ferrite_lite.conftest import run_all


def meter_of(engine: Engine, name: bytes) -> Meter:
    command = TABLE.lookup(name)
    assert command is not None
    return engine.state.metrics[command]


def run(engine: Engine, *requests: str) -> list[bytes]:
    return run_all(engine, engine.connect(), [request.encode().split() for request in requests])


def test_each_server_counts_for_itself() -> None:
    first, second = Engine(), Engine()
    run(first, "GET a", "GET a", "HGETALL h")
    assert (meter_of(first, b"get").calls, meter_of(first, b"hgetall").calls) == (2, 1)
    assert meter_of(second, b"get").calls == 0
    assert first.state.metrics.calls == 3


def test_quick_commands_of_a_pipeline_share_its_time() -> None:
    engine = Engine()
    run(engine, "SET a 1", "GET a", "GET a")
    metrics = engine.state.metrics
    assert metrics.shared_calls == 3
    assert meter_of(engine, b"get").timed == 0
    assert metrics.elapsed_us(meter_of(engine, b"get")) == int(2 * metrics.shared_ns / 3) // 1000


def test_a_request_that_comes_alone_is_timed() -> None:
    engine = Engine()
    run(engine, "GET a")
    assert meter_of(engine, b"get").timed == 1


def test_what_may_take_its_time_is_timed_in_a_pipeline_too() -> None:
    engine = Engine()
    run(engine, "GET a", "HKEYS h", "config get port")
    assert meter_of(engine, b"hkeys").timed == 1
    assert meter_of(engine, b"config|get").timed == 1
    assert engine.state.metrics.shared_calls == 0


@pytest.mark.parametrize(
    ("request_", "name", "calls", "rejected", "failed"),
    [
        ("HGET s f", b"hget", 1, 0, 1),
        ("HGETALL s", b"hgetall", 1, 0, 1),
        ("GET", b"get", 0, 1, 0),
        ("CONFIG GET", b"config|get", 0, 1, 0),
        ("EVALSHA nope 0", b"evalsha", 1, 0, 1),
    ],
)
def test_errors_are_counted_for_the_command_and_by_code(
    request_: str, name: bytes, calls: int, rejected: int, failed: int
) -> None:
    engine = Engine()
    run(engine, "SET s x", request_)
    meter = meter_of(engine, name)
    assert (meter.calls, meter.rejected, meter.failed) == (calls, rejected, failed)
    assert engine.state.metrics.errors.total() == 1


def test_an_unknown_command_is_an_error_of_nobody() -> None:
    engine = Engine()
    run(engine, "NOPE")
    assert engine.state.metrics.errors == {"ERR": 1}
    assert list(engine.state.metrics) == []


def test_an_error_inside_a_script_counts_once() -> None:
    engine = Engine()
    ctx = engine.connect()
    for call in (b"call", b"pcall"):
        script = b"return redis." + call + b"('hget', 'a')"
        engine.execute(ctx, [b"EVAL", script, b"0"])
    assert engine.state.metrics.errors == {"ERR": 2}
    assert meter_of(engine, b"eval").failed == 2
    assert meter_of(engine, b"hget").rejected == 2


def test_errors_within_the_reply_of_a_script_count_too() -> None:
    engine = Engine()
    ctx = engine.connect()
    for script in (
        b"return {1, {2, {err='A b'}}, {map={a={err='C d'}}}}",
        b"local e = redis.pcall('hget', 'a') return {e, e, 1}",
        b"return {1, 'a', {}}",
    ):
        engine.execute(ctx, [b"EVAL", script, b"0"])
    assert engine.state.metrics.errors == {"A": 1, "C": 1, "ERR": 1}
    assert meter_of(engine, b"eval").failed == 1 + 2


@pytest.mark.parametrize(
    ("setting", "code"), [(b"maxmemory", "OOM"), (b"min-replicas-to-write", "NOREPLICAS")]
)
def test_what_the_state_of_the_server_keeps_a_script_from_counts_as_rejected(
    setting: bytes, code: str
) -> None:
    engine = Engine()
    ctx = engine.connect()
    engine.execute(ctx, [b"CONFIG", b"SET", setting, b"1"])
    for call in (b"call", b"pcall"):
        engine.execute(ctx, [b"EVAL", b"return redis." + call + b"('set', 'k', 'v')", b"0"])
    assert engine.state.metrics.errors == {code: 2}
    meter = meter_of(engine, b"set")
    assert (meter.calls, meter.rejected, meter.failed) == (0, 2, 0)


def fail_with(engine: Engine, *errors: bytes) -> None:
    """Have a script answer with these errors, one call each."""
    ctx = engine.connect()
    for error in errors:
        engine.execute(ctx, [b"EVAL", b"return redis.error_reply(ARGV[1])", b"0", error])


@pytest.mark.parametrize("text", [b"a" * 31 + b" b", b"a" * 100 + b" b", b"-" + b"a" * 31 + b" b"])
def test_an_error_whose_first_word_is_too_long_for_a_code_counts_as_err(text: bytes) -> None:
    engine = Engine()
    fail_with(engine, text)
    assert engine.state.metrics.errors == {"ERR": 1}


def test_a_code_may_be_as_long_as_redis_looks() -> None:
    engine = Engine()
    fail_with(engine, b"A" * 30 + b" b")
    assert engine.state.metrics.errors == {"A" * 30: 1}


def test_scripts_cannot_make_the_server_remember_codes_without_end() -> None:
    engine = Engine()
    fail_with(engine, *(b"E%d x" % n for n in range(MAX_CODES + 20)), b"E0 x")
    errors = engine.state.metrics.errors
    assert len(errors) == MAX_CODES + 1
    assert (errors["E0"], errors[OTHER_CODES]) == (2, 20)


def test_commands_of_a_transaction_count_when_they_run() -> None:
    engine = Engine()
    run(engine, "MULTI", "SET a 1", "HGET a f", "EXEC")
    assert meter_of(engine, b"set").calls == 1
    assert meter_of(engine, b"hget").failed == 1
    assert meter_of(engine, b"exec").calls == 1
    assert engine.state.metrics.errors == {"WRONGTYPE": 1}


def test_a_histogram_adds_up_and_a_percentile_is_one_of_its_bounds() -> None:
    metrics = Metrics(TABLE)
    command = TABLE.lookup(b"get")
    assert command is not None
    meter = metrics[command]
    for elapsed_us in (1, 3, 3, 900):
        meter.calls += 1
        meter.record(elapsed_us * 1000)
    assert metrics.histogram(meter) == {1: 1, 4: 3, 1056: 4}
    assert metrics.percentile_us(meter, 50) == 4
    assert metrics.percentile_us(meter, 100) == 1056


def test_the_bounds_of_a_histogram_are_redis_s() -> None:
    metrics = Metrics(TABLE)
    command = TABLE.lookup(b"get")
    assert command is not None
    meter = metrics[command]
    for exponent in range(40):
        meter.calls += 1
        meter.record(2**exponent)
    *quick, _ = (1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056, 2113, 4227, 8454, 16908, 33816)
    slow = (33816, 67633, 135266, 270532, 541065, 1_073_741)
    assert [*metrics.histogram(meter)] == [*quick, *slow]


@pytest.mark.parametrize(("limit_us", "is_every"), [(10_000, False), (999, True), (None, False)])
def test_a_limit_below_a_millisecond_has_every_command_timed(
    limit_us: int | None, is_every: bool
) -> None:
    metrics = Metrics(TABLE)
    metrics.note_from(limit_us)
    assert metrics.times_all is is_every


def test_what_redis_calls_fast_is_quick_and_so_are_set_and_hgetall() -> None:
    quick = {command.name for command in TABLE.commands() if is_quick(command)}
    assert quick >= {"get", "set", "hset", "expire", "hgetall"}
    assert quick.isdisjoint({"hkeys", "eval", "keys", "sort", "del"})
