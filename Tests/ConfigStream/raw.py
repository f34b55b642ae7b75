"""Events as a script writes them, true or not.

Owns that form:

    {"snapshot": {"origin": "datadog.yaml", "sequence": 1, "settings": [{"key": "a", "source": "file", "value": 1}, …]}}
    {"update": {"origin": "datadog.yaml", "sequence": 2, "setting": {"key": "a", "unset_source": "file"}}}
    {}
    {"hex": "…"}

Everything may be left out, and is then absent. The bytes of a "hex" are put behind those of the event or of the
setting in which it stands: an unknown field, or none of a message at all. A value of {"$kind": null} says no kind.
"""
from Generated.config_stream_pb2 import ConfigEvent

from layers import ABSENT
from messages import Setting, cut, fill_setting


def encoded(event, origin):
    """An event's bytes; `origin` is that of snapshots and updates that name none."""
    _only(event, "snapshot", "update", "hex")
    made = ConfigEvent()
    if "snapshot" in event:
        written = _head(made.snapshot, event["snapshot"], origin, "settings")
        for setting in written.get("settings", []):
            _setting(made.snapshot.settings.add(), setting)
    if "update" in event:
        written = _head(made.update, event["update"], origin, "setting")
        if "setting" in written:
            made.update.setting.SetInParent()
            _setting(made.update.setting, written["setting"])
    return made.SerializeToString() + bytes.fromhex(event.get("hex", ""))


def _head(message, written, origin, last):
    """Makes what snapshots and updates have in common."""
    _only(written, "origin", "sequence", last)
    message.SetInParent()
    message.origin = written.get("origin", origin)
    message.sequence_id = cut(written.get("sequence", 0))
    return written


def _setting(message, written):
    """Makes a setting."""
    _only(written, "key", "source", "value", "unset_source", "hex")
    fill_setting(message, Setting(written.get("key", ""), written.get("source", ""), written.get("value", ABSENT),
                                  written.get("unset_source", "")))
    message.MergeFromString(bytes.fromhex(written.get("hex", "")))


def _only(written, *names):
    """Refuses what a message does not have."""
    others = sorted(set(written) - set(names))
    if others:
        raise ValueError(f"there is no {others[0]!r} here; there are {', '.join(names)}")
