"""Cases of the tool graft-stream, against the core agent.

Values that the tool prints are compared as text; with --json they are read by Python's own parser.
"""
import os
import signal
import subprocess
import tempfile
import time

from cases import core_agent, same
from tool_process import DEADLINE, Tool


def without_time(line):
    """A line of text behind its time."""
    return line.partition(" ")[2]


def without_place(line):
    """A line of a change without its time and the two numbers at its end."""
    return without_time(line).rpartition(" ")[0]


class ToolCases:
    """Each method is a case."""

    def snapshot(self):
        """prints the configuration in the order of its keys, with value and source, and then each change."""
        with core_agent() as (core, _):
            core.do("load", settings={"b": {"port": 5001, "name": "5001"}, "a": [1, None, True]})
            core.do("set", key="a", value={"x": 1.5})
            with Tool(core) as tool:
                heading = tool.line()
                assert heading.startswith("# ") and heading.endswith(" from datadog.yaml, 3 settings"), heading
                same([tool.line() for _ in range(3)],
                     ['a = {"x":1.5} (agent-runtime)', 'b.name = "5001" (file)', "b.port = 5001 (file)"])
                number = core.set("b.port", 5002)
                same(without_time(tool.line()), f"b.port: 5001 -> 5002 (agent-runtime) 1.{number}")

    def unset(self):
        """an unset shows what the key falls back to, and that nothing is left."""
        with core_agent() as (core, _):
            core.do("load", settings={"port": 1})
            core.set("port", 2)
            core.set("gone", "x")
            with Tool(core) as tool:
                same(tool.line().rpartition(", ")[2], "2 settings")
                same([tool.line(), tool.line()], ['gone = "x" (agent-runtime)', "port = 2 (agent-runtime)"])
                core.do("unset", key="port")
                core.do("unset", key="gone")
                same(without_place(tool.line()), "port: 2 -> 1 (file)")
                same(without_place(tool.line()), 'gone: "x" -> (none)')

    def selection(self):
        """shows the keys of a prefix, or one key, in whatever case."""
        with core_agent() as (core, _):
            core.do("load", settings={"apm": {"a": 1, "b": 2}, "logs": 3})
            with Tool(core, "--prefix", "APM.") as tool, Tool(core, "--key", "Apm.B") as other:
                same([tool.line().rpartition(", ")[2], tool.line(), tool.line()],
                     ["2 settings", "apm.a = 1 (file)", "apm.b = 2 (file)"])
                same([other.line().rpartition(", ")[2], other.line()], ["1 setting", "apm.b = 2 (file)"])
                core.set("logs", 4)
                core.set("apm.a", 5)
                core.set("apm.b", 6)
                same(without_place(tool.line()), "apm.a: 1 -> 5 (agent-runtime)")
                same(without_place(other.line()), "apm.b: 2 -> 6 (agent-runtime)")

    def objects(self):
        """--json prints one object a line, which Python reads, whatever keys and values say."""
        hostile = "k\u001b[2m\n\"\\\u009b\u202eé\U0001f600"
        with core_agent() as (core, _):
            core.do("load", settings={hostile: {"\u007f": hostile}, "n": 0.5}, flatten=False)
            with Tool(core, "--json") as tool:
                heading = tool.object()
                same((heading["event"], heading["count"], heading["origin"], heading["epoch"]),
                     ("snapshot", 2, "datadog.yaml", 1))
                settings = [tool.object(), tool.object()]
                same({each["key"]: each["value"] for each in settings}, {hostile: {"\u007f": hostile}, "n": 0.5})
                same({(each["event"], each["source"]) for each in settings}, {("setting", "file")})
                number = core.set("n", [None])
                found = tool.object()
                assert found.pop("time").endswith("Z")
                same(found, {"event": "change", "key": "n", "old": 0.5, "new": [None], "source": "agent-runtime",
                             "epoch": 1, "sequence": number})

    def escaped(self):
        """no byte of a key or a value reaches the terminal as a command."""
        with core_agent() as (core, _):
            core.do("load", settings={"k\u001b]0;x\u0007\n": "\u009b2J\r\u202e"}, flatten=False)
            with Tool(core, "--once") as tool:
                tool.line()
                same(tool.rest(), ['k\\u001b]0;x\\u0007\\u000a = "\\u009b2J\\r\\u202e" (file)'])

    def secrets(self):
        """secrets are masked, until one asks for them."""
        with core_agent() as (core, _):
            core.do("load", settings={"api_key": "hidden-1"})
            core.set("x", "hidden-2", source="secret")
            with Tool(core, "--once") as tool:
                same(tool.rest()[1:], ["api_key = ******** (file)", "x = ******** (secret)"])
            with Tool(core, "--once", "--show-secrets") as tool:
                same(tool.rest()[1:], ['api_key = "hidden-1" (file)', 'x = "hidden-2" (secret)'])

    def once(self):
        """--once prints the configuration and ends with 0, also an empty one; --quiet says nothing beside it."""
        with core_agent() as (core, _):
            with Tool(core, "--once") as tool:
                same((tool.rest()[0].rpartition(", ")[2], tool.end()), ("0 settings", 0))
            core.do("fill", count=20000)
            with Tool(core, "--once", "--quiet") as tool:
                same((len(tool.rest()), tool.end()), (20001, 0))
                same(tool.complaints(), [])

    def restart(self):
        """a restart of the server is a stale state, then a live one, and what has changed meanwhile."""
        with core_agent("--refresh-interval", "1") as (core, _):
            core.do("load", settings={"a": 1, "b": 1})
            with Tool(core) as tool:
                same(len([tool.line() for _ in range(3)]), 3)
                core.do("restart", settings={"a": 2, "b": 1})
                tool.complaint(" stale since ")
                same(without_place(tool.line()), "a: 1 -> 2 (file)")
                tool.complaint(" live")
                core.set("b", 2)
                same(without_place(tool.line()), "b: 1 -> 2 (agent-runtime)")

    def session(self):
        """with a session of somebody else it registers nothing; one that is unknown is a failure that names it."""
        with core_agent() as (core, client):
            session = client.register().session_id
            with Tool(core, "--once", "--session", session) as tool:
                same(tool.end(), 0)
            same(core.do("counters")["calls"]["register"], 1)
            with Tool(core, "--once", "--timeout", "1", "--session", "nobody") as tool:
                tool.complaint("permission_denied: session_id 'nobody' not found")
                same(tool.end(), 69)

    def token(self):
        """a wrong token, and a missing one, are failures that say so, and end it with 69 in time."""
        with core_agent() as (core, _), tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "auth_token")
            options = "--once", "--timeout", "1", "--auth-token", path, "--cert", core.place["certificate"]
            with Tool(core, *options, credentials=False) as tool:
                tool.complaint("credentials: ")
                same(tool.end(), 69)
            with open(path, "w") as token:
                token.write("0" * 64)
            with Tool(core, *options, credentials=False) as tool:
                tool.complaint("unauthenticated: invalid auth token")
                tool.complaint("graft-stream: timed out waiting for config snapshot")
                same((tool.end(), tool.rest()), (69, []))

    def nobody(self):
        """without a server --once --timeout 1 ends with 69 after a second."""
        with core_agent() as (core, _):
            core.do("down")
            begun = time.monotonic()
            with Tool(core, "--once", "--timeout", "1") as tool:
                same(tool.end(), 69)
            assert 1 <= time.monotonic() - begun < DEADLINE
            with Tool(core, "--once", "--timeout", "1", "--quiet") as tool:
                same((tool.end(), len(tool.complaints())), (69, 1))

    def socket(self):
        """it reaches a server at a Unix socket."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "core.sock")
            with core_agent("--ip", "none", "--unix", path) as (core, _), Tool(core, "--once") as tool:
                same(tool.end(), 0)

    def signals(self):
        """SIGINT and SIGTERM end it with 0 and what was counted."""
        for number in signal.SIGINT, signal.SIGTERM:
            with core_agent() as (core, _), Tool(core) as tool:
                tool.line()
                tool.signal(number)
                line = tool.complaint("graft-stream: ended by ")
                assert f"{number.name}: snapshots 1, updates 0, connects 1" in line, line
                same(tool.end(), 0)

    def closed(self):
        """a pipe that nobody reads any more ends it quietly, with and without something to print."""
        with core_agent() as (core, _):
            for changes in True, False:
                output, end = os.pipe()
                with Tool(core, "--quiet", stdout=end) as tool:
                    os.close(end)
                    assert os.read(output, 1) == b"#"
                    os.close(output)
                    if changes:
                        core.set("k", str(time.monotonic()))
                    same((tool.end(), tool.complaints()), (0, []))

    def usage(self):
        """a command line that makes no sense ends with 64 and one line; help and version with 0."""
        tool = os.environ["GRAFT_STREAM"]
        found = subprocess.run([tool, "--sever"], capture_output=True, text=True, timeout=DEADLINE)
        same((found.returncode, found.stdout, found.stderr),
             (64, "", "graft-stream: argument 1: unknown option --sever (see graft-stream --help)\n"))
        for option in "--help", "--version":
            found = subprocess.run([tool, option], capture_output=True, text=True, timeout=DEADLINE)
            same((found.returncode, found.stderr), (0, ""))
            assert found.stdout

    def profiles(self):
        """each profile can be asked for."""
        with core_agent() as (core, _):
            core.do("load", settings={"a": 1})
            for profile in "seed", "merged", "current", "graft":
                with Tool(core, "--once", "--profile", profile) as tool:
                    same((tool.rest()[1:], tool.end()), (["a = 1 (file)"], 0))
