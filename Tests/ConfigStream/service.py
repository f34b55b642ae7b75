"""The calls of a core agent over gRPC: what is checked in which order, and with which status a call ends.

Owns the paths of the calls, their checks and the loop that sends a stream's items. It knows the rules of the registry and of
the producer from their errors only. Neighbours: listener.py serves it, core.py is what it speaks for.
"""
import asyncio
import hmac

import grpc

from faults import Ending, Pause, SendError
from registry import RegistrationRefused, SessionUnknown
from Generated.remoteagent_pb2 import (RefreshRemoteAgentRequest, RefreshRemoteAgentResponse, RegisterRemoteAgentRequest,
                             RegisterRemoteAgentResponse)
from Generated.config_stream_pb2 import ConfigStreamRequest

SECURE, REMOTE = "datadog.api.v1.AgentSecure", "datadog.remoteagent.v1.RemoteAgent"
# Errors of sending that end a stream; after any other one the event is lost and the next one is sent.
TERMINAL = {"CANCELLED", "UNAVAILABLE", "RESOURCE_EXHAUSTED"}


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


class Service:
    """The calls of a core agent."""

    def __init__(self, core):
        self._core = core

    def handlers(self):
        """What a gRPC server wants to have."""
        profile = self._core.profile
        unary, stream = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        calls = {"RegisterRemoteAgent": unary(self._register, RegisterRemoteAgentRequest.FromString,
                                              RegisterRemoteAgentResponse.SerializeToString)}
        if profile.has_refresh:
            calls["RefreshRemoteAgent"] = unary(self._refresh, RefreshRemoteAgentRequest.FromString,
                                                RefreshRemoteAgentResponse.SerializeToString)
        secure = dict(calls)
        if profile.has_stream:
            # Its answers are bytes already.
            secure["StreamConfigEvents"] = stream(self._stream, ConfigStreamRequest.FromString)
        return [grpc.method_handlers_generic_handler(SECURE, secure), grpc.method_handlers_generic_handler(REMOTE, calls)]

    async def _register(self, request, context):
        async def answer():
            self._ask_registry()
            try:
                await self._core.dial_back(request.api_endpoint_uri)
                session = self._core.registry.register(request)
            except RegistrationRefused as refused:
                raise Refused("UNKNOWN", str(refused)) from None
            return RegisterRemoteAgentResponse(
                session_id=session.id, recommended_refresh_interval_secs=self._core.registry.refresh_interval)
        return await self._call("register", request.display_name, context, answer)

    async def _refresh(self, request, context):
        async def answer():
            self._ask_registry()
            try:
                self._core.registry.refresh(request.session_id)
            except SessionUnknown:
                raise Refused("NOT_FOUND", f"no remote agent found with session ID: {request.session_id}") from None
            return RefreshRemoteAgentResponse()
        return await self._call("refresh", request.session_id, context, answer)

    async def _stream(self, request, context):
        async def answer():
            session = self._authorize(context) if self._core.profile.asks_session else ""
            core, producer = self._core, self._core.producer
            subscriber = producer.subscribe(request.name, session, core.calls.opening())
            if subscriber is None:
                return
            core.changed()
            keeper = asyncio.ensure_future(self._keep(subscriber)) if core.profile.keeps_session else None
            try:
                await self._send(subscriber, context)
            finally:
                if keeper:
                    keeper.cancel()
                producer.unsubscribe(subscriber)
                core.changed()
        await self._call("stream", request.name, context, answer)

    async def _call(self, kind, of, context, answer):
        """Answers a call: the token is checked first, then comes what a script has planned, and then `answer`."""
        call = self._core.calls.begin(kind, context, self._core.credentials.certificate)
        call.of = of
        self._core.changed()
        try:
            self._authenticate(context)
            await self._follow(self._core.calls.planned(kind))
            answered = await answer()
            call.status = "OK"
            return answered
        except Refused as refused:
            call.status, call.text = refused.status, refused.text
            if refused.status != "OK":
                await context.abort(grpc.StatusCode[refused.status], refused.text)
        finally:
            # Neither: the client went away.
            call.status = call.status or "CANCELLED"
            self._core.changed()

    def _authenticate(self, context):
        """Checks the token."""
        given = dict(context.invocation_metadata() or ()).get("authorization", "")
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer":
            raise Refused("UNAUTHENTICATED", "Request unauthenticated with Bearer")
        if not hmac.compare_digest(token.encode(), self._core.credentials.token.encode()):
            raise Refused("UNAUTHENTICATED", "invalid auth token")

    async def _follow(self, planned):
        """Does what a script has planned."""
        if planned is None:
            return
        await asyncio.sleep(planned.delay)
        if planned.hangs:
            await asyncio.get_running_loop().create_future()
        if planned.status != "OK" or planned.text:
            raise Refused(planned.status, planned.text)

    def _ask_registry(self):
        """Refuses the call when there is no registry."""
        if not self._core.registry.is_enabled:
            raise Refused("UNIMPLEMENTED", "remote agent registry not enabled")

    def _authorize(self, context):
        """The stream's session, which was heard of herewith."""
        self._ask_registry()
        session = session_of(context.invocation_metadata())
        self._heard(session)
        return session

    def _heard(self, session):
        """A session was heard of; there must be such."""
        try:
            self._core.registry.refresh(session)
        except SessionUnknown:
            raise Refused("PERMISSION_DENIED", f"session_id '{session}' not found") from None

    async def _keep(self, subscriber):
        """Keeps a stream's session alive; ends the stream when it is gone."""
        while True:
            await self._core.session_check()
            try:
                self._heard(subscriber.session)
            except Refused as refused:
                subscriber.end(Ending(refused.status, refused.text))
                return

    async def _send(self, subscriber, context):
        """Sends what is in a subscriber's buffer, until its stream ends."""
        failure = None
        while True:
            item = await subscriber.next()
            if isinstance(item, Ending):
                raise Refused(item.status, item.text)
            if isinstance(item, Pause):
                await asyncio.sleep(item.seconds)
            elif isinstance(item, SendError):
                failure = item.status
            elif failure in TERMINAL:
                raise Refused(failure, "the event could not be sent")
            elif failure:
                failure = None
                await asyncio.sleep(self._core.profile.sleep_interval)
            else:
                await context.write(item)
                subscriber.sent += 1
