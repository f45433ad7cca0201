"""``python -m benchmarks commands``: measure one thing beside the real servers and packages."""

from __future__ import annotations

import argparse
import shutil
import sys

try:
    from . import commands, scripting, validate, web
    from .load import LoadFailed
except ModuleNotFoundError as error:
    sys.exit(f"benchmarks: {error.name} is missing: pip install -e '.[bench]'")

BENCHMARKS = {
    "commands": commands.main,
    "scripting": scripting.main,
    "validate": validate.main,
    "web": web.main,
}
NEEDED_PROGRAMS = ("redis-server", "redis-benchmark", "redis-cli")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure one thing beside the real servers and packages.",
    )
    parser.add_argument("name", choices=sorted(BENCHMARKS), help="what to measure")
    parser.add_argument(
        "--rounds", type=_count, default=5, help="how often each is measured (%(default)s)"
    )
    options = parser.parse_args()
    missing = [program for program in NEEDED_PROGRAMS if shutil.which(program) is None]
    if missing:
        print(
            f"benchmarks: install {', '.join(missing)} first (Debian: apt-get install redis)",
            file=sys.stderr,
        )
        return 2
    try:
        BENCHMARKS[options.name](options.rounds)
    except LoadFailed as failure:
        print(f"benchmarks: {failure}", file=sys.stderr)
        return 1
    return 0


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError("a whole number from 1 is wanted")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
