"""Suites that nobody here wrote, played to redis-server and to ferrite_lite.

``python -m tests.conformance`` prints what passes there and not here.
"""
