"""A remote agent for the tests, with Python's gRPC client.

Owns its connection and its streams. It decides nothing: a test sees every event and every status. No call lasts
longer than DEADLINE. Neighbours: process.py has the core agent.
"""
import grpc
from google.protobuf.json_format import MessageToDict

from Generated.config_stream_pb2 import ConfigEvent, ConfigStreamRequest
from Generated.remoteagent_pb2 import (
    RefreshRemoteAgentRequest, RefreshRemoteAgentResponse, RegisterRemoteAgentRequest, RegisterRemoteAgentResponse)

DEADLINE = 20
SECURE = "/datadog.api.v1.AgentSecure/"
SENTINEL = "https://configstream-consumer/tests"


class Stream:
    """An open stream."""

    def __init__(self, call):
        self.call = call

    def next(self):
        """The next event."""
        return next(self.call)

    def snapshot(self):
        """The next event, which is a snapshot: its number, and (key, source) with the value of each setting."""
        event = self.next()
        assert event.WhichOneof("event") == "snapshot", f"not a snapshot: {event}"
        return event.snapshot.sequence_id, [(each.key, each.source, plain(each)) for each in event.snapshot.settings]

    def update(self):
        """The next event, which is an update: its number, key, source, value and unset source."""
        event = self.next()
        assert event.WhichOneof("event") == "update", f"not an update: {str(event)[:200]}"
        setting = event.update.setting
        return event.update.sequence_id, setting.key, setting.source, plain(setting), setting.unset_source

    def end(self):
        """The status with which the stream ends, and its text; what comes before is read."""
        try:
            for _ in self.call:
                pass
        except grpc.RpcError:
            pass
        return self.call.code().name, self.call.details()


def plain(setting):
    """A setting's value; "absent" when there is none, "no kind" for one that says none."""
    if not setting.HasField("value"):
        return "absent"
    return MessageToDict(setting.value) if setting.value.WhichOneof("kind") else "no kind"


class Client:
    """A remote agent."""

    def __init__(self, process, address=None, shows_certificate=True, token=None, options=()):
        own_token, pem = process.credentials()
        certificate, separator, key = pem.partition("-----BEGIN EC PRIVATE KEY-----")
        self._metadata = [("authorization", f"Bearer {own_token if token is None else token}")]
        secret = grpc.ssl_channel_credentials(
            certificate.encode(), *((separator + key).encode(), certificate.encode()) if shows_certificate else ())
        address = address or process.place["addresses"][0]
        # A Unix socket has no name that the certificate could have.
        named = [("grpc.ssl_target_name_override", "localhost")] if address.startswith("unix:") else []
        self.channel = grpc.secure_channel(address, secret, options=[
            ("grpc.max_receive_message_length", 128 << 20), ("grpc.use_local_subchannel_pool", 1),
            ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 50),
            ("grpc.max_reconnect_backoff_ms", 50), *named, *options])
        self._register = self.channel.unary_unary(
            SECURE + "RegisterRemoteAgent", RegisterRemoteAgentRequest.SerializeToString,
            RegisterRemoteAgentResponse.FromString)
        self._refresh = self.channel.unary_unary(
            SECURE + "RefreshRemoteAgent", RefreshRemoteAgentRequest.SerializeToString,
            RefreshRemoteAgentResponse.FromString)
        self._stream = self.channel.unary_stream(
            SECURE + "StreamConfigEvents", ConfigStreamRequest.SerializeToString, ConfigEvent.FromString)

    def register(self, uri=SENTINEL, timeout=DEADLINE):
        """Registers; the answer."""
        request = RegisterRemoteAgentRequest(pid="1", flavor="tests", display_name="tests", api_endpoint_uri=uri)
        return self._register(request, timeout=timeout, metadata=self._metadata, wait_for_ready=True)

    def refresh(self, session):
        """Refreshes a session."""
        return self._refresh(RefreshRemoteAgentRequest(session_id=session), timeout=DEADLINE, metadata=self._metadata)

    def stream(self, *sessions, name="tests", more=()):
        """Opens a stream whose metadata names these sessions."""
        metadata = [*self._metadata, *[("session_id", session) for session in sessions], *more]
        request = ConfigStreamRequest(name=name)
        return Stream(self._stream(request, timeout=DEADLINE, metadata=metadata, wait_for_ready=True))

    def subscribe(self, name="tests"):
        """Registers, and opens a stream."""
        return self.stream(self.register().session_id, name=name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()
