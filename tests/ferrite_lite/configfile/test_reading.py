from __future__ import annotations

from pathlib import Path

import pytest

from ferrite_lite.commands import TABLE
from ferrite_lite.config import Config
from ferrite_lite.configfile import ConfigFileFault, Directive, read_config_file
from ferrite_lite.engine import Engine


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str, name: str = "server.conf") -> tuple[Config, list[Directive]]:
    Path(name).write_text(text)
    config = Config()
    return config, read_config_file(name, config, TABLE)


def fault(text: str, name: str = "server.conf") -> str:
    with pytest.raises(ConfigFileFault) as raised:
        read(text, name)
    return str(raised.value)


def test_a_setting_a_line_in_any_case_with_comments_between() -> None:
    config, _ = read("# comment\n\nPORT 7000\r\n  maxmemory 1kb\t\nrequirepass 'a b'\n")
    assert (config.port, config.maxmemory_bytes, config.requirepass) == (7000, 1024, b"a b")


def test_what_takes_words_may_be_told_in_several_or_in_one() -> None:
    several, _ = read("bind 127.0.0.1 -::1\nclient-output-buffer-limit normal 1 2 3")
    one, _ = read('bind "127.0.0.1 -::1"\nclient-output-buffer-limit "normal 1 2 3"')
    assert several == one
    assert several.bind == "127.0.0.1 -::1"
    assert several.output_limits["normal"] == (1, 2, 3)


def test_what_takes_words_may_be_told_without_any() -> None:
    config, _ = read("save\nlatency-tracking-info-percentiles\nclient-output-buffer-limit\n")
    assert config.latency_percentiles == ()
    assert config.output_limits == Config().output_limits


def test_the_path_is_kept_for_config_rewrite(directory: Path) -> None:
    assert read("")[0].file == str(directory / "server.conf")


def test_lines_that_define_users_are_returned_with_their_numbers() -> None:
    _, users = read("port 1\nuser alice on nopass\nUSER bob off")
    assert [(line.number, line.words[1]) for line in users] == [(2, b"alice"), (3, b"bob")]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("no-such-thing 1", "there is no such setting"),
        ("maxmemory-polcy noeviction", "did you mean 'maxmemory-policy'?"),
        ("maxclients", "wrong number of arguments"),
        ("maxclients 1 2", "wrong number of arguments"),
        ("bind", "wrong number of arguments"),
        ("shutdown-on-sigint", "argument(s) must be one of the following: default, save,"),
        ("shutdown-on-sigterm save", "'save' is not accepted: data is not kept on disk"),
        ("tls-port 6380", "Unable to update TLS configuration."),
        ("maxclients x", "argument couldn't be parsed into an integer"),
        ("appendfsync sometimes", "one of the following: everysec, always, no"),
        ("cluster-enabled yes", "this server is no node of a cluster"),
        ("loadmodule /a.so", "modules cannot be loaded"),
        ('requirepass "a', "unbalanced quotes"),
        ("rename-command NOSUCH x", "No such command in rename-command"),
        ("rename-command get SET", "Target command name already exists"),
        ("rename-command get", "wrong number of arguments"),
        ("include nosuch.conf", "cannot read it: No such file or directory"),
        ("dir /no/such/directory", "No such file or directory"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_with_the_reason(line: str, why: str) -> None:
    message = fault(f"port 1\n\n{line}\n")
    assert message.startswith("server.conf, line 3: ")
    assert why in message


@pytest.mark.parametrize("line", ["requirepass a b", "user alice >secret", "masterauth a b"])
def test_no_secret_is_repeated(line: str) -> None:
    assert " b" not in fault(f"{line}\nnosuch 1").partition(">>>")[2]


def test_a_file_may_include_others_which_count_where_they_are_named() -> None:
    Path("one.conf").write_text("port 1\nhz 50\n")
    Path("two.conf").write_text("timeout 7\n")
    config, _ = read("port 2\ninclude one.conf\nhz 20\ninclude t*.conf\ninclude none*.conf\n")
    assert (config.port, config.hz, config.timeout_seconds) == (1, 20, 7)


def test_a_fault_in_an_included_file_is_told_with_its_own_place() -> None:
    Path("one.conf").write_text("# first\nnosuch 1\n")
    assert fault("include one.conf").startswith("one.conf, line 2: ")


def test_files_that_include_each_other_are_refused() -> None:
    assert "deep at most" in fault("include server.conf")


def test_commands_are_renamed_one_after_the_other() -> None:
    config, _ = read('rename-command GET ""\nrename-command SET get\nrename-command get put\n')
    engine = Engine(config=config)
    ctx = engine.connect()
    assert str(engine.execute(ctx, [b"GET", b"a"])).startswith("ERR unknown command 'GET'")
    assert str(engine.execute(ctx, [b"SET", b"a", b"b"])).startswith("ERR unknown command 'SET'")
    assert str(engine.execute(ctx, [b"Put", b"a"])).endswith("for 'set' command")
    plain = Engine()
    assert plain.execute(plain.connect(), [b"GET", b"a"]) is None


FERRITE = """\
[server]
bind = "0.0.0.0"
port = 6400
max_connections = 50
[storage]
backend = "memory"
max_memory = 1048576
databases = 4
[persistence]
aof_enabled = false
aof_sync = "everysecond"
checkpoint_enabled = false
checkpoint_interval = 300
[metrics]
enabled = false
port = 9090
[logging]
level = "warn"
"""


def test_a_file_of_ferrite_s_is_read_by_its_own_names() -> None:
    config, users = read(FERRITE, "ferrite.toml")
    assert (config.bind, config.port, config.maxclients) == ("0.0.0.0", 6400, 50)  # noqa: S104  # read, not bound
    assert (config.maxmemory_bytes, config.databases) == (1048576, 4)
    assert (config.loglevel, users) == ("warning", [])


@pytest.mark.parametrize(
    ("text", "number", "why"),
    [
        ("[server]\nport = 1\nprot = 2\n", 3, "[server] knows bind, port"),
        ("[server]\nport = 1\n[nosuch]\na = 2\n", 4, "there is no such section"),
        ("[tls]\nport = 6380\nenabled = true\n", 3, "say enabled = false"),
        ('[storage]\nbackend = "hybridlog"\n', 2, "only 'memory' is accepted"),
        ("[server]\nport = 70000\n", 2, "must be between 0 and 65535"),
        ('[logging]\nlevel = "loud"\n', 2, "one of trace, debug, info, warn, error"),
        ("[persistence]\naof_enabled = 1\n", 2, "true or false"),
        ("[server]\nport 1\n", 2, "Expected '='"),
        ("port = 1\n", 1, "begin with [server]"),
        ("[server]\n# port = 1\nport = [1]\n", 3, "couldn't be parsed into an integer"),
        ("server.port = 1\nserver.prot = 2\n", 2, "[server] knows"),
    ],
)
def test_what_is_wrong_in_a_file_of_ferrite_s_is_told_with_its_line(
    text: str, number: int, why: str
) -> None:
    message = fault(text, "ferrite.toml")
    assert message.startswith(f"ferrite.toml, line {number}: ")
    assert why in message
