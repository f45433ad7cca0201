"""A Redis-compatible server and store that lives inside a Python process."""

from .blockingclient import BlockingInProcessClient
from .client import InProcessClient
from .clock import Clock, ManualClock, SystemClock
from .config import Config
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
    "Engine",
    "Ferrite",
    "FlatMap",
    "InProcessClient",
    "ManualClock",
    "NativeScript",
    "Server",
    "SystemClock",
    "__version__",
]
