"""What happens to the clients: scripts of steps, the same for each.

Owns data only. A step is what the program does to its client (commands), what the agent would answer, and a poll. After
the last step there is one more, whose answer is `{}`: its request shows what the last answer has led to.
"""
from agent import OFFERS, OFFERS_NOT, Answer
from offers import File, encoded, offer

FEATURES = "ASM_FEATURES"


class Step:
    """One poll, and what comes before it."""

    def __init__(self, answer, *commands, info=OFFERS):
        self.answer, self.commands, self.info = answer, commands, info


def register(product, **options):
    return {"do": "register", "product": product, **options}


def enable(product):
    return {"do": "enable", "product": product}


def disable(product):
    return {"do": "disable", "product": product}


def unregister(product):
    return {"do": "unregister", "product": product}


def using(product=FEATURES, **options):
    """What a product does at its start."""
    return [register(product, **options), enable(product)]


def path(name, product=FEATURES, last="config"):
    return f"datadog/2/{product}/{name}/{last}"


def on(name, version=1, product=FEATURES):
    """A small file that says yes."""
    return File(path(name, product), {"asm": {"enabled": True}, "name": name}, version)


def off(name, version=2):
    """A small file that says no, under the same name."""
    return File(path(name), {"asm": {"enabled": False}, "name": name}, version)


UNCHANGED = Answer.json({})
A, B, THIRD = on("a"), on("b"), on("third")
ROGUES = [on("one", product="ROGUE").but(is_assigned=False, copies=0), on("two", product="ROGUE").but(is_assigned=False, copies=0)]
RENAMED = File(path("third", last="testname"), {"asm": {"enabled": True}, "name": "third"})


def after_one(*steps):
    """A client that has one configuration, and then these steps."""
    return [Step(offer(1, A), *using()), *steps]


def tracing(name, version, **config):
    """A configuration of tracing for everybody."""
    content = {"id": name, "schema_version": "v1.0.0", "action": "enable", "lib_config": config,
               "service_target": {"service": "*", "env": "*"}}
    return File(path(name, "APM_TRACING"), content, version)


RATE, TAGS = tracing("rate", 1, tracing_sampling_rate=0.25), tracing("tags", 1, tracing_tags=["team:x"])
LARGE, HUGE = (File(path(name), {"rules": ["x" * 1000] * count}) for name, count in (("large", 235), ("huge", 1100)))

SCRIPTS = {
    "fifteen steps": [
        Step(offer(1), *using(capabilities=[1])),
        Step(offer(2, A)), Step(offer(3, off("a"))), Step(offer(4)), Step(offer(5, B, A)),
        Step(offer(6, A.cached, THIRD)), Step(offer(7, B, off("a"), THIRD.cached)), Step(offer(8, A, B.cached)),
        Step(offer(9, A.cached, B.cached)), Step(offer(10, A.cached, B.cached, ROGUES[0])),
        Step(offer(11, off("a"), B.cached, *ROGUES)),
        Step(offer(12, off("a").cached, B.cached, THIRD.cached, *ROGUES)),
        Step(offer(12, off("a").cached, B.cached, THIRD.but(is_target=False), *ROGUES)),
        Step(offer(12, off("a").cached, B.cached, RENAMED, *ROGUES)),
        Step(UNCHANGED),
    ],
    "merge of tracing": [
        Step(offer(1, RATE), *using("APM_TRACING", behaviour="merge", capabilities=[12, 45])),
        Step(offer(2, RATE.cached, TAGS)), Step(offer(3, TAGS.cached)), Step(offer(4)),
    ],
    "late callback": [
        Step(offer(1, A), enable(FEATURES)), Step(UNCHANGED, register(FEATURES)), Step(offer(1, A)), Step(UNCHANGED),
    ],
    "product disabled": after_one(
        Step(offer(2, A.but(is_assigned=False, copies=0)), disable(FEATURES)), Step(UNCHANGED),
        Step(offer(3, A), enable(FEATURES))),
    "callback removed": [
        Step(offer(1, A, on("d", product="ASM_DATA")), *using(), *using("ASM_DATA")),
        Step(offer(2, off("a"), on("d", product="ASM_DATA").cached), unregister(FEATURES)),
        Step(UNCHANGED), Step(UNCHANGED, register(FEATURES)), Step(UNCHANGED),
    ],
    "last callback removed": after_one(
        Step(UNCHANGED, unregister(FEATURES)), Step(UNCHANGED, register(FEATURES)), Step(UNCHANGED)),
    "callback throws": [
        Step(offer(1, A, on("d", product="ASM_DATA")), *using(behaviour="throw"), *using("ASM_DATA")),
        Step(UNCHANGED),
    ],
    "newer version, same content": after_one(Step(offer(2, A.but(version=7))), Step(UNCHANGED)),
    "same content in another file": after_one(Step(offer(2, File(path("b"), A.bytes)))),
    "everything sent every time": after_one(Step(offer(1, A)), Step(offer(2, A))),
    "expired": after_one(
        Step(offer(1, A.but(is_assigned=False, copies=0), extra={"config_status": 1})), Step(UNCHANGED), Step(offer(1, A))),
    "404": after_one(Step(Answer(404, b"404 page not found")), Step(UNCHANGED), Step(offer(1, A))),
    "500": after_one(Step(Answer(500, b"no")), Step(UNCHANGED), Step(offer(2, off("a")))),
    "three times 500": after_one(
        Step(Answer(500, b"no")), Step(Answer(500, b"no")), Step(Answer(500, b"no")), Step(UNCHANGED)),
    "204": after_one(Step(Answer(204)), Step(UNCHANGED)),
    "dropped": after_one(Step(Answer(is_dropped=True)), Step(UNCHANGED)),
    "null": after_one(Step(Answer(body=b"null")), Step(UNCHANGED)),
    "empty": after_one(Step(Answer()), Step(UNCHANGED)),
    "no targets": after_one(Step(Answer.json({"client_configs": [], "target_files": []})), Step(UNCHANGED)),
    "not json": after_one(Step(Answer(body=b"<html>go away</html>")), Step(UNCHANGED)),
    "chunked": [Step(offer(1, A, is_chunked=True), *using()), Step(offer(2, off("a"), is_chunked=True))],
    "not offered": [Step(UNCHANGED, *using(), info=OFFERS_NOT), Step(offer(1, A)), Step(UNCHANGED)],
    "no info": [Step(UNCHANGED, *using(), info=Answer(404)), Step(offer(1, A))],
    "wrong hash": after_one(
        Step(offer(2, off("a").but(hashes={"sha256": "0" * 64}), B)), Step(UNCHANGED), Step(offer(3, off("a", 3), B))),
    "wrong length": after_one(Step(offer(2, off("a").but(length=3), B)), Step(UNCHANGED)),
    "no sha256": after_one(Step(offer(2, off("a").but(hashes={"sha512": "0" * 128}), B)), Step(UNCHANGED)),
    "not base64": after_one(Step(offer(2, off("a").but(raw="*"), B)), Step(UNCHANGED)),
    "content not json": after_one(Step(offer(2, File(path("a"), b"not { json", 2), B)), Step(UNCHANGED)),
    "bad path of somebody else": after_one(
        Step(offer(2, off("a"), File("nowhere/x/y/z", {}).but(is_assigned=False, copies=0))), Step(UNCHANGED)),
    "bad path of ours": after_one(Step(offer(2, off("a"), File("datadog/two/ASM_FEATURES/x/config", {}))), Step(UNCHANGED)),
    "sent twice": after_one(Step(offer(2, off("a"), B.but(copies=2))), Step(UNCHANGED)),
    "sent, not ours": after_one(Step(offer(2, A.cached, B.but(is_assigned=False))), Step(UNCHANGED)),
    "file missing": after_one(Step(offer(2, off("a"), B.cached)), Step(UNCHANGED)),
    "unknown fields": [
        Step(offer(1, A, extra={"novelty": {"x": 1}}), *using()), Step(offer(2, off("a"), signed={"novelty": 1})),
        Step(offer(3, A, custom={"novelty": 1}))],
    "status of zero": after_one(Step(offer(2, off("a"), extra={"config_status": 0}))),
    "unknown product is ours": after_one(Step(offer(2, A.cached, on("x", product="NOBODYS"))), Step(UNCHANGED)),
    "callback without enablement": [Step(offer(1, A), register(FEATURES)), Step(UNCHANGED)],
    "no format version 1": after_one(Step(offer(2, off("a"), signed={"spec_version": "2.0"})), Step(UNCHANGED)),
    "targets that are none": after_one(Step(offer(2, off("a"), extra={"targets": encoded({"signed": 5})})), Step(UNCHANGED)),
    "lower version": after_one(Step(offer(5, off("a"))), Step(offer(3, A))),
    "no roots": [Step(offer(1, A, extra={"roots": None}), *using()), Step(offer(2, off("a")))],
    "no back-end state": after_one(Step(offer(2, off("a"), custom={"opaque_backend_state": ""}))),
    "a large file": [Step(offer(1, LARGE), *using()), Step(offer(2, LARGE.cached))],
    "a file of over a megabyte": after_one(Step(offer(2, A.cached, HUGE)), Step(UNCHANGED)),
    "employee": [Step(offer(1, File("employee/ASM_FEATURES/x/config", {"a": 1})), *using()), Step(offer(2))],
}
