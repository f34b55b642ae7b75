"""Snapshots, made quickly again and again.

Owns the bytes of every unit that content.py tells, and forgets those of a unit that has changed. Neighbours:
producer.py asks for a snapshot or an update, messages.py puts the bytes together.
"""
import gc

import messages
from layers import RANK

# From so many units on, what there is counts as kept for good: looking through 200,000 keys for garbage, which happens
# now and then, would stop everything for a tenth of a second.
MANY = 1000


class SnapshotFailed(Exception):
    """A snapshot could not be built."""


class Snapshots:
    """The snapshots of some layers. `origin` is what each message names as its origin."""

    def __init__(self, layers, content, origin):
        self.layers, self.origin = layers, origin
        self._content = content
        # By unit: its keys, in order; its pieces, each with its place among the sources; those that are out of date.
        self._keys, self._pieces, self._stale = {}, {}, {}
        # All pieces, as they were when nothing was out of date.
        self._body = b""
        self._failures = 0
        self.forget(layers.keys())

    def forget(self, keys):
        """These keys have changed."""
        for key in keys:
            unit = self._content.unit(key)
            self._keys.setdefault(unit, {})[key] = None
            self._stale[unit] = None

    def clear(self):
        """All keys are gone."""
        self._keys, self._pieces, self._stale, self._body = {}, {}, {}, b""

    def fail(self, times):
        """The next snapshots cannot be built."""
        self._failures = times

    def build(self):
        """A snapshot's bytes and its number."""
        if self._failures:
            self._failures -= 1
            raise SnapshotFailed
        self.prepare()
        return messages.snapshot(self.origin, self.layers.sequence, self._body), self.layers.sequence

    def prepare(self):
        """Does now what takes time, so that the next stream need not wait: tells anew what has changed, and puts
        everything together."""
        if not self._stale:
            return
        for unit in self._stale:
            settings = filter(messages.is_sendable, self._content.settings(self.layers, unit, self._keys[unit]))
            self._pieces[unit] = [(RANK[setting.source], messages.piece(setting)) for setting in settings]
        if len(self._stale) >= MANY:
            gc.freeze()
        self._stale = {}
        pieces = ((rank, unit, piece) for unit, own in self._pieces.items() for rank, piece in own)
        self._body = b"".join(piece for _, _, piece in (sorted(pieces) if self._content.is_sorted else pieces))

    def update(self, change):
        """An update's bytes; None when the value cannot be sent: the next update then comes as a gap."""
        setting = self._content.update(self.layers, change, self._keys[self._content.unit(change.key)])
        return messages.update(self.origin, change.sequence, setting) if messages.is_sendable(setting) else None
