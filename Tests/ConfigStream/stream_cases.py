"""Cases of what a stream says, of buffers and of numbers."""
from cases import core_agent, ended, same
from layers import PRECEDENCE

MIB = 1 << 20


class StreamCases:
    """Each method is a case."""

    def connects_and_receives(self):
        """TestClientConnectsAndReceivesStream: the snapshot comes first, with the number of three sets, origin and
        types; then updates with increasing numbers."""
        with core_agent("--origin", "core-agent") as (core, client):
            for key, value in ("text", "x"), ("number", 3), ("truth", True):
                core.set(key, value)
            stream = client.subscribe()
            event = stream.next()
            same((event.snapshot.origin, event.snapshot.sequence_id), ("core-agent", 3))
            same([each.value.WhichOneof("kind") for each in event.snapshot.settings],
                 ["string_value", "number_value", "bool_value"])
            for number, value in enumerate(("y", 4.5, False, None, {"a": [1]}, []), 4):
                same(core.set("text", value), number)
                event = stream.next()
                same((event.update.origin, event.update.sequence_id), ("core-agent", number))
            same(event.update.setting.value.WhichOneof("kind"), "list_value")

    def multiple_subscribers(self):
        """TestMultipleSubscribers: three subscribers of one client each get a snapshot and then the update."""
        with core_agent() as (core, client):
            streams = [client.subscribe() for _ in range(3)]
            same([stream.snapshot() for stream in streams], [(0, [])] * 3)
            core.set("a", 1)
            same([stream.update() for stream in streams], [(1, "a", "agent-runtime", 1, "")] * 3)
            same(len({each["id"] for each in core.do("subscribers")["subscribers"]}), 3)

    def rapid_sets(self):
        """TestDiscontinuityResync: twenty rapid changes all arrive in order."""
        with core_agent() as (core, client):
            stream = client.subscribe()
            stream.snapshot()
            core.do("burst", count=20)
            same([stream.update()[0] for _ in range(20)], list(range(1, 21)))

    def resyncs(self):
        """TestConfigStream: resyncs with snapshot on discontinuity, and goes on behind it."""
        with core_agent() as (core, client):
            stream = client.subscribe()
            stream.snapshot()
            core.set("lost", 1, swallow=True)
            core.set("seen", 2)
            same(stream.snapshot(), (2, [("lost", "agent-runtime", 1), ("seen", "agent-runtime", 2)]))
            core.set("seen", 3)
            same(stream.update(), (3, "seen", "agent-runtime", 3, ""))
            same(core.do("counters")["configstream"]["discontinuities"], 1)

    def unsubscribe(self):
        """TestConfigStream: a client that goes away is no subscriber any more."""
        with core_agent() as (core, client):
            stream = client.subscribe()
            stream.snapshot()
            core.do("wait", subscribers=1)
            stream.call.cancel()
            core.do("wait", subscribers=0)
            same(core.do("calls")["calls"][-1]["status"], "CANCELLED")

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

    def no_snapshot(self):
        """a stream whose snapshot cannot be built ends with OK and without a message."""
        with core_agent() as (core, client):
            core.do("fail_snapshots")
            stream = client.subscribe()
            same((list(stream.call), stream.end()[0]), ([], "OK"))
            same(client.subscribe().snapshot(), (0, []))

    def stop(self):
        """a core agent that is stopped ends its streams with OK, behind what it has said."""
        with core_agent() as (core, client):
            stream = client.subscribe()
            core.do("wait", subscribers=1)
            core.set("a", 1)
            core.do("stop")
            same([stream.snapshot()[0], stream.update()[0]], [0, 1])
            ended(stream, "OK")

    def wrap(self):
        """numbers are cut to 32 bits and go on behind 2147483647."""
        with core_agent("--sequence", "2147483646") as (core, client):
            stream = client.subscribe()
            same(stream.snapshot()[0], 2147483646)
            same([core.set("a", number) for number in range(3)], [2147483647, -2147483648, -2147483647])
            same([stream.update()[0] for _ in range(3)], [2147483647, -2147483648, -2147483647])

    def silent(self):
        """a change that alters no effective value has no number and is not told."""
        with core_agent() as (core, client):
            core.set("a", 1, source="cli")
            stream = client.subscribe()
            stream.snapshot()
            for key, value, source in ("a", 1, "cli"), ("A", 2, "file"), ("a", 1.0, "secret"):
                same(core.set(key, value, source=source), None)
            same(core.do("unset", key="a", source="file")["sequence"], None)
            core.set("a", True, source="cli")
            same(stream.update(), (2, "a", "cli", True, ""))

    def precedence(self):
        """each source wins over those below it, and falls back to them one by one; what schema declares has no
        value."""
        with core_agent() as (core, client):
            stream = client.subscribe()
            stream.snapshot()
            for source in PRECEDENCE:
                core.set("a", source, source=source)
            same([stream.update()[2:4] for _ in PRECEDENCE[1:]], [(source, source) for source in PRECEDENCE[1:]])
            for source in reversed(PRECEDENCE):
                core.do("unset", key="a", source=source)
            fallen = [stream.update()[2:] for _ in PRECEDENCE]
            expected = [(below, below, source) for below, source in zip(PRECEDENCE[1:], PRECEDENCE[2:])][::-1]
            same(fallen, [*expected, ("schema", "absent", "default"), ("", "absent", "schema")])

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
