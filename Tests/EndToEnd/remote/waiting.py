"""Waiting for what can be seen, and never for a time.

Owns the one loop: it looks again and again until what it waits for is so, and gives up with what it saw last.
"""
import time


class Late(Exception):
    """What was waited for has not come."""


def until(what, look, seconds=30):
    """What `look` returns, once that is true or says something."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > end:
            raise Late(f"{what}: not within {seconds} s; seen last: {seen!r}")
        # Only for the sake of the others on this machine.
        time.sleep(0.02)
