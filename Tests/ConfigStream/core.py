"""A core agent: its parts, and what happens to several of them at once.

Owns the parts and the process that they make up: its beginning, its restart with everything forgotten that was in
memory only, its end. Neighbours: commands.py drives it, service.py speaks for it.
"""
import asyncio
import urllib.parse

from calls import Calls
from content import CONTENTS
from faults import Ending
from layers import Layers
from producer import Producer
from registry import RegistrationRefused
from service import Service
from snapshots import Snapshots
from waiting import Waiting

REAP_INTERVAL = 1
QUERY_TIMEOUT = 3


class CoreAgent:
    """A core agent that is not yet up."""

    def __init__(self, profile, credentials, listener, registry, origin="core-agent", sequence=0, check_interval=None):
        self.profile, self.credentials, self.listener, self.registry = profile, credentials, listener, registry
        self.calls, self.waiting = Calls(), Waiting()
        # How often an open stream's session is looked up, in seconds.
        self._check_interval = check_interval or registry.refresh_interval
        self._check_now = asyncio.Event()
        content = CONTENTS[profile.content]()
        self.layers = Layers(sequence, content.tells_written)
        self.snapshots = Snapshots(self.layers, content, origin)
        self.producer = Producer(self.snapshots)
        self._reaper = None

    async def up(self):
        """Begins to listen."""
        await self.listener.up(Service(self), self.profile, self.credentials)
        self._reaper = self._reaper or asyncio.ensure_future(self._reap())

    async def down(self, grace=None):
        """Listens no longer; without a grace, in seconds, connections are cut."""
        await self.listener.down(grace)

    async def stop(self):
        """Ends as a core agent does that is told to: streams end with OK."""
        self.producer.stop()
        if self.listener.is_up:
            await self.listener.down(grace=1)
        if self._reaper:
            self._reaper.cancel()
            self._reaper = None

    def restart(self, sequence=0):
        """Becomes a new process: connections are cut, sessions unknown, and numbers begin anew. Settings are as
        before, as if read again."""
        if self.listener.is_up:
            self.listener.cut()
        for subscriber in self.producer.subscribers.values():
            subscriber.end(Ending("UNAVAILABLE", "the core agent has restarted"))
        self.registry.evict()
        self.layers.sequence = sequence
        self.producer = Producer(self.snapshots)
        self.changed()

    def changed(self):
        """Something has changed that somebody may wait for."""
        self.waiting.changed()

    async def change(self, change, key, is_swallowed=False):
        """A key has got a new value: tells the subscribers, and returns when every one of them was offered it. The
        number, or None when there is nothing to tell."""
        self.tell(change, key, is_swallowed)
        await self.producer.idle()
        return change and change.sequence

    def tell(self, change, key, is_swallowed=False):
        """The same without waiting. A key may have to be told anew in the next snapshot even if nobody is told of it
        now."""
        self.snapshots.forget([key.lower()])
        if change and not is_swallowed:
            self.producer.take(change)

    async def session_check(self):
        """Returns when it is time to look up an open stream's session again."""
        try:
            await asyncio.wait_for(self._check_now.wait(), self._check_interval)
        except asyncio.TimeoutError:
            pass

    def check_sessions(self):
        """Makes it time."""
        self._check_now.set()
        self._check_now = asyncio.Event()

    async def dial_back(self, uri):
        """Refuses a registration whose URI leads nowhere, where the profile says so."""
        if not self.profile.dials_back:
            return
        place = urllib.parse.urlsplit(uri)
        try:
            opening = asyncio.open_unix_connection(place.path) if place.scheme == "unix" else \
                asyncio.open_connection(place.hostname, place.port)
            _, writer = await asyncio.wait_for(opening, QUERY_TIMEOUT)
            writer.close()
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            self.registry.counters["action_timeout" if isinstance(error, asyncio.TimeoutError) else "action_error"] += 1
            raise RegistrationRefused(f"the services at {uri} could not be discovered: {error}") from None

    async def _reap(self):
        """Has idle sessions forgotten."""
        while True:
            await asyncio.sleep(REAP_INTERVAL)
            if self.registry.reap():
                self.changed()
