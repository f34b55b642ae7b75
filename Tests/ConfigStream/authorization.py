"""Who may call: the token, the registry, and a stream's session.

Owns the checks and the statuses and texts with which they refuse. Neighbours: service.py makes them in the right order,
registry.py knows the sessions.
"""
import hmac

from registry import SessionUnknown


class Refused(Exception):
    """A call ends with a status."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status, self.text = status, text


def session_of(metadata):
    """The session that a stream's metadata names: the first one."""
    if metadata is None:
        raise Refused("UNAUTHENTICATED", "missing gRPC metadata")
    sessions = [value for name, value in metadata if name == "session_id"]
    if not sessions:
        raise Refused("UNAUTHENTICATED", "session_id required in metadata")
    if not sessions[0]:
        raise Refused("UNAUTHENTICATED", "session_id cannot be empty")
    return sessions[0]


class Authorization:
    """The checks of a core agent."""

    def __init__(self, core):
        self._core = core

    def authenticate(self, context):
        """Checks the token."""
        given = dict(context.invocation_metadata() or ()).get("authorization", "")
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer":
            raise Refused("UNAUTHENTICATED", "Request unauthenticated with Bearer")
        if not hmac.compare_digest(token.encode(), self._core.credentials.token.encode()):
            raise Refused("UNAUTHENTICATED", "invalid auth token")

    def ask_registry(self):
        """Refuses the call when there is no registry."""
        if not self._core.registry.is_enabled:
            raise Refused("UNIMPLEMENTED", "remote agent registry not enabled")

    def session(self, context):
        """The stream's session, which was heard of herewith."""
        self.ask_registry()
        session = session_of(context.invocation_metadata())
        self.heard(session)
        return session

    def heard(self, session):
        """A session was heard of; there must be such."""
        try:
            self._core.registry.refresh(session)
        except SessionUnknown:
            raise Refused("PERMISSION_DENIED", f"session_id '{session}' not found") from None
