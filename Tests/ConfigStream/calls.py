"""What was called, and what is to be answered instead of the truth.

Owns the record of the last calls, with their metadata and the certificate that the client showed, and the answers
that a script has planned for the next calls of a kind. Neighbours: service.py asks for both.
"""
from collections import deque
from dataclasses import asdict, dataclass, field

RECORD_MAX = 1000
KINDS = ("register", "refresh", "stream")


@dataclass
class Call:
    """A call as it was seen."""

    call: str
    # The client's name or the session, of the request.
    of: str
    metadata: list
    peer: str
    # "ours", "other" or "none".
    certificate: str
    # Empty as long as the call lasts.
    status: str = ""
    text: str = ""


@dataclass
class Planned:
    """What the next calls are answered: a status ("OK" leaves the answer as it is), after a delay; or, when `hangs`,
    nothing until the client gives up."""

    status: str = "OK"
    text: str = ""
    delay: float = 0
    hangs: bool = False


@dataclass
class Opening:
    """How the next streams begin: with these events, and the snapshot after them or not at all."""

    events: list
    has_snapshot: bool = True


@dataclass
class Calls:
    """The calls of a core agent."""

    record: deque = field(default_factory=lambda: deque(maxlen=RECORD_MAX))
    counts: dict = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    _planned: dict = field(default_factory=lambda: {kind: deque() for kind in KINDS})
    _openings: deque = field(default_factory=deque)

    def begin(self, kind, of, context, certificate):
        """Records a call."""
        metadata = [[name, value if isinstance(value, str) else value.hex()]
                    for name, value in context.invocation_metadata() or ()]
        shown = context.auth_context().get("x509_pem_cert", [b""])[0].decode()
        seen = "none" if not shown else "ours" if shown.strip() == certificate.strip() else "other"
        call = Call(kind, of, metadata, context.peer(), seen)
        self.record.append(call)
        self.counts[kind] += 1
        return call

    def plan(self, kind, planned, times):
        """Plans answers."""
        self._planned[kind].extend([planned] * times)

    def planned(self, kind):
        """What was planned for this call; None when nothing was."""
        return self._planned[kind].popleft() if self._planned[kind] else None

    def plan_opening(self, opening, times):
        """Plans how streams begin."""
        self._openings.extend([opening] * times)

    def opening(self):
        """How this stream begins; None when as always."""
        return self._openings.popleft() if self._openings else None

    def take(self):
        """The record so far, which begins anew."""
        taken = [asdict(call) for call in self.record]
        self.record.clear()
        return taken
