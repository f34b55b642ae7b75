"""The commands that read a core agent's state, and wait for it."""
import asyncio
import os
import time
from dataclasses import asdict

from calls import KINDS
from layers import ABSENT
from messages import cut


def _shown(layer):
    """A layer; what has no value shows none."""
    return {"source": layer.source} | ({} if layer.value is ABSENT else {"value": layer.value})


class StateCommands:
    """Each public method is a command, its parameters what it takes, its first words its help."""

    def __init__(self, core):
        self._core = core

    async def place(self):
        """Where the core agent listens, where its files are, and its process."""
        listener, credentials = self._core.listener, self._core.credentials
        return {"port": listener.port, "addresses": listener.addresses, "pid": os.getpid(),
                "auth_token": credentials.token_path, "certificate": credentials.certificate_path}

    async def state(self, *, prefix="", layers=False):
        """The number of the last change, and all keys with value and source; with `layers` those of all sources."""
        settings = self._core.layers
        keys = [key for key in settings.keys() if key.startswith(prefix) and settings.winner(key)]
        found = {"sequence": cut(settings.sequence), "count": settings.sequence, "origin": self._core.snapshots.origin,
                 "settings": {key: _shown(settings.winner(key)) for key in keys}}
        if layers:
            found["layers"] = {key: [_shown(layer) for layer in settings.of(key)] for key in keys}
        return found

    async def subscribers(self):
        """The open streams."""
        return {"subscribers": [
            {"id": each.id, "name": each.name, "session": each.session, "last_sent": cut(each.last_sent),
             "sent": each.sent, "dropped": each.dropped, "buffered": each.buffered}
            for each in self._core.producer.subscribers.values()]}

    async def sessions(self):
        """The sessions, with the seconds since each was heard of."""
        return {"sessions": [
            asdict(each) | {"heard": time.monotonic() - each.heard} for each in self._core.registry.sessions.values()]}

    async def calls(self):
        """The calls since the last time (at most 1000): metadata, the certificate shown, what was asked, and the
        status, which is empty as long as a call lasts."""
        return {"calls": self._core.calls.take()}

    async def counters(self):
        """What the producer and the registry count, and all calls by kind."""
        producer, registry = self._core.producer, self._core.registry
        return {"configstream": producer.counters | {"subscribers": len(producer.subscribers)},
                "registry": registry.counters | {"sessions": len(registry.sessions), "by_name": registry.registered},
                "calls": self._core.calls.counts}

    async def wait(self, *, subscribers=None, sessions=None, register=None, refresh=None, stream=None, timeout=10):
        """Waits until there are so many subscribers or sessions, or were at least so many calls since the beginning."""
        core = self._core
        wanted = dict(zip(KINDS, (register, refresh, stream)))

        def holds():
            return subscribers in (None, len(core.producer.subscribers)) \
                and sessions in (None, len(core.registry.sessions)) \
                and all(core.calls.counts[kind] >= (count or 0) for kind, count in wanted.items())

        try:
            await core.waiting.until(holds, timeout)
        except TimeoutError:
            raise TimeoutError(f"waited {timeout} s; there are {len(core.producer.subscribers)} subscribers, "
                               f"{len(core.registry.sessions)} sessions, calls {core.calls.counts}") from None

    async def flush(self, *, timeout=10):
        """Waits until every subscriber's buffer is empty and was handed to its connection."""
        everyone = list(self._core.producer.subscribers.values())
        try:
            await asyncio.wait_for(asyncio.gather(*(each.flushed() for each in everyone)), timeout)
        except asyncio.TimeoutError:
            buffered = {each.id: each.buffered for each in everyone}
            raise TimeoutError(f"waited {timeout} s for empty buffers: {buffered}") from None

    async def sleep(self, *, seconds):
        """Does nothing for so long; for scripts."""
        await asyncio.sleep(seconds)
