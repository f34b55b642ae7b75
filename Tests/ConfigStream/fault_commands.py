"""The commands that make something go wrong."""
import asyncio

import raw as written
from calls import KINDS, Opening, Planned
from faults import FAULTS, Ending
from grpc import StatusCode
from settings_commands import flattened


def _status(name):
    """The name of a status."""
    if name not in StatusCode.__members__:
        raise ValueError(f"no status is called {name!r}")
    return name


class FaultCommands:
    """Each public method is a command, its parameters what it takes, its first words its help. Where there is a
    `subscriber`, it is one's id, or the name or session of some; all when it is left out."""

    def __init__(self, core):
        self._core = core

    async def fault(self, *, kind, count=1, subscriber=None, **options):
        """Spoils the next `count` updates: "drop", "duplicate", "reorder" (all of them, the last one first), "delay"
        (each by `seconds`), "fail-send" (with `status`). The server takes them to be sent."""
        if kind not in FAULTS:
            raise ValueError(f"no fault is called {kind!r}; there are {', '.join(FAULTS)}")
        if "status" in options:
            _status(options["status"])
        for each in self._select(subscriber):
            each.faults.append(FAULTS[kind](count, **options))

    async def hold(self, *, subscriber=None):
        """Sends a subscriber nothing, so that its buffer of 100 fills up."""
        for each in self._select(subscriber):
            each.hold(True)

    async def release(self, *, subscriber=None):
        """Sends it what is in its buffer, and what comes."""
        for each in self._select(subscriber):
            each.hold(False)

    async def raw(self, *, event, subscriber=None):
        """Sends any event as it is written: {"snapshot": {"sequence", "origin", "settings": […]}}, {"update":
        {"sequence", "setting": {"key", "source", "value", "unset_source"}}}, {} or {"hex": "…"}. Everything may be
        left out; a "hex" within an event or a setting is put behind it, a value of {"$kind": null} says no kind."""
        encoded = written.encoded(event, self._core.snapshots.origin)
        for each in self._select(subscriber):
            each.put(encoded)

    async def opening(self, *, events, snapshot=True, times=1):
        """Has the next `times` streams begin with these raw events, before the snapshot or instead of it."""
        encoded = [written.encoded(event, self._core.snapshots.origin) for event in events]
        self._core.calls.plan_opening(Opening(encoded, snapshot), times)

    async def resnapshot(self, *, subscriber=None):
        """Sends a snapshot out of turn."""
        for each in self._select(subscriber):
            self._core.producer.resync(each)

    async def fail_snapshots(self, *, times=1):
        """Has the next snapshots fail: a new stream then ends with OK and without a message."""
        self._core.snapshots.fail(times)

    async def end(self, *, status="OK", text="", subscriber=None, now=False):
        """Ends a stream with a status, behind what is in its buffer or (`now`) before it."""
        ending = Ending(_status(status), text)
        for each in self._select(subscriber):
            each.end(ending) if now else each.put(ending)

    async def answer(self, *, call, times=1, status="OK", text="", delay=0, hangs=False):
        """Plans the answers to the next calls of a kind ("register", "refresh", "stream"): a status, `delay` seconds
        later; "OK" is the true answer; `hangs`: none at all. Only calls with the right token take one."""
        if call not in KINDS:
            raise ValueError(f"no call is called {call!r}; there are {', '.join(KINDS)}")
        self._core.calls.plan(call, Planned(_status(status), text, delay, hangs), times)

    async def evict(self, *, session=None, now=True):
        """Forgets a session, or all. `now`: open streams notice at once, where they do at all; else at their next
        look."""
        evicted = self._core.registry.evict(session)
        self._noticed(now)
        return {"evicted": evicted}

    async def reap(self, *, idle, now=True):
        """Forgets the sessions of which nothing was heard for so many seconds."""
        reaped = self._core.registry.reap(idle)
        self._noticed(now)
        return {"reaped": reaped}

    async def registry(self, *, enabled):
        """Switches the registry on or off."""
        self._core.registry.is_enabled = enabled

    async def cut(self):
        """Resets all connections (a Unix socket's end)."""
        return {"connections": self._core.listener.cut()}

    async def restart(self, *, sequence=0, settings=None):
        """Becomes a new process at the same place: connections are reset, sessions unknown, numbers begin at
        `sequence`. The settings stay, or are replaced by these, as if a file had been read."""
        if settings is not None:
            self._core.layers.clear()
            self._core.snapshots.clear()
            self._core.snapshots.forget(self._core.layers.load(flattened(settings), "file"))
        self._core.restart(sequence)

    async def down(self, *, grace=None):
        """Listens no longer. Connections are reset, or have so many seconds."""
        await self._core.down(grace)

    async def up(self):
        """Listens again at the same place."""
        await self._core.up()

    async def stop(self):
        """Ends all streams with OK, and listens no longer."""
        await self._core.stop()

    async def rotate(self, *, token=True, certificate=True):
        """Makes a new token, a new certificate or both, with which it listens from then on. Connections are reset."""
        is_up = self._core.listener.is_up
        if is_up:
            await self._core.down()
        await asyncio.get_running_loop().run_in_executor(None, self._core.credentials.make, token, certificate)
        if is_up:
            await self._core.up()

    def _noticed(self, now):
        """Sessions have gone."""
        if now:
            self._core.check_sessions()
        self._core.changed()

    def _select(self, which):
        """The subscribers that are meant; it is an error when there is none."""
        everyone = list(self._core.producer.subscribers.values())
        found = [each for each in everyone if which in (None, each.id, each.name, each.session)]
        if not found:
            raise ValueError(f"there is no subscriber {which or ''}; there are {[each.id for each in everyone]}")
        return found
