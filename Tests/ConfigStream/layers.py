"""The settings of a core agent: what each source has set, who wins, and the number of the last change.

Owns the precedence of sources and the counter, which has 64 bits and starts where one says. It knows no message: what
of a change is told is content.py's business. Keys are opaque and lower-cased; a change that alters no effective value
has no number, and nobody is told of it, as upstream.
"""
from typing import NamedTuple

# From the lowest to the highest. What `schema` declares has no value.
PRECEDENCE = ("schema", "default", "unknown", "infra-mode", "file", "environment-variable", "fleet-policies",
              "config-post-init", "secret", "local-config-process", "agent-runtime", "remote-config", "cli")
RANK = {source: rank for rank, source in enumerate(PRECEDENCE)}


class Absent:
    """The type of ABSENT: that which a setting is worth when it is worth nothing, not even null."""

    def __repr__(self):
        return "ABSENT"


ABSENT = Absent()


class Layer(NamedTuple):
    """What one source has set."""

    source: str
    value: object


class Change(NamedTuple):
    """One change of one key that is told to subscribers: a source has set it (`unset` is None) or sets it no longer."""

    sequence: int
    key: str
    # What was written, and by whom; None when a source has taken something away.
    written: Layer | None
    # The source that has taken something away.
    unset: str | None
    # Who wins now; None when nobody is left.
    winner: Layer | None


def check_source(source):
    """Refuses a name that is no source's."""
    if source not in RANK:
        raise ValueError(f"no source is called {source!r}; there are {', '.join(PRECEDENCE)}")


def differs(one, other):
    """Whether two values differ; true and 1 do."""
    if isinstance(one, (dict, list)) or isinstance(other, (dict, list)):
        return repr(one) != repr(other)
    return one != other or isinstance(one, bool) != isinstance(other, bool)


class Layers:
    """All settings. `tells_written`: whether a change counts when what was written differs from what was effective,
    even if a higher source goes on winning (older core agents); otherwise it counts when the effective value has
    changed."""

    def __init__(self, sequence=0, tells_written=False):
        self.sequence = sequence
        self._tells_written = tells_written
        self._layers = {}

    def set(self, key, value, source):
        """Sets a key; the change, or None when there is nothing to tell."""
        key, layers, before = self._open(key, source)
        layers[source] = ABSENT if source == "schema" else value
        winner = self.winner(key)
        if not differs(before.value if before else ABSENT, value if self._tells_written else winner.value):
            return None
        return Change(self.count(), key, Layer(source, value), None, winner)

    def unset(self, key, source):
        """Takes away what a source has set; the change, or None when that source did not win."""
        key, layers, before = self._open(key, source)
        layers.pop(source, None)
        if not layers:
            del self._layers[key]
        if before is None or before.source != source:
            return None
        return Change(self.count(), key, None, source, self.winner(key))

    def load(self, settings, source):
        """Sets many keys at once, as reading a file does: one number for all, and nothing to tell. The keys."""
        check_source(source)
        loaded = {key.lower(): value for key, value in settings.items()}
        for key, value in loaded.items():
            self._layers.setdefault(key, {})[source] = value
        self.count()
        return loaded

    def clear(self):
        """Takes everything away, under one number."""
        self._layers = {}
        self.count()

    def count(self):
        """Counts one change; its number."""
        self.sequence += 1
        return self.sequence

    def keys(self):
        """All keys, in the order in which they were first set."""
        return self._layers.keys()

    def of(self, key):
        """Every source that sets a key, from the lowest to the highest."""
        layers = self._layers.get(key, {})
        return [Layer(source, layers[source]) for source in sorted(layers, key=RANK.__getitem__)]

    def winner(self, key):
        """The highest source that sets a key and what it has set; None when there is none."""
        layers = self._layers.get(key)
        if not layers:
            return None
        source = max(layers, key=RANK.__getitem__) if len(layers) > 1 else next(iter(layers))
        return Layer(source, layers[source])

    def _open(self, key, source):
        """The key as it is stored, its layers, and who wins before something happens to them."""
        check_source(source)
        key = key.lower()
        before = self.winner(key)
        return key, self._layers.setdefault(key, {}), before
