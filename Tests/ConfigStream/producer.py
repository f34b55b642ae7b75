"""The fan-out of changes to subscribers.

Owns the intake of 100 changes, which drops what finds it full, and the rules of who gets what: a snapshot first; the
update that follows the last event; a new snapshot for whom a change is missing. That the last event is advanced even
when the buffer of a subscriber drops it is upstream's rule: the server does not notice, the client has to. All on one
thread, that of the event loop. Neighbours: core.py brings changes, snapshots.py has the bytes, subscriber.py.
"""
import asyncio
from collections import deque

from snapshots import SnapshotFailed
from subscriber import Subscriber

INTAKE_MAX = 100


class Producer:
    """The producer of one core agent's process."""

    def __init__(self, snapshots):
        self.subscribers = {}
        self.counters = dict.fromkeys(
            ("snapshots_sent", "updates_sent", "discontinuities", "dropped_updates", "dropped_intake"), 0)
        self._snapshots = snapshots
        self._intake = deque()
        self._loop = asyncio.get_running_loop()
        self._idle = asyncio.Event()
        self._idle.set()

    def take(self, change):
        """A setting has changed. The intake is emptied when whoever changes settings lets go of the thread."""
        if len(self._intake) >= INTAKE_MAX:
            self.counters["dropped_intake"] += 1
            return
        event = self._snapshots.update(change)
        if event is None:
            return
        if not self._intake:
            self._idle.clear()
            self._loop.call_soon(self._drain)
        self._intake.append((change.sequence, event))

    async def idle(self):
        """Returns when the intake is empty: every change was offered to every subscriber."""
        await self._idle.wait()

    def subscribe(self, name, session, opening=None):
        """Adds a subscriber and gives it a snapshot; or, from a script, an opening of its own, without it or before
        it. None when there is no snapshot to be had: its stream ends at once."""
        subscriber = Subscriber(name, session)
        for event in opening.events if opening else []:
            subscriber.put(event)
        subscriber.last_sent = self._snapshots.layers.sequence
        if (opening is None or opening.has_snapshot) and not self._snapshot_for(subscriber):
            return None
        self.subscribers[subscriber.id] = subscriber
        return subscriber

    def unsubscribe(self, subscriber):
        """Removes a subscriber."""
        self.subscribers.pop(subscriber.id, None)
        subscriber.gone()

    def resync(self, subscriber):
        """Sends a subscriber a snapshot out of turn."""
        return self._snapshot_for(subscriber)

    def stop(self):
        """Ends all streams with OK."""
        for subscriber in self.subscribers.values():
            subscriber.close()

    def _drain(self):
        """Offers what is in the intake to all."""
        while self._intake:
            self._fan_out(*self._intake.popleft())
        self._idle.set()

    def _fan_out(self, sequence, event):
        """Offers one change to all."""
        snapshot = None
        for subscriber in self.subscribers.values():
            if sequence <= subscriber.last_sent:
                continue
            if sequence == subscriber.last_sent + 1:
                subscriber.last_sent = sequence
                self._offer(subscriber, event, "updates_sent")
                continue
            self.counters["discontinuities"] += 1
            snapshot = snapshot or self._build()
            if snapshot is None:
                continue
            event_of_all, subscriber.last_sent = snapshot
            self._offer(subscriber, event_of_all, "snapshots_sent")

    def _offer(self, subscriber, event, counter):
        """Offers an event to one."""
        dropped = subscriber.offer(event, is_update=counter == "updates_sent")
        self.counters["dropped_updates"] += dropped
        self.counters[counter] += not dropped

    def _snapshot_for(self, subscriber):
        """Offers one a snapshot of its own; whether there was one."""
        snapshot = self._build()
        if snapshot is None:
            return False
        event, subscriber.last_sent = snapshot
        self._offer(subscriber, event, "snapshots_sent")
        return True

    def _build(self):
        """A snapshot and its number; None when it cannot be built."""
        try:
            return self._snapshots.build()
        except SnapshotFailed:
            return None
