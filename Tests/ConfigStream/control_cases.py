"""Cases of how a core agent is driven, and how it ends."""
import os
import signal
import tempfile

from cases import core_agent, ended, numbers, opened, same
from client import Client
from process import EXIT_MAX, Failed, Process


class ControlCases:
    """Each method is a case."""

    def state(self):
        """the state has every key with value and source, and each source's value when asked."""
        with core_agent() as (core, _):
            core.set("A.b", 1, source="file")
            core.set("a.b", 2, source="cli")
            same(core.do("state", prefix="a.", layers=True), {
                "sequence": 2, "count": 2, "origin": "datadog.yaml", "settings": {"a.b": {"source": "cli", "value": 2}},
                "layers": {"a.b": [{"source": "file", "value": 1}, {"source": "cli", "value": 2}]}})

    def wrong_commands(self):
        """a command that is none, or cannot be done, is answered with what is wrong."""
        with Process() as core:
            for command, parameters, text in (
                    ("sett", {}, "no command is called"), ("set", {"key": "a"}, "value"),
                    ("set", {"key": "a", "value": 1, "kee": 1}, "kee"),
                    ("set", {"key": "a", "value": 1, "source": "me"}, "no source is called"),
                    ("fault", {"kind": "drop"}, "there is no subscriber"),
                    ("fault", {"kind": "fall"}, "no fault is called"), ("end", {"status": "FINE"}, "no status"),
                    ("answer", {"call": "stream", "status": "FINE"}, "no status"), ("up", {}, "listens already"),
                    ("burst", {"count": 1, "rate": 0}, "rate"),
                    ("burst", {"count": 1, "source": "me", "background": True}, "no source is called"),
                    ("wait", {"subscribers": 1, "timeout": 0.05}, "waited 0.05 s")):
                try:
                    core.do(command, **parameters)
                except Failed as failed:
                    assert text in str(failed), f"found {failed}, not {text}"
                else:
                    raise AssertionError(f"{command} was done")

    def script(self):
        """a script is done line by line, and one that fails is named with its line."""
        with tempfile.NamedTemporaryFile("w", suffix=".script") as script:
            script.write('# A script.\n{"set": {"key": "a", "value": 1}}\n\n{"wait": {"subscribers": 1}}\n')
            script.write('{"set": {"key": "a", "value": 2}}\n{"set": {"key": "a"}}\n')
            script.flush()
            with core_agent("--script", script.name) as (core, client):
                stream = client.subscribe()
                same([stream.snapshot()[0], *numbers(stream, 1)], [1, 2])
                ended(stream, "OK")
                same(core.popen.wait(timeout=EXIT_MAX), 2)
                same(core.complaints(), f"core-agent: {script.name}:6: set: missing a required argument: 'value'\n")

    def killed(self):
        """one that was killed and is started again in its folder, at its port, has its credentials and no sessions."""
        with tempfile.TemporaryDirectory() as folder, Process(folder=folder) as core, Client(core) as client:
            stream, session = opened(core, client), core.subscriber()["session"]
            core.popen.kill()
            ended(stream, "UNAVAILABLE")
            with Process("--port", str(core.place["port"]), folder=folder):
                ended(client.stream(session), "PERMISSION_DENIED", "not found")
                same(client.subscribe().snapshot(), (0, []))

    def place_taken(self):
        """it says why it cannot begin: a port that is taken, a folder that cannot be."""
        with Process() as core:
            for options, folder, text in (
                    (("--port", str(core.place["port"])), None, "address"), ((), "/dev/null/x", "/dev/null/x")):
                try:
                    Process(*options, folder=folder)
                except Failed as failed:
                    assert text in str(failed) and "Traceback" not in str(failed), f"found {failed}, not {text}"
                else:
                    raise AssertionError(f"{options} were possible")

    def ends(self):
        """it ends when its input does and on SIGTERM, and its streams with OK."""
        with core_agent() as (core, client):
            stream = opened(core, client)
            os.kill(core.place["pid"], signal.SIGTERM)
            ended(stream, "OK")
            same(core.popen.wait(timeout=EXIT_MAX), 0)
            same(core.complaints(), "")
        with core_agent() as (core, client):
            stream = opened(core, client)
            core.popen.stdin.close()
            ended(stream, "OK")
            same(core.popen.wait(timeout=EXIT_MAX), 0)

    def load(self):
        """updates keep coming at a rate and without one, are stamped, and go on through a restart until they are
        stopped."""
        with core_agent() as (core, client):
            stream = opened(core, client)
            core.do("burst", count=300, rate="drained")
            core.do("burst", count=50, rate=1000, stamp=True, size=0)
            same(numbers(stream, 350), list(range(1, 351)))
            core.do("burst", count=10 ** 9, rate=500, keys=7, background=True)
            core.do("restart")
            ended(stream, "UNAVAILABLE")
            stream = client.subscribe()
            first = stream.snapshot()[0]
            same(numbers(stream, 20), list(range(first + 1, first + 21)))
            last = core.do("stop_bursts")["sequence"]
            same(core.do("state")["sequence"], last)
