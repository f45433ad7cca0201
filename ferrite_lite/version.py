"""The versions that this package tells: its own, and that of the server it behaves like."""

VERSION = "0.1.0"

#: The server that behaviour and error texts follow: clients and test-suites branch on it.
REDIS_VERSION = "7.0.15"
