"""The reference: a ddtrace that is driven step by step, with the commands of Tests/Programs/RemoteConfigReplay.

Owns the way from a command to the two generations of ddtrace's client: written in Python with a subscriber of its own
(4.6.8), and on top of libdatadog (4.16.0). Their threads are kept from starting; a poll is one turn of each, by hand. Which
ddtrace it is, is a matter of PYTHONPATH; who asks, and whom, of the variables DD_*.
"""
import json
import os
import sys

# No thread of the client's own; the subscriber's, which starts anyway, has nothing to do before the program ends.
os.environ.update(DD_REMOTE_CONFIGURATION_ENABLED="false", DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS="36000")
os.environ.update(DD_INSTRUMENTATION_TELEMETRY_ENABLED="false", DD_TRACE_ENABLED="false")

from ddtrace.internal.core.event_hub import on
from ddtrace.internal.remoteconfig import RCCallback
from ddtrace.internal.remoteconfig.products.apm_tracing import APMTracingCallback
from ddtrace.internal.remoteconfig.worker import RemoteConfigPoller

try:
    from ddtrace.internal import native
except ImportError:
    native = None
IS_NATIVE = hasattr(native, "RemoteConfigProduct")

events = []


class Recorder(RCCallback):
    """Writes down what it is given."""

    def __init__(self, product, is_broken):
        self.product = product
        self.is_broken = is_broken

    def __call__(self, payloads):
        events.append({"product": self.product, "payloads": [self.describe(payload) for payload in payloads]})
        if self.is_broken:
            raise ValueError("refused")

    def periodic(self):
        events.append({"product": self.product, "periodic": True})

    @staticmethod
    def describe(payload):
        metadata = payload.metadata
        return {"path": payload.path, "content": payload.content, "version": metadata.tuf_version,
                "length": metadata.length, "sha256": metadata.sha256_hash}


def constant(kind, name):
    """A product or capability as this generation names it."""
    if not IS_NATIVE:
        return name
    camel = "".join(part.capitalize() for part in name.split("_"))
    return getattr(getattr(native, "RemoteConfig" + kind), camel)


def capability(bit):
    """A capability by its number."""
    if not IS_NATIVE:
        return 1 << bit
    return constant("Capabilities", {1: "ASM_ACTIVATION", 12: "APM_TRACING_SAMPLE_RATE", 45: "APM_TRACING_MULTICONFIG"}[bit])


def note_settings(settings, _):
    """Writes down what the merge tells products."""
    events.append({"product": "APM_TRACING", "settings": dict(settings)})


on("apm-tracing.rc", note_settings, "oracle")
poller = RemoteConfigPoller()


def carry_out(command):
    """Carries out one command."""
    global poller
    what, product = command["do"], command.get("product")
    if what == "start":
        poller = RemoteConfigPoller()
    elif what == "register":
        behaviour = command.get("behaviour")
        callback = APMTracingCallback() if behaviour == "merge" else Recorder(product, behaviour == "throw")
        capabilities = [capability(bit) for bit in command.get("capabilities", [])]
        poller.register_callback(constant("Product", product), callback, capabilities=capabilities)
    elif what == "unregister":
        poller.unregister_callback(constant("Product", product))
    elif what == "enable":
        poller.enable_product(constant("Product", product))
    elif what == "disable":
        poller.disable_product(constant("Product", product))
    elif what == "poll":
        poller.periodic()
        if not IS_NATIVE:
            poller._client._global_subscriber.periodic()
    else:
        raise ValueError(f"no such command: {what}")


if __name__ == "__main__":
    # What libraries print is not an answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        carry_out(json.loads(line))
        print(json.dumps(events), file=answers, flush=True)
        events.clear()
    # Threads that wait for hours are not waited for.
    os._exit(0)
