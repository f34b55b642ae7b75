"""Core agents that live one after the other at one place, each a process of its own.

Owns the processes. They are forked from this one, which has imported what they need: a life begins in milliseconds,
and ends by whatever signal one likes. For that this process has one thread and never uses gRPC itself. Neighbours:
process.py has a core agent that takes its time.
"""
import json
import os
import random
import runpy
import signal
import socket
import sys

# Imported here once instead of in each life.
import core  # noqa: F401
import commands  # noqa: F401
import control  # noqa: F401

CORE_AGENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "core-agent")


def fixed_port():
    """A free port that no outgoing connection is given while nobody listens there."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first = int(file.read().split()[0])
    while True:
        port = random.randrange(first // 2, first)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


class Life:
    """A running core agent. Commands are sent without waiting for their answers, which `answer` reads in order."""

    def __init__(self, *options):
        input_end, self._input = os.pipe()
        output, output_end = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if not self.pid:
            self._live(input_end, output_end, options)
        os.close(input_end)
        os.close(output_end)
        self._output = open(output, encoding="utf-8")
        self.place = self.answer()["ready"]
        # It is ready before it minds signals; once it answers, it does.
        self.do("place")

    def send(self, command, /, **parameters):
        """Sends a command."""
        os.write(self._input, json.dumps({command: parameters}).encode() + b"\n")

    def answer(self):
        """The next answer."""
        line = self._output.readline()
        if not line:
            raise AssertionError("the core agent has ended by itself")
        found = json.loads(line)
        assert "error" not in found, found
        return found

    def do(self, command, /, **parameters):
        """Carries out a command; its answer."""
        self.send(command, **parameters)
        return self.answer()

    def end(self, number):
        """Ends it with a signal, whatever it is doing, and waits until it is gone."""
        os.kill(self.pid, number)
        _, status = os.waitpid(self.pid, 0)
        os.close(self._input)
        self._output.close()
        if number == signal.SIGTERM:
            assert os.waitstatus_to_exitcode(status) == 0, f"the core agent ended with {status} when it was told to end"

    @staticmethod
    def _live(input_end, output_end, options):
        """The life itself."""
        try:
            os.dup2(input_end, 0)
            os.dup2(output_end, 1)
            os.closerange(3, os.sysconf("SC_OPEN_MAX"))
            sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)
            sys.argv = [CORE_AGENT, *options]
            runpy.run_path(CORE_AGENT, run_name="__main__")
        except SystemExit as ended:
            os._exit(ended.code or 0)
        finally:
            os._exit(3)
