"""What ddtrace's client of Remote Configuration costs: the cases "idle" and "take" of bench_remote_config, in the same form.

    bench_ddtrace.py CASE REPETITIONS

Which ddtrace it is, is a matter of PYTHONPATH. A poll is one turn of the poller, and of the subscriber where there is one, by
hand; the processor time is that of the process, and so that of libdatadog's own threads as well.
"""
import json
import os
import sys
import time

os.environ.update(DD_REMOTE_CONFIGURATION_ENABLED="false", DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS="36000")
os.environ.update(DD_INSTRUMENTATION_TELEMETRY_ENABLED="false", DD_TRACE_ENABLED="false")

from ddtrace.internal.remoteconfig import RCCallback
from ddtrace.internal.remoteconfig.worker import RemoteConfigPoller

try:
    from ddtrace.internal.native import RemoteConfigProduct

    FEATURES, IS_NATIVE = RemoteConfigProduct.AsmFeatures, True
except ImportError:
    from ddtrace.internal.remoteconfig import _connectors

    # A batch of more than a mebibyte would be lost.
    _connectors.SHARED_MEMORY_SIZE = 64 << 20
    FEATURES, IS_NATIVE = "ASM_FEATURES", False

received = 0


class Sink(RCCallback):
    def __call__(self, payloads):
        global received
        received += len(payloads)


def client():
    poller = RemoteConfigPoller()
    poller.register_callback(FEATURES, Sink())
    poller.enable_product(FEATURES)
    # Whatever a library asks once for itself is no part of a poll.
    return poller


def poll(poller):
    poller.periodic()
    if not IS_NATIVE:
        poller._client._global_subscriber.periodic()


def repeated(count, warm_up, before, body):
    """Carries out `body` with what `before` makes, so many times, and a few times before that."""
    figures = []
    for index in range(warm_up + count):
        prepared = before()
        start = time.process_time(), time.monotonic()
        body(prepared)
        if index >= warm_up:
            figures.append((time.process_time() - start[0], time.monotonic() - start[1]))
    return {"cpu_us": min(cpu for cpu, _ in figures) * 1e6,
            "wall_us": min(wall for _, wall in figures) * 1e6, "allocations": None}


def main(case, repetitions):
    if case == "idle":
        poller = client()
        poll(poller)
        figures = repeated(repetitions, 20, lambda: poller, poll)
    else:
        figures = repeated(repetitions, 2, client, poll)
    return figures if received else {"failed": "nothing was received"}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
    sys.stdout.flush()
    os._exit(0)
