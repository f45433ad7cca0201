"""Turn this process into a server that cannot outgrow its memory or outlive its parent.

Run as a program: ``python guard.py PARENT_PID MAX_BYTES COMMAND [ARGUMENT ...]``. It sets the
bounds and becomes the command, which keeps its process id. (A ``preexec_fn`` could do the same, but
Python refuses to promise one in a process that has threads.)
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

#: linux/prctl.h: the signal a process gets when its parent dies.
PR_SET_PDEATHSIG = 1


def main(parent_pid: int, max_bytes: int, command: list[str]) -> None:
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # The parent may have died before the line above took effect.
        if os.getppid() != parent_pid:
            return
    os.execvp(command[0], command)  # noqa: S606 - starting that command is this program's purpose


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
