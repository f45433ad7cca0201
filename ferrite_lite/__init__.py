"""A Redis-compatible server and store that lives inside a Python process.

Start with ``Ferrite``: a store with redis-py clients that need no socket, and a socket for others
if you want one. ``Config`` has its settings, and ``ManualClock`` is a clock that only a test moves.

Underneath, ``Engine`` is the data and the commands, and ``Server`` puts sockets around it.
``NativeScript`` replaces one Lua script by a Python function, which may answer with a ``FlatMap``.
"""

from .blockingclient import BlockingInProcessClient
from .client import InProcessClient
from .clock import Clock, ManualClock, SystemClock
from .config import Config, OutputLimit
from .data.values import EncodingLimits
from .engine import Engine
from .errors import CommandError
from .ferrite import Ferrite
from .reply import FlatMap
from .scripting.scripts import NativeScript
from .server import Server
from .version import VERSION as __version__

__all__ = [
    "BlockingInProcessClient",
    "Clock",
    "CommandError",
    "Config",
    "EncodingLimits",
    "Engine",
    "Ferrite",
    "FlatMap",
    "InProcessClient",
    "ManualClock",
    "NativeScript",
    "OutputLimit",
    "Server",
    "SystemClock",
    "__version__",
]
