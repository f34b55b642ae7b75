"""Cases of what a stream says, and in which order."""
from cases import core_agent, ended, same
from layers import PRECEDENCE


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

    def stop(self):
        """a core agent that is stopped ends its streams with OK, behind what it has said."""
        with core_agent() as (core, client):
            stream = client.subscribe()
            core.do("wait", subscribers=1)
            core.set("a", 1)
            core.do("stop")
            same([stream.snapshot()[0], stream.update()[0]], [0, 1])
            ended(stream, "OK")

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
