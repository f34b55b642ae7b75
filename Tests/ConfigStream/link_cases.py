"""Cases of credentials and connections."""
import os
import stat
import subprocess

from cases import core_agent, ended, refused, same
from client import Client


class LinkCases:
    """Each method is a case."""

    def certificate(self):
        """a client without the certificate is turned away by the newest core agent, and served by an older one."""
        with core_agent("--profile", "2026-09", shows_certificate=False) as (_, client):
            refused(lambda: client.register(timeout=1), "DEADLINE_EXCEEDED")
        with core_agent("--profile", "2026-01", shows_certificate=False) as (core, client):
            client.register()
            same(core.do("calls")["calls"][0]["certificate"], "none")

    def files(self):
        """the token is 64 hexadecimal digits, the certificate P-256 with its names and uses, its key an EC PRIVATE
        KEY."""
        with core_agent() as (core, _):
            token, pem = core.credentials()
            same((len(bytes.fromhex(token)), stat.S_IMODE(os.stat(core.place["auth_token"]).st_mode)), (32, 0o600))
            same([line for line in pem.splitlines() if "BEGIN" in line],
                 ["-----BEGIN CERTIFICATE-----", "-----BEGIN EC PRIVATE KEY-----"])
            shown = subprocess.run(["openssl", "x509", "-noout", "-text", "-in", core.place["certificate"]],
                                   capture_output=True, check=True, text=True).stdout
            for part in ("O = \"Datadog, Inc.\"", "NIST CURVE: P-256", "CA:TRUE",
                         "Digital Signature, Certificate Sign, CRL Sign",
                         "TLS Web Server Authentication, TLS Web Client Authentication",
                         "IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:localhost"):
                assert part in shown, f"no {part} in {shown}"

    def rotation(self):
        """after a rotation only the new token and the new certificate will do."""
        with core_agent() as (core, client):
            client.register()
            core.do("rotate", certificate=False)
            refused(client.register, "UNAUTHENTICATED", "invalid auth token")
            core.do("rotate", token=False)
            refused(lambda: client.register(timeout=1), "DEADLINE_EXCEEDED")
            with Client(core) as new:
                new.register()

    def places(self):
        """it listens on IPv4, IPv6 and a Unix socket, and a cut there is no status of its own."""
        path = f"/tmp/core-agent-{os.getpid()}.sock"
        with core_agent("--ip", "both", "--unix", path) as (core, _):
            same(len(core.place["addresses"]), 3)
            for address in core.place["addresses"]:
                with Client(core, address) as client:
                    stream = client.subscribe()
                    same(stream.snapshot(), (0, []))
                    core.do("wait", subscribers=1)
                    same(core.do("cut"), {"connections": 1})
                    ended(stream, "UNAVAILABLE", "closed" if address.startswith("unix:") else "reset")
                    core.do("wait", subscribers=0)

    def too_many_pings(self):
        """a client that pings every second without data is sent away, as by any gRPC server with the usual settings."""
        pings = [("grpc.keepalive_time_ms", 1000), ("grpc.http2.max_pings_without_data", 0)]
        with core_agent(options=pings) as (_, client):
            stream = client.subscribe()
            stream.snapshot()
            ended(stream, "UNAVAILABLE", "Too many pings")
