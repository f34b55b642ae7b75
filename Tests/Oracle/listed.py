"""The differences between the clients: each a defect of the reference, or a decision that is known.

Owns the list. An entry names the client of the reference, the section of the study of the protocol in which it is described,
where it shows (script, step, aspects), and for one of these places both values as they are. A difference that is in no entry
fails the comparison, and so does a place where an entry's difference does not show, unless the place is marked with "?": what
happens there depends on the order of a hash table.
"""
OLD, NEW = "4.6.8", "4.16.0"
EVERYWHERE = "*"


class Listed:
    """A known difference."""

    def __init__(self, name, client, section, proof, where):
        self.name, self.client, self.section = name, client, section
        # (script, step, aspect, theirs, ours)
        self.proof = proof
        # {script: {step: "aspect aspect"}}, or {"*": "aspect"}
        self.where = where

    def covers(self, client, script, step, aspect):
        """Whether the difference may show there."""
        if client != self.client:
            return False
        if EVERYWHERE in self.where:
            return aspect == self.where[EVERYWHERE]
        return aspect in self.where.get(script, {}).get(step, "").replace("?", "").split()

    @property
    def places(self):
        """Where it must show."""
        if EVERYWHERE in self.where:
            return {self.proof[:3]}
        return {(script, step, aspect) for script, steps in self.where.items() for step, aspects in steps.items()
                for aspect in aspects.split() if not aspect.endswith("?")}


def features(name):
    return f"datadog/2/ASM_FEATURES/{name}/config"


def state(name, version, apply_state, has_error=False):
    return ["ASM_FEATURES", name, version, apply_state, has_error]


def call(*changed, removed=()):
    """A call of the callback, with the names of what it was given."""
    return ["ASM_FEATURES", [features(name) for name in removed],
            [[features(name), {"asm": {"enabled": enabled}, "name": name}] for name, enabled in changed]]


# One bad file, or one bad path, and nothing of the answer is used; nothing moves on.
SPOILED = {1: "calls", 2: "cached_target_files config_states has_error targets_version",
           3: "cached_target_files config_states targets_version"}
# The same, but what comes out of the hash table before the bad file is stored, and never given to its callback.
HALF_STORED = {1: "calls", 2: "cached_target_files? config_states targets_version",
               3: "cached_target_files? config_states targets_version"}

LISTED = [
    Listed("the root's version is always 1", OLD, "A.4", ("fifteen steps", 1, "root_version", 1, 2), {"*": "root_version"}),
    Listed("payloads have no hash", NEW, "B.3",
           ("employee", 0, "hashes", {"employee/ASM_FEATURES/x/config": False}, {"employee/ASM_FEATURES/x/config": True}),
           {"*": "hashes"}),
    Listed("every failure leads to /info", OLD, "A.2",
           ("500", 2, "questions", ["GET /info", "POST /v0.7/config"], ["POST /v0.7/config"]),
           {"fifteen steps": {12: "questions", 13: "questions"}, "three times 500": {2: "questions", 3: "questions"},
            "unknown fields": {1: "questions", 2: "questions"},
            **{script: {2: "questions"} for script in (
                "expired", "500", "dropped", "not json", "wrong hash", "no sha256", "not base64", "content not json",
                "bad path of somebody else", "bad path of ours", "file missing", "status of zero", "no format version 1",
                "targets that are none")}}),
    Listed("an answer without anything is a failure", OLD, "A.5, A.7: 200 empty body",
           ("null", 2, "questions", ["GET /info", "POST /v0.7/config"], ["POST /v0.7/config"]),
           {script: {2: "questions"} for script in ("204", "null", "empty")}),
    Listed("an answer that is not JSON is not reported", OLD, "A.7: poll fails, error reported",
           ("not json", 2, "has_error", [False, False], [True, True]), {"not json": {2: "has_error"}}),
    Listed("errors of the whole answer are not reported", NEW, "A.7: has_error stays false",
           ("fifteen steps", 12, "has_error", [False, False], [True, True]),
           {"fifteen steps": {12: "has_error", 13: "has_error"},
            **{script: {2: "has_error"} for script in (
                "not json", "file missing", "no format version 1", "targets that are none")}}),
    *(Listed("tracing is merged from the changes alone", client, "B-5",
             ("merge of tracing", 1, "settings", [{"tracing_tags": ["team:x"]}],
              [{"tracing_sampling_rate": 0.25, "tracing_tags": ["team:x"]}]),
             {"merge of tracing": {1: "settings", 2: "settings"}}) for client in (OLD, NEW)),
    Listed("what comes before its callback is not held", OLD, "B-7",
           ("late callback", 1, "calls", [], [call(("a", True))]),
           {"late callback": {step: "cached_target_files calls config_states" for step in (1, 2)}}),
    Listed("what came before its callback is acknowledged and never delivered", NEW, "B-7",
           ("late callback", 1, "config_states", [state("a", 1, 2)], [state("a", 1, 1)]),
           {"late callback": {1: "calls config_states"}}),
    Listed("without its callback a product's files are forgotten", OLD, "B-7",
           ("callback removed", 3, "calls", [], [call(("a", False))]),
           {"callback removed": {
               1: "config_states", 2: "cached_target_files config_states", 3: "cached_target_files calls config_states",
               4: "cached_target_files config_states", 5: "cached_target_files config_states"}}),
    Listed("without its callback a product's files are acknowledged, and never delivered", NEW, "B-7",
           ("callback removed", 3, "calls", [], [call(("a", False))]),
           {"callback removed": {1: "config_states", 2: "config_states", 3: "calls config_states"}}),
    *(Listed("the last callback's end disables every product", client, "B-7",
             ("last callback removed", 1, "products", [], ["ASM_FEATURES"]),
             {"last callback removed": {1: "config_states products", 2: "calls config_states products", 3: "products",
                                        4: "products"}}) for client in (OLD, NEW)),
    *(Listed("what its callback refuses is acknowledged", client, "B-4",
             ("callback throws", 1, "config_states", [["ASM_DATA", "d", 1, 2, False], state("a", 1, 2)],
              [["ASM_DATA", "d", 1, 2, False], state("a", 1, 3, True)]),
             {"callback throws": {1: "config_states", 2: "config_states"}}) for client in (OLD, NEW)),
    Listed("a disabled product's removals are not delivered", OLD, "B-8",
           ("product disabled", 1, "calls", [], [call(removed=["a"])]), {"product disabled": {1: "calls", 3: "calls"}}),
    *(Listed("everything is never asked for again", client, "H: nobody has, 2",
             ("product disabled", 3, "targets_version", 2, 0),
             {"product disabled": {1: "targets_version", 3: "targets_version"}, "expired": {3: "targets_version"}})
      for client in (OLD, NEW)),
    Listed("the same content is delivered again with a newer version", OLD, "A.7: same hash, higher custom.v",
           ("newer version, same content", 1, "calls", [call(("a", True))], []),
           {"newer version, same content": {1: "calls"}}),
    Listed("the same content keeps its old version", NEW, "A.7: same hash, higher custom.v",
           ("newer version, same content", 2, "config_states", [state("a", 1, 2)], [state("a", 7, 2)]),
           {"newer version, same content": {2: "config_states", 3: "config_states"}}),
    Listed("an unknown field fails the poll", OLD, "A.7: unknown response field",
           ("unknown fields", 1, "has_error", [True, True], [False, False]),
           {"unknown fields": {
               0: "calls",
               1: "backend_client_state cached_target_files calls config_states has_error targets_version",
               2: "backend_client_state cached_target_files config_states has_error targets_version"},
            "status of zero": {1: "calls", 2: "cached_target_files config_states has_error targets_version"}}),
    Listed("config_status fails the poll", OLD, "A.7: unknown response field",
           ("expired", 1, "calls", [], [call(removed=["a"])]),
           {"expired": {1: "calls", 2: "cached_target_files config_states has_error",
                        3: "cached_target_files calls config_states"}}),
    Listed("404 removes everything", NEW, "A.7: 404",
           ("404", 1, "calls", [call(removed=["a"])], []),
           {"404": {1: "calls", 2: "backend_client_state cached_target_files config_states questions targets_version",
                    3: "backend_client_state cached_target_files calls config_states targets_version"}}),
    Listed("a wrong hash spoils the whole answer", OLD, "A.7: sha256 mismatch",
           ("wrong hash", 1, "calls", [], [call(("b", True))]),
           {"wrong hash": {**SPOILED, 3: SPOILED[3] + " calls"}}),
    Listed("a wrong hash spoils the whole answer", NEW, "A.7: sha256 mismatch",
           ("wrong hash", 1, "calls", [], [call(("b", True))]),
           {"wrong hash": {**HALF_STORED, 3: HALF_STORED[3] + " calls"}}),
    Listed("a missing hash spoils the whole answer", OLD, "A.7: sha512 only", ("no sha256", 2, "targets_version", 1, 2),
           {"no sha256": SPOILED}),
    Listed("a hash that cannot be right spoils the whole answer", NEW, "A.7: sha512 only, sha256 mismatch",
           ("no sha256", 2, "targets_version", 1, 2), {"no sha256": HALF_STORED}),
    Listed("bad base64 spoils the whole answer", OLD, "A.7: invalid base64 raw",
           ("not base64", 2, "targets_version", 1, 2), {"not base64": SPOILED}),
    Listed("bad base64 spoils the whole answer", NEW, "A.7: invalid base64 raw",
           ("not base64", 2, "targets_version", 1, 2), {"not base64": HALF_STORED}),
    Listed("bad JSON spoils the whole answer", OLD, "A.7: content not JSON",
           ("content not json", 2, "targets_version", 1, 2), {"content not json": SPOILED}),
    Listed("a file that cannot be read takes its predecessor's place", NEW, "A.7: content not JSON",
           ("content not json", 2, "cached_target_files",
            [[features("a"), 10, [["sha256", "90ca5b98"]]], [features("b"), 39, [["sha256", "a3a9fd62"]]]],
            [[features("a"), 39, [["sha256", "6d9041f7"]]], [features("b"), 39, [["sha256", "a3a9fd62"]]]]),
           {"content not json": {2: "cached_target_files", 3: "cached_target_files"}}),
    *(Listed("the length is not verified", client, "A.7: length",
             ("wrong length", 1, "calls", [call(("a", False), ("b", True))], [call(("b", True))]),
             {"wrong length": {1: "calls", 2: "cached_target_files config_states", 3: "cached_target_files config_states"}})
      for client in (OLD, NEW)),
    Listed("a bad path spoils the whole answer", OLD, "A.7: bad path grammar in targets",
           ("bad path of somebody else", 1, "calls", [], [call(("a", False))]),
           {"bad path of somebody else": SPOILED, "bad path of ours": SPOILED}),
    Listed("a file that is sent twice is left out silently", OLD, "A.7: duplicate target_files entry",
           ("sent twice", 2, "config_states", [state("a", 2, 2)], [state("a", 2, 2), state("b", 1, 3, True)]),
           {"sent twice": {2: "config_states", 3: "config_states"}}),
    Listed("of a file that is sent twice the last one counts", NEW, "A.7: duplicate target_files entry",
           ("sent twice", 1, "calls", [call(("a", False), ("b", True))], [call(("a", False))]),
           {"sent twice": {1: "calls", 2: "cached_target_files config_states", 3: "cached_target_files config_states"}}),
    Listed("a file that is not ours is kept", NEW, "A.5: target_files may contain files not in client_configs",
           ("sent, not ours", 2, "cached_target_files",
            [[features("a"), 39, [["sha256", "6d9041f7"]]], [features("b"), 39, [["sha256", "a3a9fd62"]]]],
            [[features("a"), 39, [["sha256", "6d9041f7"]]]]),
           {"sent, not ours": {2: "cached_target_files", 3: "cached_target_files"}}),
    Listed("an answer that fails changes what is reported", NEW, "A.7: client_configs path not in target_files nor cache",
           ("file missing", 2, "config_states", [state("a", 2, 2)], [state("a", 1, 2)]),
           {"file missing": {2: "cached_target_files config_states", 3: "cached_target_files config_states"}}),
    Listed("a batch of over a mebibyte is lost", OLD, "A.3: max payload",
           ("a file of over a megabyte", 2, "targets_version", 1, 2),
           {"a file of over a megabyte": {1: "calls", 2: "cached_target_files config_states questions targets_version",
                                          3: "cached_target_files config_states targets_version"}}),
    Listed("the format's version is not looked at", NEW, "A.7: spec_version",
           ("no format version 1", 1, "calls", [call(("a", False))], []),
           {"no format version 1": {1: "calls", 2: "cached_target_files config_states targets_version",
                                    3: "cached_target_files config_states targets_version"}}),
]
