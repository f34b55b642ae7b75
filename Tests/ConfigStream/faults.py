"""What can go wrong with the next updates of a subscriber.

Owns what each fault makes of an update: the items that go into the subscriber's buffer in its place. Neighbours:
subscriber.py asks the first fault that is not done, commands_of_faults.py makes them.
"""
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pause:
    """An item: nothing is sent for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Ending:
    """An item: the stream ends with this status; "OK" is one."""

    status: str
    text: str = ""


@dataclass(frozen=True)
class SendError:
    """An item: sending the next event fails with this status."""

    status: str


@dataclass
class Fault:
    """Something that happens to the next so many updates."""

    count: int

    @property
    def is_done(self):
        return self.count <= 0

    def take(self, event):
        """The items instead of an update."""
        self.count -= 1
        return self.instead(event)

    def instead(self, event):
        """The items instead of one update."""
        raise NotImplementedError


class Drop(Fault):
    """Drops the next updates; the server takes them to be sent."""

    def instead(self, event):
        return []


class Duplicate(Fault):
    """Sends the next updates twice."""

    def instead(self, event):
        return [event, event]


@dataclass
class Reorder(Fault):
    """Sends the next updates the last one first, once all of them are there."""

    waiting: list = field(default_factory=list)

    def instead(self, event):
        self.waiting.insert(0, event)
        return self.waiting if self.is_done else []


@dataclass
class Delay(Fault):
    """Sends the next updates later, each by so many seconds; what comes behind waits too."""

    seconds: float = 0.1

    def instead(self, event):
        return [Pause(self.seconds), event]


@dataclass
class FailSend(Fault):
    """Sending the next updates fails with this status."""

    status: str = "UNKNOWN"

    def instead(self, event):
        return [SendError(self.status), event]


FAULTS = {"drop": Drop, "duplicate": Duplicate, "reorder": Reorder, "delay": Delay, "fail-send": FailSend}
