"""A core agent as a process of its own, driven over its standard input.

Owns the process: it ends with the object, whatever happens to the test. Neighbours: client.py talks gRPC to it.
"""
import json
import os
import subprocess
import sys
import tempfile

CORE_AGENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "core-agent")

# How long a process may take to end, in seconds: on a machine that has other things to do.
EXIT_MAX = 20


class Failed(Exception):
    """A command was answered with an error, or the core agent has ended."""


class Process:
    """A running core agent, `with` which one tests."""

    def __init__(self, *options, folder=None):
        self._folder = tempfile.TemporaryDirectory(prefix="core-agent-")
        # A file, because nobody reads it while the process runs.
        self._complaints = tempfile.TemporaryFile("w+")
        self.popen = subprocess.Popen(
            [sys.executable, CORE_AGENT, "--folder", folder or self._folder.name, *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints, text=True)
        self.place = self._read()["ready"]

    def do(self, command, /, **parameters):
        """Carries out a command; its answer."""
        self.popen.stdin.write(json.dumps({command: parameters}) + "\n")
        self.popen.stdin.flush()
        answer = self._read()
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def set(self, key, value, **options):
        """Sets a key; its number."""
        return self.do("set", key=key, value=value, **options)["sequence"]

    def subscriber(self):
        """The only open stream."""
        subscriber, = self.do("subscribers")["subscribers"]
        return subscriber

    def credentials(self):
        """The token and the certificate with its key."""
        with open(self.place["auth_token"]) as token, open(self.place["certificate"]) as pem:
            return token.read(), pem.read()

    def complaints(self):
        """What it has written to standard error, once it has ended."""
        self.popen.wait(timeout=EXIT_MAX)
        self._complaints.seek(0)
        return self._complaints.read()

    def _read(self):
        line = self.popen.stdout.readline()
        if not line:
            raise Failed(f"the core agent has ended: {self.complaints()}")
        return json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.stdin.close()
        try:
            self.popen.wait(timeout=EXIT_MAX)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise
        finally:
            self.popen.stdout.close()
            self._complaints.close()
            self._folder.cleanup()
