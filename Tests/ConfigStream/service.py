"""The calls of a core agent over gRPC.

Owns their paths, the order of what is done in each, and the status with which it ends. It knows the rules of the
registry and of the producer from their errors only. Neighbours: authorization.py has the checks, sending.py the loop
of a stream, listener.py serves it all, core.py is what it speaks for.
"""
import asyncio

import grpc

from authorization import Authorization, Refused
from Generated.config_stream_pb2 import ConfigStreamRequest
from Generated.remoteagent_pb2 import (
    RefreshRemoteAgentRequest, RefreshRemoteAgentResponse, RegisterRemoteAgentRequest, RegisterRemoteAgentResponse)
from registry import RegistrationRefused, SessionUnknown
from sending import keep, send

# Both have the same registry; only the first one streams.
SECURE, REMOTE = "datadog.api.v1.AgentSecure", "datadog.remoteagent.v1.RemoteAgent"


class Service:
    """The calls of a core agent."""

    def __init__(self, core):
        self._core = core
        self._authorization = Authorization(core)

    def handlers(self):
        """What a gRPC server wants to have."""
        profile = self._core.profile
        calls = {"RegisterRemoteAgent": grpc.unary_unary_rpc_method_handler(
            self._register, RegisterRemoteAgentRequest.FromString, RegisterRemoteAgentResponse.SerializeToString)}
        if profile.has_refresh:
            calls["RefreshRemoteAgent"] = grpc.unary_unary_rpc_method_handler(
                self._refresh, RefreshRemoteAgentRequest.FromString, RefreshRemoteAgentResponse.SerializeToString)
        secure = dict(calls)
        if profile.has_stream:
            # Its answers are bytes already.
            secure["StreamConfigEvents"] = grpc.unary_stream_rpc_method_handler(
                self._stream, ConfigStreamRequest.FromString)
        return [grpc.method_handlers_generic_handler(path, its) for path, its in ((SECURE, secure), (REMOTE, calls))]

    async def _register(self, request, context):
        async def answer():
            self._authorization.ask_registry()
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
            self._authorization.ask_registry()
            try:
                self._core.registry.refresh(request.session_id)
            except SessionUnknown:
                raise Refused("NOT_FOUND", f"no remote agent found with session ID: {request.session_id}") from None
            return RefreshRemoteAgentResponse()

        return await self._call("refresh", request.session_id, context, answer)

    async def _stream(self, request, context):
        async def answer():
            core = self._core
            session = self._authorization.session(context) if core.profile.asks_session else ""
            # The process of now: after a restart there is another one.
            producer = core.producer
            subscriber = producer.subscribe(request.name, session, core.calls.opening())
            if subscriber is None:
                return
            core.changed()
            keeper = asyncio.ensure_future(keep(subscriber, core, self._authorization))
            try:
                await send(subscriber, context, core.profile.sleep_interval)
            finally:
                keeper.cancel()
                producer.unsubscribe(subscriber)
                core.changed()

        await self._call("stream", request.name, context, answer)

    async def _call(self, kind, of, context, answer):
        """Answers a call: the token is checked first, then comes what a script has planned, and then `answer`."""
        call = self._core.calls.begin(kind, of, context, self._core.credentials.certificate)
        self._core.changed()
        try:
            self._authorization.authenticate(context)
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

    @staticmethod
    async def _follow(planned):
        """Does what a script has planned."""
        if planned is None:
            return
        await asyncio.sleep(planned.delay)
        if planned.hangs:
            await asyncio.get_running_loop().create_future()
        if planned.status != "OK":
            raise Refused(planned.status, planned.text)
