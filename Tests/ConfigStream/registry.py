"""The Remote Agent Registry: who has registered, and who was heard of lately.

Owns the sessions, which live in memory only, and what the registry counts. A session that nobody refreshes for longer
than the idle timeout is reaped. Neighbours: service.py turns its errors into statuses, core.py has the reaper run.
"""
import time
import uuid
from dataclasses import dataclass, field


class SessionUnknown(Exception):
    """No such session."""


class RegistrationRefused(Exception):
    """A registration that cannot be."""


@dataclass
class Session:
    """A remote agent that has registered."""

    id: str
    display_name: str
    flavor: str
    pid: str
    api_endpoint_uri: str
    services: list
    heard: float
    refreshes: int = 0


@dataclass
class Registry:
    """All sessions. Times are in seconds; `refresh_interval` is what clients are recommended."""

    idle_timeout: float
    refresh_interval: int
    is_enabled: bool = True
    sessions: dict = field(default_factory=dict)
    counters: dict = field(default_factory=lambda: dict.fromkeys(
        ("registered", "registered_error", "updated", "updated_error", "action_error", "action_timeout", "reaped"), 0))
    # The counter `registered` by the name that the client shows.
    registered: dict = field(default_factory=dict)

    def register(self, request):
        """Makes a session of a RegisterRemoteAgentRequest."""
        if "://" not in request.api_endpoint_uri:
            self.counters["registered_error"] += 1
            raise RegistrationRefused(f"api_endpoint_uri must specify a scheme: {request.api_endpoint_uri!r}")
        session = Session(str(uuid.uuid4()), request.display_name, request.flavor, request.pid,
                          request.api_endpoint_uri, list(request.services), time.monotonic())
        self.sessions[session.id] = session
        self.counters["registered"] += 1
        self.registered[session.display_name] = self.registered.get(session.display_name, 0) + 1
        return session

    def refresh(self, session_id):
        """A session's client was heard of."""
        session = self.sessions.get(session_id)
        if session is None:
            self.counters["updated_error"] += 1
            raise SessionUnknown(session_id)
        session.heard = time.monotonic()
        session.refreshes += 1
        self.counters["updated"] += 1

    def evict(self, session_id=None):
        """Forgets a session, or all; how many there were."""
        if session_id is None:
            evicted, self.sessions = len(self.sessions), {}
            return evicted
        return int(self.sessions.pop(session_id, None) is not None)

    def reap(self, idle=None):
        """Forgets the sessions that were idle for longer than the idle timeout, or than so many seconds; how many."""
        limit = time.monotonic() - (self.idle_timeout if idle is None else idle)
        gone = [session.id for session in self.sessions.values() if session.heard < limit]
        for session_id in gone:
            del self.sessions[session_id]
        self.counters["reaped"] += len(gone)
        return len(gone)
