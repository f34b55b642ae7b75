"""A client that is driven: a program that reads commands and answers each with what callbacks were given.

Owns the program and the agent that it asks, which no other client does.
"""
import json
import os
import subprocess

import aspects
from agent import CONFIG, INFO, Agent
from scripts import UNCHANGED, Step

WHO = {"DD_SERVICE": "shop", "DD_ENV": "ci", "DD_VERSION": "1.2.3"}


class Client:
    """A running client."""

    def __init__(self, command, **environment):
        self.agent = Agent()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DD_", "_DD_", "PYTHON"))}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env={**inherited, **WHO, "DD_TRACE_AGENT_URL": self.agent.url, **environment})
        # Whatever a library asks once for itself is no part of a script.
        self.run([Step(UNCHANGED)])

    def do(self, **command):
        """Carries out a command; what callbacks were given meanwhile."""
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"failed": "the program has ended"}')
        if isinstance(answer, dict):
            raise RuntimeError(f"{self.process.args[0]}: {answer['failed']}")
        return answer

    def run(self, steps):
        """Takes a new client through these steps and one more; the aspects of each."""
        self.do(do="start")
        return [self.take(step) for step in [*steps, Step(UNCHANGED)]]

    def take(self, step):
        """Takes one step."""
        events = [event for command in step.commands for event in self.do(**command)]
        self.agent.set(INFO, step.info)
        self.agent.set(CONFIG, step.answer)
        self.agent.take()
        events += self.do(do="poll")
        return aspects.of_step(self.agent.take(), events)

    def close(self):
        """Ends it."""
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.agent.close()

