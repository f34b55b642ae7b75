"""Cases of buffers, sizes and numbers, at their limits and past them."""
import asyncio

from cases import core_agent, ended, same
from core import CoreAgent
from profiles import MIB, NEWEST, PROFILES
from registry import Registry


class LimitCases:
    """Each method is a case."""

    def overflow(self):
        """a buffer that is full drops the 101st event, and the server does not notice: no snapshot follows the gap."""
        with core_agent() as (core, client):
            stream = client.subscribe()
            stream.snapshot()
            core.do("hold")
            for number in range(101):
                core.set("a", number)
            same([core.subscriber()[name] for name in ("buffered", "dropped", "last_sent")], [100, 1, 101])
            core.do("release")
            core.do("flush")
            core.set("a", "behind the gap")
            same([stream.update()[0] for _ in range(101)], [*range(1, 101), 102])
            same(core.do("counters")["configstream"]["dropped_updates"], 1)

    def intake_overflow(self):
        """an intake that is full drops the 101st change; the loss shows with the next change, and then a snapshot
        follows."""
        with core_agent() as (core, client):
            stream = client.subscribe()
            stream.snapshot()
            core.do("burst", count=101)
            same([stream.update()[0] for _ in range(100)], list(range(1, 101)))
            same(core.subscriber()["last_sent"], 100)
            core.set("a", 1)
            same(stream.snapshot()[0], 102)
            same(core.do("counters")["configstream"]["dropped_intake"], 1)

    def joins_meanwhile(self):
        """a change that is in the snapshot of a new stream is not told to it again."""
        async def buffered():
            core = CoreAgent(PROFILES[NEWEST], None, None, Registry(30, 10))
            core.tell(core.layers.set("a", 1, "cli"), "a")
            subscriber = core.producer.subscribe("late", "")
            await core.producer.idle()
            return subscriber.last_sent, subscriber.buffered

        same(asyncio.run(buffered()), (1, 1))

    def no_snapshot(self):
        """a stream whose snapshot cannot be built ends with OK and without a message."""
        with core_agent() as (core, client):
            core.do("fail_snapshots")
            stream = client.subscribe()
            same((list(stream.call), stream.end()[0]), ([], "OK"))
            same(client.subscribe().snapshot(), (0, []))

    def wrap(self):
        """numbers are cut to 32 bits and go on behind 2147483647."""
        with core_agent("--sequence", "2147483646") as (core, client):
            stream = client.subscribe()
            same(stream.snapshot()[0], 2147483646)
            same([core.set("a", number) for number in range(3)], [2147483647, -2147483648, -2147483647])
            same([stream.update()[0] for _ in range(3)], [2147483647, -2147483648, -2147483647])

    def message_limit(self):
        """a snapshot beyond 4 MiB is RESOURCE_EXHAUSTED from a core agent of 2026-01, and arrives from the newest at
        30 MiB."""
        with core_agent("--profile", "2026-01") as (core, client):
            core.do("fill", count=45, size=100 * 1024)
            ended(client.subscribe(), "RESOURCE_EXHAUSTED")
        with core_agent() as (core, client):
            core.do("fill", count=300, size=MIB // 10)
            size = client.subscribe().next().ByteSize()
            assert 30 * MIB < size < 31 * MIB, f"{size} bytes"

    def many_keys(self):
        """a snapshot has 200,000 keys, and so has a second one."""
        with core_agent() as (core, client):
            core.do("fill", count=200_000)
            same([len(client.subscribe().next().snapshot.settings) for _ in range(2)], [200_000] * 2)
