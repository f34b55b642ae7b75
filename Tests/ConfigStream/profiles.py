"""The generations of core agents, by the rules in which they differ.

Owns data only. What a generation puts into a snapshot is a name here and a class in content.py.
"""
from dataclasses import dataclass, replace

MIB = 1 << 20


@dataclass(frozen=True)
class Profile:
    """The rules of one generation."""

    # What snapshots and updates contain: "top-level", "leaves", "sources" or "removals", see content.py.
    content: str = "removals"
    # Which calls there are besides RegisterRemoteAgent.
    has_refresh: bool = True
    has_stream: bool = True
    # Whether a registration fails when nobody listens at the URI that it names.
    dials_back: bool = False
    # Whether a stream needs a session.
    asks_session: bool = True
    # Whether an open stream keeps its session alive, and ends with PERMISSION_DENIED when the session is gone.
    keeps_session: bool = True
    # Whether a client has to show the certificate. Python's grpcio knows no request without verification: where
    # this is false, none is asked for.
    verifies_clients: bool = True
    # The largest message in bytes, in either direction.
    message_max: int = 128 * MIB
    # How long the send loop sleeps after an error that does not end the stream, in seconds.
    sleep_interval: float = 10


_2026_09 = Profile()
_2026_05 = replace(_2026_09, content="leaves", keeps_session=False, verifies_clients=False)
_2026_01 = replace(_2026_05, message_max=4 * MIB)
_2025_08 = replace(_2026_01, content="top-level", asks_session=False, sleep_interval=0.01)
_2025_06 = replace(_2025_08, has_refresh=False, has_stream=False, dials_back=True)

# By the month from which on a core agent was so; "by-source" was proposed and not merged.
PROFILES = {
    "2025-06": _2025_06,
    "2025-08": _2025_08,
    "2026-01": _2026_01,
    "by-source": replace(_2026_05, content="sources"),
    "2026-05": _2026_05,
    "2026-09": _2026_09,
}
NEWEST = "2026-09"
