"""Snapshots, made quickly again and again.

Owns the bytes of every unit that content.py tells, and forgets those of a unit that has changed. Neighbours:
producer.py asks for a snapshot or an update, messages.py puts the bytes together.
"""
import messages
from layers import RANK


class SnapshotFailed(Exception):
    """A snapshot could not be built."""


class Snapshots:
    """The snapshots of some layers. `origin` is what each message names as its origin."""

    def __init__(self, layers, content, origin):
        self.layers, self.origin = layers, origin
        self._content = content
        # By unit: its keys, in order; its pieces, each with its place among the sources; those that are out of date.
        self._keys, self._pieces, self._stale = {}, {}, {}
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
        self._keys, self._pieces, self._stale = {}, {}, {}

    def fail(self, times):
        """The next snapshots cannot be built."""
        self._failures = times

    def build(self):
        """A snapshot's bytes and its number."""
        if self._failures:
            self._failures -= 1
            raise SnapshotFailed
        for unit in self._stale:
            settings = filter(messages.is_sendable, self._content.settings(self.layers, unit, self._keys[unit]))
            self._pieces[unit] = [(RANK[setting.source], messages.piece(setting)) for setting in settings]
        self._stale = {}
        pieces = [(rank, unit, piece) for unit, own in self._pieces.items() for rank, piece in own]
        if self._content.is_sorted:
            pieces.sort()
        pieces = [piece for _, _, piece in pieces]
        return messages.snapshot(self.origin, self.layers.sequence, pieces), self.layers.sequence

    def update(self, change):
        """An update's bytes; None when the value cannot be sent: the next update then comes as a gap."""
        setting = self._content.update(self.layers, change, self._keys[self._content.unit(change.key)])
        return messages.update(self.origin, change.sequence, setting) if messages.is_sendable(setting) else None
