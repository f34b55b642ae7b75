"""The gRPC server of a core agent: where it listens, with which credentials.

Owns the server, which can be taken down and put up again at the same place. Neighbours: service.py answers the calls,
sockets.py cuts connections.
"""
import grpc

import sockets

LOOPBACK = {4: "127.0.0.1", 6: "[::1]"}


class Listener:
    """Listens on a port of the loopback, a free one when it is 0, with IPv4 or IPv6 or both; or on a Unix socket."""

    def __init__(self, port, versions, path):
        self.port, self._versions, self.path = port, versions, path
        self._server = None

    @property
    def is_up(self):
        return self._server is not None

    @property
    def addresses(self):
        """Where it listens."""
        return [f"{LOOPBACK[version]}:{self.port}" for version in self._versions] + (
            [f"unix:{self.path}"] if self.path else [])

    async def up(self, service, profile, credentials):
        """Begins to listen; returns when clients can connect."""
        if self._server:
            raise RuntimeError("it listens already")
        # Two that listen at the same port would share its connections.
        server = grpc.aio.server(options=[
            ("grpc.so_reuseport", 0), ("grpc.max_send_message_length", profile.message_max),
            ("grpc.max_receive_message_length", profile.message_max)])
        server.add_generic_rpc_handlers(service.handlers())
        pair = credentials.key.encode(), credentials.certificate.encode()
        trusted = credentials.certificate.encode() if profile.verifies_clients else None
        secret = grpc.ssl_server_credentials([pair], trusted, profile.verifies_clients)
        for version in self._versions:
            self.port = server.add_secure_port(f"{LOOPBACK[version]}:{self.port}", secret)
        if self.path:
            server.add_secure_port(f"unix:{self.path}", secret)
        await server.start()
        self._server = server

    async def down(self, grace=None):
        """Listens no longer. Streams have so many seconds to end; without, they are cut."""
        if not self._server:
            raise RuntimeError("it does not listen")
        server, self._server = self._server, None
        if grace is None:
            self.cut()
        await server.stop(grace)

    def cut(self):
        """Cuts all connections; how many."""
        return sockets.cut({self.port} if self._versions else set(), self.path)
