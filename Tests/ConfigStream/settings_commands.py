"""The commands that change settings."""
import asyncio
import time

from layers import check_source
from messages import cut

# How many changes are made before the thread is let go: fewer than the intake holds, and a subscriber with room.
BATCH = 40


def flattened(settings, prefix=""):
    """A tree of settings by dotted keys; an empty map is a value."""
    flat = {}
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            flat.update(flattened(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat


class SettingsCommands:
    """Each public method is a command, its parameters what it takes, its first words its help."""

    def __init__(self, core):
        self._core = core
        self._bursts = set()

    async def set(self, *, key, value, source="agent-runtime", swallow=False):
        """Sets a key. Answers its number; null when no effective value changed. `swallow`: nobody is told, so that
        the next change comes as a gap."""
        change = self._core.layers.set(key, value, source)
        return self._numbered(await self._core.change(change, key, swallow))

    async def unset(self, *, key, source="agent-runtime", swallow=False):
        """Takes away what a source has set."""
        change = self._core.layers.unset(key, source)
        return self._numbered(await self._core.change(change, key, swallow))

    async def load(self, *, settings, source="file", flatten=True, replace=False):
        """Sets many keys under one number and gives every subscriber a new snapshot, as if a file had been read. Maps
        become dotted keys unless `flatten` is false; `replace` takes everything else away."""
        return self._load(flattened(settings) if flatten else settings, source, replace)

    async def fill(self, *, count, prefix="fill", size=16, source="file", replace=False):
        """Loads `count` keys (fill.0, fill.1, …) with texts of `size` bytes: 200,000 keys, or 300 of 100 KiB for 30
        MiB."""
        filler = "x" * size
        settings = {f"{prefix}.{number}": f"{number}-{filler}"[:size] for number in range(count)}
        return self._load(settings, source, replace)

    async def burst(self, *, count, rate=None, keys=1, prefix="burst", size=None, stamp=False, source="agent-runtime",
                    background=False):
        """Sets keys (burst.0, …) `count` times in a row. `rate`: updates per second; "drained": as fast as
        subscribers are sent them, without a loss; none: all at once, so that more than 100 overflow the intake.
        Values are running numbers; texts of `size` bytes; or, with `stamp`, CLOCK_MONOTONIC in nanoseconds.
        `background`: answers at once."""
        if rate is not None and rate != "drained" and not rate > 0:
            raise ValueError(f"a rate is a positive number or \"drained\", not {rate!r}")
        # Now, because in the background nobody would be told.
        check_source(source)
        filler = "x" * (size or 0)

        def change(number):
            value = time.monotonic_ns() if stamp else f"{number}-{filler}"[:size] if size else number
            key = f"{prefix}.{number % keys}"
            self._core.tell(self._core.layers.set(key, value, source), key)

        running = asyncio.ensure_future(self._burst(change, count, rate))
        self._bursts.add(running)
        running.add_done_callback(self._bursts.discard)
        if not background:
            await running
        return self._numbered(self._core.layers.sequence)

    async def stop_bursts(self):
        """Ends the bursts in the background."""
        bursts = list(self._bursts)
        for burst in bursts:
            burst.cancel()
        await asyncio.gather(*bursts, return_exceptions=True)
        await self._core.producer.idle()
        return self._numbered(self._core.layers.sequence)

    async def _burst(self, change, count, rate):
        """Changes so often, so quickly."""
        begun = time.monotonic()
        done = 0
        while done < count:
            due = count
            if rate == "drained":
                await asyncio.gather(*(each.has_room() for each in list(self._core.producer.subscribers.values())))
                due = min(count, done + BATCH)
            elif rate:
                due = min(count, int((time.monotonic() - begun) * rate), done + BATCH)
            for number in range(done, due):
                change(number)
            # All at once means that the producer gets no turn in between.
            await self._core.producer.idle()
            if rate and rate != "drained":
                await asyncio.sleep(max(0, begun + (due + 1) / rate - time.monotonic()))
            done = due

    def _load(self, settings, source, replace):
        core = self._core
        if replace:
            core.layers.clear()
            core.snapshots.clear()
        core.snapshots.forget(core.layers.load(settings, source))
        core.snapshots.prepare()
        for subscriber in core.producer.subscribers.values():
            core.producer.resync(subscriber)
        return self._numbered(core.layers.sequence)

    @staticmethod
    def _numbered(sequence):
        """A number as it is told, and as it is counted."""
        return {"sequence": sequence if sequence is None else cut(sequence), "count": sequence}
