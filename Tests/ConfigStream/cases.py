"""What the cases of test-producer have in common: a core agent with a client, and what a case says when it fails.

A case is a method of a class of …_cases.py; its docstring is the behaviour that it shows. Names that begin with Test
are those of upstream's own tests.
"""
import contextlib
import inspect

import grpc

from client import Client
from process import Process


@contextlib.contextmanager
def core_agent(*options, **of_client):
    """A core agent with these options, and a client of it."""
    with Process(*options) as core, Client(core, **of_client) as client:
        yield core, client


def same(found, expected):
    """Fails unless both are the same."""
    assert found == expected, f"found {found!r}, not {expected!r}"


def refused(call, status, text=""):
    """Fails unless a call ends with this status and a text that contains that one."""
    try:
        call()
    except grpc.RpcError as error:
        same(error.code().name, status)
        assert text in error.details(), f"found {error.details()!r}, not {text!r}"
    else:
        raise AssertionError(f"not {status}: the call was answered")


def ended(stream, status, text=""):
    """Fails unless a stream ends with this status and a text that contains that one."""
    found, details = stream.end()
    same(found, status)
    assert text in details, f"found {details!r}, not {text!r}"


def numbers(stream, count):
    """The numbers of the next updates."""
    return [stream.update()[0] for _ in range(count)]


def opened(core, client):
    """A stream whose snapshot was read."""
    stream = client.subscribe()
    stream.snapshot()
    core.do("wait", subscribers=1)
    return stream


def behaviours(part):
    """The cases of a class: behaviour and function."""
    cases = inspect.getmembers(part(), inspect.ismethod)
    return [(" ".join(inspect.cleandoc(case.__doc__).split()).rstrip("."), case) for name, case in cases
            if not name.startswith("_")]
