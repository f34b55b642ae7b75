"""The commands by name.

Owns the form of a command, {"NAME": {PARAMETER: VALUE, …}}, and of its answer: what it returns, or {} or {"error":
"…"}. What the commands do is in settings_commands.py, fault_commands.py and state_commands.py.
"""
import inspect
import json
import textwrap

from fault_commands import FaultCommands
from settings_commands import SettingsCommands
from state_commands import StateCommands

PARTS = SettingsCommands, FaultCommands, StateCommands


class CommandFailed(Exception):
    """A command is none, or could not be done."""


def _public(part):
    """The commands of a part."""
    return {name: method for name, method in inspect.getmembers(part, callable) if not name.startswith("_")}


def manual():
    """All commands with their parameters and what they do."""
    lines = []
    for part in PARTS:
        for name, method in _public(part).items():
            _, *parameters = inspect.signature(method).parameters.values()
            lines.append(f"  {name}({', '.join(str(each).replace('**', '…') for each in parameters)})")
            lines += textwrap.wrap(method.__doc__, 112, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(lines)


class Commands:
    """The commands for one core agent."""

    def __init__(self, core):
        self._methods = {}
        for part in PARTS:
            self._methods.update(_public(part(core)))

    async def do(self, line):
        """Does what a line says; returns when it took effect, with the answer."""
        try:
            command = json.loads(line)
        except json.JSONDecodeError as error:
            raise CommandFailed(f"not JSON: {error}") from None
        if not isinstance(command, dict) or len(command) != 1 or not isinstance(next(iter(command.values())), dict):
            raise CommandFailed('a command has the form {"NAME": {…}}')
        (name, parameters), = command.items()
        method = self._methods.get(name)
        if method is None:
            raise CommandFailed(f"no command is called {name!r}; there are {', '.join(self._methods)}")
        try:
            inspect.signature(method).bind(**parameters)
            return await method(**parameters) or {}
        # Whatever it is, whoever drives has to be answered.
        except Exception as error:
            raise CommandFailed(f"{name}: {error}" if str(error) else f"{name}: {error!r}") from error
