"""``python -m benchmarks commands``: measure one thing beside the real peers."""

from __future__ import annotations

import argparse
import shutil
import sys

from . import commands, scripting, validate, web
from .load import LoadFailed

BENCHMARKS = {
    "commands": commands.main,
    "scripting": scripting.main,
    "validate": validate.main,
    "web": web.main,
}
NEEDED_PROGRAMS = ("redis-server", "redis-benchmark", "redis-cli")


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=5, help="how often each peer is measured")
    options = parser.parse_args()
    missing = [program for program in NEEDED_PROGRAMS if shutil.which(program) is None]
    if missing:
        print(f"benchmarks: install {', '.join(missing)} first (Debian: apt-get install redis)")
        return 2
    try:
        BENCHMARKS[options.name](options.rounds)
    except LoadFailed as failure:
        print(f"benchmarks: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
