"""What snapshots and updates say, by generation of core agents.

Owns the four ways; each tells, from the layers, the settings of one unit (a leaf key, or a top-level key with all
that is below it) and the setting of an update. Neighbours: layers.py has the settings, snapshots.py keeps the bytes
of units.
"""
from layers import RANK
from messages import Setting


def _top(key):
    """The first part of a dotted key."""
    return key.partition(".")[0]


def _tree(top, leaves):
    """The leaves below a top-level key as one value; a leaf of that very name stands for itself."""
    tree = {}
    for key, value in leaves:
        if key == top:
            if not isinstance(value, dict):
                return value
            tree = {**value, **tree}
            continue
        *path, last = key.split(".")[1:]
        place = tree
        for name in path:
            below = place.get(name)
            place[name] = below = below if isinstance(below, dict) else {}
            place = below
        place[last] = value
    return tree


class Leaves:
    """From January 2026 on: every leaf key with the source that wins. An update tells what was written and who wrote
    it; that a source no longer sets a key is told as if it had set what the key falls back to."""

    # Whether a change counts that does not win; whether snapshots go by source and key, or as things were set.
    tells_written, is_sorted = True, False

    def unit(self, key):
        return key

    def settings(self, layers, unit, _keys):
        winner = layers.winner(unit)
        return [Setting(unit, winner.source, winner.value)] if winner else []

    def update(self, layers, change, _keys):
        if change.written:
            return Setting(change.key, change.written.source, change.written.value)
        return Setting(change.key, change.unset, change.winner.value if change.winner else None)


class Removals(Leaves):
    """From September 2026 on: as before, but an update tells who wins now, and names the source that no longer does."""

    tells_written = False

    def update(self, layers, change, _keys):
        if change.winner is None:
            return Setting(change.key, "", unset_source=change.unset)
        return Setting(change.key, change.winner.source, change.winner.value, change.unset or "")


class TopLevel(Leaves):
    """Of August 2025: snapshots have each top-level key with all that is below it, as merged, under one source: the
    highest that has set any of it."""

    def unit(self, key):
        return _top(key)

    def settings(self, layers, unit, keys):
        winners = [(key, layers.winner(key)) for key in keys]
        winners = [(key, winner) for key, winner in winners if winner]
        if not winners:
            return []
        source = max((winner.source for _, winner in winners), key=RANK.__getitem__)
        return [Setting(unit, source, _tree(unit, [(key, winner.value) for key, winner in winners]))]


class Sources(TopLevel):
    """Proposed and not merged: each top-level key once for every source that has set some of it. An update has the
    whole of what its source has set below the top-level key; null when that is nothing any more."""

    is_sorted = True

    def settings(self, layers, unit, keys):
        by_source = {}
        for key in keys:
            for layer in layers.of(key):
                if layer.value is not None:
                    by_source.setdefault(layer.source, []).append((key, layer.value))
        return [Setting(unit, source, _tree(unit, by_source[source]))
                for source in sorted(by_source, key=RANK.__getitem__)]

    def update(self, layers, change, keys):
        unit, source = _top(change.key), change.written.source if change.written else change.unset
        for setting in self.settings(layers, unit, keys):
            if setting.source == source:
                return setting
        return Setting(unit, source, None)


CONTENTS = {"top-level": TopLevel, "leaves": Leaves, "sources": Sources, "removals": Removals}
