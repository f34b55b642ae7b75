"""Where commands come from: a script and standard input.

Owns the reading of both. A script's lines are done one after the other; empty ones and those that begin with # are
skipped; the first one that fails ends the process and is named. Standard input is answered line by line, and its end
is the end of the process, so that none remains whose parent has gone.
"""
import asyncio
import json
import os
import threading

from commands import CommandFailed


class ScriptFailed(Exception):
    """A line of a script failed."""


async def run_script(path, commands):
    """Does what a script says."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            await commands.do(line)
        except CommandFailed as failed:
            raise ScriptFailed(f"{path}:{number}: {failed}") from None


def say(answer):
    """Writes a line to standard output."""
    print(json.dumps(answer), flush=True)


async def run_input(commands):
    """Answers standard input until it ends."""
    loop, lines = asyncio.get_running_loop(), asyncio.Queue()

    def read():
        # Not sys.stdin, which nobody may be reading when the interpreter ends.
        with open(os.dup(0), "rb") as file:
            for line in file:
                loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, None)

    # A thread, because not every kind of input can be waited for; a daemon, because nothing can interrupt its read.
    threading.Thread(target=read, daemon=True).start()
    while (line := await lines.get()) is not None:
        try:
            say(await commands.do(line))
        except CommandFailed as failed:
            say({"error": str(failed)})
