"""Cases of registration, refresh and authorization."""
import socket

from calls import KINDS
from cases import core_agent, ended, refused, same
from client import SENTINEL, Client
from authorization import Refused, session_of

UNKNOWN = "11111111-2222-3333-4444-555555555555"


class CallCases:
    """Each method is a case."""

    def rar_authorization(self):
        """TestRARAuthorization: a stream without metadata, without a session or with an empty one is
        UNAUTHENTICATED."""
        try:
            session_of(None)
        except Refused as without:
            same((without.status, without.text), ("UNAUTHENTICATED", "missing gRPC metadata"))
        with core_agent() as (_, client):
            ended(client.stream(), "UNAUTHENTICATED", "session_id required in metadata")
            ended(client.stream(""), "UNAUTHENTICATED", "session_id cannot be empty")

    def unknown_session(self):
        """a stream with an unknown session is PERMISSION_DENIED, a refresh of it NOT_FOUND; the first session of two
        counts."""
        with core_agent() as (_, client):
            ended(client.stream(UNKNOWN), "PERMISSION_DENIED", f"session_id '{UNKNOWN}' not found")
            refused(lambda: client.refresh(UNKNOWN), "NOT_FOUND", "no remote agent found with session ID")
            session = client.register().session_id
            client.refresh(session)
            ended(client.stream(UNKNOWN, session), "PERMISSION_DENIED", UNKNOWN)
            same(client.stream(session, UNKNOWN).snapshot(), (0, []))

    def token(self):
        """a call without the token or with a wrong one is UNAUTHENTICATED, and takes no planned answer."""
        with core_agent(token="wrong") as (core, client):
            core.do("answer", call="register", status="INTERNAL")
            refused(client.register, "UNAUTHENTICATED", "invalid auth token")
            ended(client.stream(UNKNOWN), "UNAUTHENTICATED", "invalid auth token")
            with Client(core) as other:
                refused(other.register, "INTERNAL")

    def registry_off(self):
        """a registry that is switched off is UNIMPLEMENTED in every call, until it is switched on."""
        with core_agent("--no-registry") as (core, client):
            text = "remote agent registry not enabled"
            refused(client.register, "UNIMPLEMENTED", text)
            refused(lambda: client.refresh(UNKNOWN), "UNIMPLEMENTED", text)
            ended(client.stream(UNKNOWN), "UNIMPLEMENTED", text)
            core.do("registry", enabled=True)
            same(client.register().recommended_refresh_interval_secs, 10)

    def scheme(self):
        """a registration whose URI has no scheme is refused and counted."""
        with core_agent() as (core, client):
            refused(lambda: client.register("localhost:1"), "UNKNOWN", "must specify a scheme")
            same(core.do("counters")["registry"]["registered_error"], 1)

    def old_agent(self):
        """a core agent of 2025-06 dials back when one registers, and knows neither refresh nor stream."""
        with core_agent("--profile", "2025-06") as (core, client):
            refused(lambda: client.register(SENTINEL), "UNKNOWN", "could not be discovered")
            same(core.do("counters")["registry"]["action_error"], 1)
            with socket.create_server(("127.0.0.1", 0)) as listener:
                session = client.register(f"https://127.0.0.1:{listener.getsockname()[1]}").session_id
            refused(lambda: client.refresh(session), "UNIMPLEMENTED")
            ended(client.stream(session), "UNIMPLEMENTED")

    def no_sessions(self):
        """a core agent of 2025-08 streams without a session."""
        with core_agent("--profile", "2025-08") as (_, client):
            same(client.stream().snapshot(), (0, []))

    def keeps_alive(self):
        """TestStreamConfigEventsKeepsSessionAlive: an open stream refreshes its session, and is PERMISSION_DENIED
        once it is gone."""
        with core_agent("--check-interval", "0.02") as (core, client):
            stream = client.subscribe()
            stream.snapshot()
            while core.do("sessions")["sessions"][0]["refreshes"] < 3:
                core.do("sleep", seconds=0.01)
            core.do("evict", session=core.subscriber()["session"], now=False)
            ended(stream, "PERMISSION_DENIED", "not found")

    def keeps_not(self):
        """a core agent of 2026-05 keeps a stream open whose session is gone."""
        with core_agent("--profile", "2026-05") as (core, client):
            stream = client.subscribe()
            stream.snapshot()
            same(core.do("evict"), {"evicted": 1})
            core.set("a", 1)
            same(stream.update()[1], "a")
            ended(client.stream(core.subscriber()["session"]), "PERMISSION_DENIED", "not found")

    def reaper(self):
        """a session that is idle for longer than the timeout is reaped, one that is refreshed is not."""
        with core_agent("--idle-timeout", "1.2") as (core, client):
            idle, kept = client.register().session_id, client.register().session_id
            while len(core.do("sessions")["sessions"]) == 2:
                client.refresh(kept)
                core.do("sleep", seconds=0.1)
            refused(lambda: client.refresh(idle), "NOT_FOUND")
            client.refresh(kept)
            same(core.do("reap", idle=0), {"reaped": 1})

    def record(self):
        """calls are recorded with metadata, certificate and status."""
        with core_agent() as (core, client):
            stream = client.stream(client.register().session_id, name="shop", more=[("extra", "1")])
            stream.snapshot()
            calls = {call["call"]: call for call in core.do("calls")["calls"]}
            same((calls["register"]["certificate"], calls["register"]["status"]), ("ours", "OK"))
            same((calls["stream"]["of"], calls["stream"]["status"]), ("shop", ""))
            metadata = dict(calls["stream"]["metadata"])
            same((metadata["authorization"], metadata["extra"]), (f"Bearer {core.credentials()[0]}", "1"))
            same(metadata["session_id"], core.subscriber()["session"])

    def planned(self):
        """an answer that is planned is given once per time, an answer that hangs until the deadline, a delayed one
        late."""
        with core_agent() as (core, client):
            session = client.register().session_id
            core.do("answer", call="refresh", status="UNAVAILABLE", text="not now", times=2)
            core.do("answer", call="register", hangs=True)
            core.do("answer", call="stream", status="INTERNAL", delay=0.05)
            for _ in range(2):
                refused(lambda: client.refresh(session), "UNAVAILABLE", "not now")
            client.refresh(session)
            refused(lambda: client.register(timeout=0.2), "DEADLINE_EXCEEDED")
            ended(client.stream(session), "INTERNAL")
            same(client.stream(session).snapshot(), (0, []))
            same(core.do("counters")["calls"], dict(zip(KINDS, (2, 3, 2))))
