"""The tool graft-stream as a process whose lines are waited for.

Owns the process: it ends with the object. Nothing waits longer than DEADLINE. Neighbours: test-graft-stream has the cases.
"""
import json
import os
import queue
import subprocess
import threading

DEADLINE = 20


class Tool:
    """A running graft-stream, `with` which one tests."""

    def __init__(self, core, *options, address=None, credentials=True, stdout=subprocess.PIPE):
        server = address or core.place["addresses"][0]
        server = server.replace("unix:", "unix://")
        files = ["--auth-token", core.place["auth_token"], "--cert", core.place["certificate"]] if credentials else []
        self._popen = subprocess.Popen(
            [os.environ["GRAFT_STREAM"], "--server", server, *files, *options], stdin=subprocess.DEVNULL,
            stdout=stdout, stderr=subprocess.PIPE, text=True)
        self._lines = {}
        for stream in filter(None, (self._popen.stdout, self._popen.stderr)):
            lines = self._lines[stream] = queue.Queue()
            threading.Thread(target=self._read, args=(stream, lines), daemon=True).start()

    def line(self):
        """The next line of standard output; None at its end."""
        return self._lines[self._popen.stdout].get(timeout=DEADLINE)

    def object(self):
        """The next line of standard output, read as JSON."""
        return json.loads(self.line())

    def complaint(self, text):
        """The next line of standard error that contains a text."""
        while (line := self._lines[self._popen.stderr].get(timeout=DEADLINE)) is not None:
            if text in line:
                return line
        raise AssertionError(f"standard error ended without {text!r}")

    def signal(self, number):
        """Sends a signal."""
        self._popen.send_signal(number)

    def end(self):
        """The exit code, once it has ended by itself."""
        return self._popen.wait(timeout=DEADLINE)

    def rest(self):
        """The lines that are left on standard output."""
        return list(iter(self.line, None))

    def complaints(self):
        """The lines that are left on standard error."""
        return list(iter(lambda: self._lines[self._popen.stderr].get(timeout=DEADLINE), None))

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._popen.kill()
        self._popen.wait()
