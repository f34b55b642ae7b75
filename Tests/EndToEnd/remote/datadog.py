"""The agent that Datadog tests its own clients with, as a process of its own.

Owns the process and its endpoints for tests: what it answers, what it was asked, which telemetry it got. It answers every
client with the same, whatever that asks for.
"""
import base64
import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request

from waiting import until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Oracle"))

from offers import File, offer  # noqa: E402

UNCHANGED = b"{}"


def free_port():
    """A port of the loopback that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def sca(name, *targets, version=1):
    """A configuration of SCA with these targets: counted, unless they say otherwise."""
    wishes = [{"target": target, "mode": "count"} if isinstance(target, str) else target for target in targets]
    return File(f"datadog/2/SCA_DETECTION/{name}/config", {"sca_instrumentation": {"targets": wishes}}, version)


def sca_advisories(name, *advisories):
    """A configuration of SCA with these advisories."""
    return File(f"datadog/2/SCA_DETECTION/{name}/config", {"advisories": list(advisories)})


class DatadogAgent:
    """The agent, on one port for its whole life, however often it is started."""

    def __init__(self, venv, folder):
        self.command = f"{venv}/bin/ddapm-test-agent"
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.version = 0

    def start(self):
        """Starts it; it is there when it answers."""
        ports = [str(free_port()) for _ in range(2)]
        self.process = subprocess.Popen(
            [self.command, "-p", str(self.port), "--host", "127.0.0.1", "--otlp-http-port", ports[0], "--otlp-grpc-port",
             ports[1], "--snapshot-dir", self.folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("the test agent answers", self.is_there, seconds=60)

    def is_there(self):
        """Whether it answers."""
        try:
            return "/v0.7/config" in self.get("/info")["endpoints"]
        except (urllib.error.URLError, ConnectionError):
            return False

    def stop(self):
        """Ends it at once."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def get(self, path):
        """What an endpoint has."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def offer(self, *files):
        """Answers with these files, and no others, from now on."""
        self.version += 1
        self.post(offer(self.version, *files).body)

    def forget(self):
        """Answers that nothing has changed, and forgets what it was asked."""
        self.post(UNCHANGED)
        with urllib.request.urlopen(self.url + "/test/session/clear", timeout=10):
            pass

    def post(self, body):
        """Sets the answer."""
        request = urllib.request.Request(self.url + "/test/session/responses/config", data=body, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 202, answer.status

    def polls(self, service):
        """The requests for configuration of one service, in order."""
        bodies = [json.loads(base64.b64decode(request["body"])) for request in self.get("/test/session/requests")
                  if request["url"].endswith("/v0.7/config")]
        return [body["client"] for body in bodies if body["client"]["client_tracer"]["service"] == service]

    def acknowledged(self, service):
        """What the last of these requests says of each configuration: (version, apply_state, apply_error)."""
        polls = self.polls(service)
        states = polls[-1]["state"].get("config_states", []) if polls else []
        return {state["id"]: (state["version"], state["apply_state"], state.get("apply_error", "")) for state in states}

    def telemetry(self, service):
        """The telemetry of one service, batches opened: (type, payload) in the order in which it was sent."""
        found = []
        for event in sorted(self.get("/test/session/apmtelemetry"), key=lambda event: event["seq_id"]):
            if event.get("application", {}).get("service_name") != service:
                continue
            parts = event["payload"] if event["request_type"] == "message-batch" else [event]
            found += [(part["request_type"], part.get("payload")) for part in parts]
        return found
