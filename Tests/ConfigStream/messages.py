"""The messages of the stream as bytes.

Owns the way from JSON values to google.protobuf.Value and from settings to events. A snapshot is put together from the bytes
of its settings, so that 200,000 of them are encoded once and not with each snapshot. Neighbours: content.py says which
settings, Generated/ has the messages.
"""
import os
import sys
from typing import NamedTuple

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Generated"))

from config_stream_pb2 import ConfigEvent, ConfigSetting, ConfigSnapshot, ConfigUpdate
from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value

from layers import ABSENT

# The tags of ConfigEvent.snapshot and of ConfigSnapshot.settings: field 1 and field 3, each with a length.
_SNAPSHOT, _SETTINGS = b"\x0a", b"\x1a"


class Setting(NamedTuple):
    """One setting as it is told."""

    key: str
    source: str
    value: object = ABSENT
    unset_source: str = ""


def cut(sequence):
    """A number of 64 bits as the stream has it: its lower 32, with a sign."""
    return ((sequence + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)


def value(of):
    """A JSON value as a message. {"$kind": null} is a message that says no kind."""
    if of is None:
        return Value(null_value=NULL_VALUE)
    if isinstance(of, bool):
        return Value(bool_value=of)
    if isinstance(of, (int, float)):
        return Value(number_value=of)
    if isinstance(of, str):
        return Value(string_value=of)
    if isinstance(of, (list, tuple)):
        return Value(list_value=ListValue(values=[value(item) for item in of]))
    if of == {"$kind": None}:
        return Value()
    return Value(struct_value=Struct(fields={name: value(item) for name, item in of.items()}))


def setting_message(setting):
    """A setting as a message."""
    made = ConfigSetting(key=setting.key, source=setting.source, unset_source=setting.unset_source)
    if setting.value is not ABSENT:
        made.value.CopyFrom(value(setting.value))
    return made


def piece(setting):
    """A setting's bytes within a snapshot."""
    encoded = setting_message(setting).SerializeToString()
    return _SETTINGS + _varint(len(encoded)) + encoded


def snapshot(origin, sequence, pieces):
    """A snapshot's bytes; a message of a field may come in parts, so that pieces are just put behind the head."""
    head = ConfigSnapshot(origin=origin, sequence_id=cut(sequence)).SerializeToString()
    body = b"".join([head, *pieces])
    return _SNAPSHOT + _varint(len(body)) + body


def update(origin, sequence, setting):
    """An update's bytes."""
    made = ConfigUpdate(origin=origin, sequence_id=cut(sequence), setting=setting_message(setting))
    return ConfigEvent(update=made).SerializeToString()


def raw(event, origin):
    """Any event's bytes, as it is written in a script:

    {"snapshot": {"sequence": 1, "settings": [{"key": "a", "source": "file", "value": 1}]}}, {"update": {"sequence": 2,
    "setting": {…}}}, {} for one that says nothing, {"hex": "…"} for bytes as they are. "hex" beside another name is
    put behind it: an unknown field, say. A setting may lack each of its parts, and so may an event."""
    names = set(event) - {"snapshot", "update", "hex"}
    if names:
        raise ValueError(f"an event has no {sorted(names)[0]!r}; there are snapshot, update and hex")
    made = ConfigEvent()
    if "snapshot" in event:
        _fill(made.snapshot, event["snapshot"], origin, "settings")
        made.snapshot.settings.extend(_written(setting) for setting in event["snapshot"].get("settings", []))
    if "update" in event:
        _fill(made.update, event["update"], origin, "setting")
        if "setting" in event["update"]:
            made.update.setting.CopyFrom(_written(event["update"]["setting"]))
    return made.SerializeToString() + bytes.fromhex(event.get("hex", ""))


def _fill(message, written, origin, last):
    """Sets what snapshots and updates have in common."""
    _only(written, "origin", "sequence", last)
    message.SetInParent()
    message.origin = written.get("origin", origin)
    message.sequence_id = cut(written.get("sequence", 0))


def _written(setting):
    """A setting as it is written in a script."""
    _only(setting, "key", "source", "value", "unset_source", "hex")
    made = setting_message(Setting(setting.get("key", ""), setting.get("source", ""), setting.get("value", ABSENT),
                                   setting.get("unset_source", "")))
    if "hex" in setting:
        made.MergeFromString(bytes.fromhex(setting["hex"]))
    return made


def _only(written, *names):
    """Refuses what a message does not have."""
    others = sorted(set(written) - set(names))
    if others:
        raise ValueError(f"there is no {others[0]!r} here; there are {', '.join(names)}")


def _varint(number):
    """A length as protobuf writes it."""
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)
