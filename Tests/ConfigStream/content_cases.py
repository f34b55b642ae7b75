"""Cases of what the generations of core agents put into snapshots and updates."""
import glob
import os
import re

from cases import core_agent, same
from Generated import config_stream_pb2, remoteagent_pb2

PROTOS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Sources/GraftConfigStreamGRPC/Protos")
MESSAGE_OR_FIELD = re.compile(r"^message (\w+)|^ +(?:repeated )?[\w.]+ (\w+) = (\d+);", re.MULTILINE)
NESTED = {"logs": {"level": "info", "files": {"max": 3}}, "endpoints": {"https://a.b": ["k"]}, "port": 1}
ENDPOINTS = {"https://a.b": ["k"]}


class ContentCases:
    """Each method is a case."""

    def messages(self):
        """the generated messages have the fields of the .proto files, and their numbers."""
        for generated in config_stream_pb2, remoteagent_pb2:
            path, = glob.glob(f"{PROTOS}/**/{generated.DESCRIPTOR.name}", recursive=True)
            with open(path) as file:
                written = MESSAGE_OR_FIELD.findall(file.read())
            made = []
            for name, message in generated.DESCRIPTOR.message_types_by_name.items():
                made += [(name, "", ""), *(("", field.name, str(field.number)) for field in message.fields)]
            same(made, written)

    def leaves(self):
        """TestConfigStream: snapshot contains correct sources for nested keys: leaf keys, each with its own, and no
        parent."""
        with core_agent("--profile", "2026-01") as (core, client):
            core.do("load", settings={"logs": NESTED["logs"]})
            core.set("logs.level", "debug", source="environment-variable")
            same(client.subscribe().snapshot(),
                 (2, [("logs.level", "environment-variable", "debug"), ("logs.files.max", "file", 3)]))

    def top_level(self):
        """a core agent of 2025-08 tells top-level keys, merged, under the highest source."""
        with core_agent("--profile", "2025-08") as (core, client):
            core.do("load", settings={"logs": NESTED["logs"], "port": 1})
            core.set("logs.level", "debug", source="environment-variable")
            stream = client.stream()
            same(stream.snapshot(), (2, [("logs", "environment-variable", {"level": "debug", "files": {"max": 3}}),
                                         ("port", "file", 1)]))
            core.set("logs.level", "trace", source="cli")
            same(stream.update(), (3, "logs.level", "cli", "trace", ""))

    def by_source(self):
        """top-level keys grouped by source: sources in order of precedence, keys sorted, names with dots whole, nulls
        left out."""
        with core_agent("--profile", "by-source") as (core, client):
            core.do("load", settings={**NESTED, "nothing": None}, source="file", flatten=False)
            core.set("logs.level", "debug", source="environment-variable")
            core.set("port", 2, source="environment-variable")
            same(client.subscribe().snapshot(), (3, [
                ("endpoints", "file", ENDPOINTS), ("logs", "file", NESTED["logs"]), ("port", "file", 1),
                ("logs", "environment-variable", {"level": "debug"}), ("port", "environment-variable", 2)]))

    def by_source_updates(self):
        """an update by source has the whole top-level object of its source: of a dotted key, of a map, of what is
        left when one sibling is unset, and null when nothing is left."""
        with core_agent("--profile", "by-source") as (core, client):
            stream = client.subscribe()
            stream.snapshot()
            core.set("logs.level", "debug")
            core.set("logs.max", 3)
            core.set("endpoints", ENDPOINTS)
            core.do("unset", key="logs.level")
            core.do("unset", key="logs.max")
            same([stream.update()[1:4] for _ in range(5)], [
                ("logs", "agent-runtime", {"level": "debug"}), ("logs", "agent-runtime", {"level": "debug", "max": 3}),
                ("endpoints", "agent-runtime", ENDPOINTS), ("logs", "agent-runtime", {"max": 3}),
                ("logs", "agent-runtime", None)])

    def unset_updates(self):
        """TestConfigStream: receives unset updates: the newest core agent tells who wins now, and names who does no
        longer."""
        with core_agent() as (core, client):
            core.set("a", "runtime")
            core.set("a", "cli", source="cli")
            stream = client.subscribe()
            stream.snapshot()
            core.do("unset", key="a", source="cli")
            core.do("unset", key="a")
            same([stream.update() for _ in range(2)],
                 [(3, "a", "agent-runtime", "runtime", "cli"), (4, "a", "", "absent", "agent-runtime")])

    def unset_of_old(self):
        """an older core agent tells an unset as if the source had set what the key falls back to, and a set that does
        not win as if it did."""
        with core_agent("--profile", "2026-05") as (core, client):
            core.set("a", "cli", source="cli")
            stream = client.subscribe()
            stream.snapshot()
            core.set("a", "file", source="file")
            core.do("unset", key="a", source="cli")
            core.do("unset", key="a", source="file")
            same([stream.update() for _ in range(3)],
                 [(2, "a", "file", "file", ""), (3, "a", "cli", "file", ""), (4, "a", "file", None, "")])

    def unsendable(self):
        """a value that JSON does not have is missing from a snapshot, and an update with one is a gap."""
        with core_agent() as (core, client):
            core.set("a", 1)
            core.set("nan", float("nan"))
            stream = client.subscribe()
            same(stream.snapshot(), (2, [("a", "agent-runtime", 1)]))
            core.set("endless", [float("inf")])
            core.set("a", 2)
            same(stream.snapshot(), (4, [("a", "agent-runtime", 2)]))
