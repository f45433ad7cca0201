"""Arguments of command lines that more than one of them takes."""

from __future__ import annotations

import argparse

from redis.asyncio.connection import parse_url

DEFAULT_URL = "redis://127.0.0.1:6379"


def store_url(text: str) -> str:
    """A URL that redis-py can read, as it was given. Raises ArgumentTypeError."""
    try:
        parse_url(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"a URL like {DEFAULT_URL} is wanted") from error
    return text


__all__ = ["DEFAULT_URL", "store_url"]
