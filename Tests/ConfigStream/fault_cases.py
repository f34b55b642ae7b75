"""Cases of what a script can make go wrong, each seen once by a client."""
from cases import core_agent, ended, numbers, opened, same


class FaultCases:
    """Each method is a case."""

    def drop(self):
        """the next updates are dropped, and no snapshot follows."""
        with core_agent() as (core, client):
            stream = opened(core, client)
            core.do("fault", kind="drop", count=2)
            core.do("burst", count=4)
            same(numbers(stream, 2), [3, 4])

    def duplicate(self):
        """the next updates come twice."""
        with core_agent() as (core, client):
            stream = opened(core, client)
            core.do("fault", kind="duplicate", count=2)
            core.do("burst", count=3)
            same(numbers(stream, 5), [1, 1, 2, 2, 3])

    def reorder(self):
        """the next updates come the last one first, and faults follow one another."""
        with core_agent() as (core, client):
            stream = opened(core, client)
            core.do("fault", kind="reorder", count=3)
            core.do("fault", kind="drop")
            core.do("burst", count=5)
            same(numbers(stream, 4), [3, 2, 1, 5])

    def delay(self):
        """the next updates come late, and what is behind them waits."""
        with core_agent() as (core, client):
            stream = opened(core, client)
            core.do("fault", kind="delay", seconds=0.3)
            core.do("burst", count=2)
            same(core.do("subscribers")["subscribers"][0]["sent"], 1)
            same(numbers(stream, 2), [1, 2])

    def one_subscriber(self):
        """a fault is that of one subscriber, by the name of its client."""
        with core_agent() as (core, client):
            streams = [client.subscribe(name) for name in ("shop", "till")]
            for stream in streams:
                stream.snapshot()
            core.do("fault", kind="drop", subscriber="till")
            core.do("burst", count=2)
            same([numbers(streams[0], 2), numbers(streams[1], 1)], [[1, 2], [2]])

    def send_errors(self):
        """TestStreamConfigEventsErrors: a terminal error of sending ends the stream; after any other the event is
        lost, the next one sent."""
        with core_agent("--profile", "2025-08") as (core, client):
            stream = client.stream()
            stream.snapshot()
            core.do("wait", subscribers=1)
            core.do("fault", kind="fail-send", status="INTERNAL")
            core.do("burst", count=2)
            same(numbers(stream, 1), [2])
            core.do("fault", kind="fail-send", status="UNAVAILABLE")
            core.do("burst", count=2)
            ended(stream, "UNAVAILABLE", "could not be sent")
            core.do("wait", subscribers=0)

    def end_with_status(self):
        """a stream ends with a status behind what it has said, or before it."""
        with core_agent() as (core, client):
            stream = opened(core, client)
            core.do("hold")
            core.do("burst", count=2)
            core.do("end", status="ABORTED", text="enough")
            core.do("release")
            same(numbers(stream, 2), [1, 2])
            ended(stream, "ABORTED", "enough")
            core.do("wait", subscribers=0)
            stream = opened(core, client)
            core.do("hold")
            core.do("burst", count=2)
            core.do("end", now=True)
            same(list(stream.call), [])
            ended(stream, "OK")

    def restart(self):
        """a restart resets connections, forgets sessions, and counts from zero over the same settings or others."""
        with core_agent() as (core, client):
            core.do("burst", count=3)
            stream, session = opened(core, client), core.subscriber()["session"]
            core.do("restart")
            ended(stream, "UNAVAILABLE", "reset")
            ended(client.stream(session), "PERMISSION_DENIED", "not found")
            same(client.subscribe().snapshot(), (0, [("burst.0", "agent-runtime", 2)]))
            core.do("restart", sequence=-5, settings={"a": {"b": 1}})
            same(client.subscribe().snapshot(), (-5, [("a.b", "file", 1)]))

    def down_and_up(self):
        """a core agent that is down is reached when it is up again, at the same port, and knows its sessions."""
        with core_agent() as (core, client):
            stream, session = opened(core, client), core.subscriber()["session"]
            core.do("down")
            ended(stream, "UNAVAILABLE")
            core.do("up")
            same(client.stream(session).snapshot(), (0, []))

    def snapshots_out_of_turn(self):
        """a stream may have two snapshots, and a load gives every stream one."""
        with core_agent() as (core, client):
            stream = opened(core, client)
            core.do("resnapshot")
            core.do("load", settings={"a": 1})
            same([stream.snapshot() for _ in range(2)], [(0, []), (1, [("a", "file", 1)])])

    def raw_events(self):
        """any event can be sent: empty ones, unknown fields, keys twice or in mixed case, values absent or without a
        kind."""
        with core_agent() as (core, client):
            stream = opened(core, client)
            setting = {"key": "Mixed.Case", "source": "nobody", "value": 2 ** 53 + 1}
            for event in ({}, {"hex": "fa0103616263"}, {"update": {"sequence": 1 << 31}},
                          {"update": {"setting": {**setting, "unset_source": "cli", "hex": "7801"}}},
                          {"snapshot": {"sequence": 9, "origin": "x", "settings": [
                              setting, {**setting, "value": None}, {"key": "a"}, {"key": "b", "value": {"$kind": None}},
                              {"key": "c", "value": {"d": [1, {"e": "f"}]}}]}}):
                core.do("raw", event=event)
            empty, unknown, bare, update = (stream.next() for _ in range(4))
            same((empty.ByteSize(), unknown.WhichOneof("event")), (0, None))
            same(unknown.SerializeToString().hex(), "fa0103616263")
            same((bare.update.sequence_id, bare.update.HasField("setting")), (-2147483648, False))
            same(update.update.setting.SerializeToString()[-2:].hex(), "7801")
            same(stream.snapshot(), (9, [("Mixed.Case", "nobody", float(2 ** 53)), ("Mixed.Case", "nobody", None),
                                         ("a", "", "absent"), ("b", "", "no kind"), ("c", "", {"d": [1, {"e": "f"}]})]))

    def opening(self):
        """a stream may begin with an update before its snapshot, or without one at all."""
        with core_agent() as (core, client):
            core.do("opening", events=[{"update": {"sequence": 0}}])
            core.do("opening", events=[], snapshot=False)
            stream, bare = client.subscribe(), client.subscribe()
            same((stream.update()[0], stream.snapshot()[0]), (0, 0))
            core.do("wait", subscribers=2)
            core.set("a", 1)
            same([numbers(stream, 1), numbers(bare, 1)], [[1], [1]])
