"""Answers of an agent to the request for configuration, built from the files on offer.

Owns the form of an answer: targets in base64, files in base64, the paths that are this client's. What a script wants wrong
in it, it says with a file's or an offer's options.
"""
import base64
import copy
import hashlib
import json

from agent import Answer

BACKEND_STATE = base64.b64encode(b'{"foo": "bar"}').decode()
ROOT = {"signatures": [], "signed": {"_type": "root", "spec_version": "1.0", "version": 2, "expires": "2032-05-29T12:49:41Z",
                                     "keys": {}, "roles": {}, "consistent_snapshot": True}}


def encoded(value):
    """A value as JSON in base64."""
    return base64.b64encode(json.dumps(value).encode()).decode()


class File:
    """A configuration on offer."""

    def __init__(self, path, content, version=1):
        self.path, self.version = path, version
        self.bytes = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.copies, self.is_assigned, self.is_target = 1, True, True
        self.raw = base64.b64encode(self.bytes).decode()
        self.length = len(self.bytes)
        self.hashes = {"sha256": hashlib.sha256(self.bytes).hexdigest()}

    def but(self, **options):
        """The same with other options: `copies` sent, `is_assigned`, `is_target`, `raw`, `length`, `hashes`, `version`."""
        other = copy.copy(self)
        for name, value in options.items():
            assert hasattr(other, name), name
            setattr(other, name, value)
        return other

    @property
    def cached(self):
        """The same, not sent because the client has it."""
        return self.but(copies=0)


def offer(version, *files, extra=None, signed=None, custom=None, **options):
    """An answer with these files; `extra`, `signed` and `custom` are merged into the respective objects."""
    targets = {
        file.path: {"custom": {"v": file.version, "c": [""]}, "hashes": file.hashes, "length": file.length}
        for file in files if file.is_target
    }
    body = {
        "roots": [encoded(ROOT)],
        "targets": encoded({
            "signatures": [{"keyid": "0" * 64, "sig": "0" * 128}],
            "signed": {
                "_type": "targets", "spec_version": "1.0", "version": version, "expires": "2032-05-29T12:49:41Z",
                "custom": {"opaque_backend_state": BACKEND_STATE, **(custom or {})}, "targets": targets, **(signed or {}),
            },
        }),
        "target_files": [{"path": file.path, "raw": file.raw} for file in files for _ in range(file.copies)],
        "client_configs": [file.path for file in files if file.is_assigned],
        **(extra or {}),
    }
    return Answer.json({name: value for name, value in body.items() if value is not None}, **options)
