"""One open stream: its buffer, and what was last put into it.

Owns the buffer of 100 items, which drops what finds it full, and the faults of this stream. It sends nothing:
sending.py takes items out. All on one thread, that of the event loop. Neighbours: producer.py puts events in,
faults.py.
"""
import asyncio
import uuid
from collections import deque

from faults import Ending

BUFFER_MAX = 100


class Subscriber:
    """A subscriber. Its id is its client's name and something that nobody else has: a client may have many."""

    def __init__(self, name, session):
        self.id = f"{name}-{uuid.uuid4()}"
        self.name, self.session = name, session
        # The number of the last event that the server takes to be sent, dropped or not; with 64 bits.
        self.last_sent = 0
        self.sent = self.dropped = 0
        self.faults = deque()
        self._buffer = deque()
        self._ending = None
        self._is_held = self._is_taken = False
        self._wake, self._emptied, self._eased = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def offer(self, event, is_update=False):
        """Puts an event into the buffer, as faults make it; how many of its items found the buffer full."""
        while self.faults and self.faults[0].is_done:
            self.faults.popleft()
        items = self.faults[0].take(event) if is_update and self.faults else [event]
        dropped = 0
        for item in items:
            if len(self._buffer) < BUFFER_MAX:
                self._buffer.append(item)
            else:
                dropped += 1
        self.dropped += dropped
        self._wake.set()
        return dropped

    def put(self, item):
        """Puts an item behind the others, however many there are."""
        self._buffer.append(item)
        self._wake.set()

    def end(self, ending):
        """Ends the stream at once: what is in the buffer is not sent any more."""
        self._ending = ending
        self._wake.set()

    def close(self):
        """Ends the stream with OK once the buffer is empty."""
        self.put(Ending("OK"))

    def hold(self, is_held):
        """Has nothing sent, or no longer so, as if the client did not read."""
        self._is_held = is_held
        self._wake.set()

    async def next(self):
        """The next item. Asking for it says that the one before has been sent."""
        self._is_taken = False
        while True:
            if self._ending:
                return self._ending
            if self._buffer and not self._is_held:
                self._is_taken = True
                item = self._buffer.popleft()
                if len(self._buffer) == BUFFER_MAX // 2:
                    self._eased.set()
                return item
            if not self._buffer:
                self._emptied.set()
            self._wake.clear()
            await self._wake.wait()

    async def flushed(self):
        """Returns when all that was in the buffer has been handed to the connection, or the stream has ended."""
        await self._until(self._emptied, lambda: not self._buffer and not self._is_taken)

    async def has_room(self):
        """Returns when at least half of the buffer is free, or the stream has ended."""
        await self._until(self._eased, lambda: len(self._buffer) <= BUFFER_MAX // 2)

    async def _until(self, event, holds):
        """Returns when something holds that an event tells of, or the stream has ended."""
        while not holds() and not self._ending:
            event.clear()
            await event.wait()

    def gone(self):
        """The stream has ended."""
        self._ending = self._ending or Ending("OK")
        self._buffer.clear()
        self._emptied.set()
        self._eased.set()

    @property
    def buffered(self):
        """How many items wait."""
        return len(self._buffer)
