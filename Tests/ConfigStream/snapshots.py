"""Snapshots, made quickly again and again.

Owns the bytes of every unit that content.py tells, and forgets those of a unit that has changed. Neighbours: producer.py
asks for a snapshot or an update, messages.py puts the bytes together.
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
        # Keys by unit, in order; pieces by unit, each with its place among the sources; units whose pieces are out of date.
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
            self._pieces[unit] = [
                (RANK[setting.source], messages.piece(setting))
                for setting in self._content.settings(self.layers, unit, self._keys[unit]) if messages.is_sendable(setting)]
        self._stale = {}
        # One after the other by source, the order of one setting per source; where there is one source per unit, as set.
        pieces = [piece for unit in self._pieces.values() for piece in unit]
        if any(len(unit) > 1 for unit in self._pieces.values()):
            pieces = sorted((rank, unit, piece) for unit, own in self._pieces.items() for rank, piece in own)
        return messages.snapshot(self.origin, self.layers.sequence, [piece for *_, piece in pieces]), self.layers.sequence

    def update(self, change):
        """An update's bytes; None when the value cannot be sent: the next update then comes as a gap."""
        setting = self._content.update(self.layers, change, self._keys[self._content.unit(change.key)])
        return messages.update(self.origin, change.sequence, setting) if messages.is_sendable(setting) else None
