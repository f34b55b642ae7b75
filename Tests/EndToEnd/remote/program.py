"""A program under `graft run`, and a witness that reads its memory.

Owns the process. What a function's bytes are is read from /proc and from the file, and Graft is not asked.
"""
import json
import os
import re
import signal
import struct
import subprocess

from waiting import until

FUNCTION_BYTES = 16


class Program:
    """A running program."""

    def __init__(self, graft, command, service, url, *, configuration=None, report=None, **environment):
        options = ["--agent", url] + (["--config", configuration] if configuration else [])
        options += ["--report", report] if report else []
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DD_", "_DD_", "GRAFT_"))}
        self.graft = graft
        self.image = os.path.realpath(command[0])
        self.process = subprocess.Popen(
            [graft, "run", "--sca", *options, "--", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**inherited, "DD_SERVICE": service, "DD_ENV": "ci", "DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS": "0.1",
                 "DD_TELEMETRY_HEARTBEAT_INTERVAL": "1", **environment})
        self.pid = None

    def end(self):
        """Ends it as its input's end does, or by force."""
        self.process.stdin.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.kill(self.pid or self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=10)
        self.process.stdout.close()
        return self.process.returncode

    def status(self):
        """What `graft status` tells; nothing while there is nobody to tell it."""
        result = subprocess.run([self.graft, "status", "--json", str(self.pid)], capture_output=True, text=True)
        return json.loads(result.stdout) if result.returncode == 0 else None

    def targets(self):
        """The targets of the status, by their texts."""
        return {target["target"]: target for target in (self.status() or {}).get("targets", [])}

    def hits(self, target):
        """How often a target was hit."""
        return sum(entry["hits"] for entry in self.targets().get(target, {}).get("entry_points", []))

    def is_original(self, address):
        """Whether the program has at an address of its image what the file has there."""
        with open(self.image, "rb") as file:
            offset = file_offset(file.read(65536), address)
            file.seek(offset)
            expected = file.read(FUNCTION_BYTES)
        with open(f"/proc/{self.pid}/mem", "rb") as memory:
            memory.seek(mapped(self.pid, self.image, offset))
            return memory.read(FUNCTION_BYTES) == expected

    def is_instrumented(self, address):
        return not self.is_original(address)


class Shop(Program):
    """The program shop.c, whose functions are called on demand."""

    def __init__(self, graft, shop, service, url, **options):
        super().__init__(graft, [shop], service, url, **options)
        self.pid = int(self.process.stdout.readline())
        symbols = subprocess.run(["nm", shop], capture_output=True, text=True, check=True).stdout
        self.price, self.order = (
            int(re.search(rf"^([0-9a-f]+) T shop_{name}$", symbols, re.M).group(1), 16) for name in ("price", "order"))

    def call(self, name, count):
        """Calls a function so many times."""
        self.process.stdin.write(f"{name} {count}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == f"{name} {count}\n"


class Redis(Program):
    """Debian's redis-server, unmodified."""

    def __init__(self, graft, folder, service, url):
        self.socket = f"{folder}/redis.sock"
        super().__init__(
            graft, ["/usr/bin/redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--dir", folder,
                    "--loglevel", "warning"], service, url)
        until("redis-server answers", lambda: self.ask("PING") == "PONG")
        self.pid = int(re.search(r"process_id:(\d+)", self.ask("INFO", "server")).group(1))

    def ask(self, *words):
        """Its answer to a command."""
        return subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True, text=True).stdout.strip()

    def end(self):
        self.ask("SHUTDOWN", "NOSAVE")
        return super().end()


def file_offset(head, address):
    """The place in the file of a virtual address: the loadable segment (type 1) that has it."""
    start, = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    for index in range(count):
        kind, _, offset, virtual, _, length = struct.unpack_from("<IIQQQQ", head, start + index * size)
        if kind == 1 and virtual <= address < virtual + length:
            return address - virtual + offset
    raise ValueError(f"no segment has {address:#x}")


def mapped(pid, image, offset):
    """Where a process has the code at this place of the file."""
    with open(f"/proc/{pid}/maps") as maps:
        for line in maps:
            span, flags, begin, _, _, *path = line.split()
            low, high = (int(end, 16) for end in span.split("-"))
            if path == [image] and "x" in flags and int(begin, 16) <= offset < int(begin, 16) + high - low:
                return low + offset - int(begin, 16)
    raise ValueError(f"{image} is not mapped at {offset:#x}")
