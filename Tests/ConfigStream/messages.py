"""The messages of the stream as bytes.

Owns the way from JSON values to google.protobuf.Value and from settings to events. A snapshot is put together from
the bytes of its settings, so that 200,000 of them are encoded once and not with each snapshot. Neighbours: content.py
says which settings, Generated/ has the messages.
"""
import json
from typing import NamedTuple

from google.protobuf.struct_pb2 import NULL_VALUE

from Generated.config_stream_pb2 import ConfigEvent, ConfigSetting, ConfigSnapshot
from layers import ABSENT

# The tags of ConfigEvent.snapshot and of ConfigSnapshot.settings: field 1 and field 3, each with a length.
_SNAPSHOT, _SETTINGS = b"\x0a", b"\x1a"
# The lengths that are one byte.
_SHORT = [bytes([length]) for length in range(128)]


class Setting(NamedTuple):
    """One setting as it is told."""

    key: str
    source: str
    value: object = ABSENT
    unset_source: str = ""


def is_sendable(setting):
    """Whether a core agent can send a setting: it goes through JSON, which has no NaN and no infinities."""
    if isinstance(setting.value, (str, int)):
        return True
    try:
        json.dumps(setting.value, allow_nan=False, default=repr)
    except ValueError:
        return False
    return True


def cut(sequence):
    """A number of 64 bits as the stream has it: its lower 32, with a sign."""
    return ((sequence + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)


def fill_value(message, of):
    """Makes a google.protobuf.Value of a JSON value. {"$kind": null} leaves it without a kind."""
    if of is None:
        message.null_value = NULL_VALUE
    elif isinstance(of, bool):
        message.bool_value = of
    elif isinstance(of, (int, float)):
        message.number_value = of
    elif isinstance(of, str):
        message.string_value = of
    elif isinstance(of, (list, tuple)):
        message.list_value.SetInParent()
        for item in of:
            fill_value(message.list_value.values.add(), item)
    elif of == {"$kind": None}:
        message.SetInParent()
    else:
        message.struct_value.SetInParent()
        for name, item in of.items():
            fill_value(message.struct_value.fields[name], item)


def fill_setting(message, setting):
    """Makes a ConfigSetting of a setting."""
    message.key, message.source = setting.key, setting.source
    if setting.value is not ABSENT:
        fill_value(message.value, setting.value)
    if setting.unset_source:
        message.unset_source = setting.unset_source


def piece(setting):
    """A setting's bytes within a snapshot."""
    message = ConfigSetting()
    fill_setting(message, setting)
    encoded = message.SerializeToString()
    return _SETTINGS + _varint(len(encoded)) + encoded


def snapshot(origin, sequence, body):
    """A snapshot's bytes; `body` is the pieces of its settings one behind the other, which just follow the head."""
    head = ConfigSnapshot(origin=origin, sequence_id=cut(sequence)).SerializeToString()
    return b"".join((_SNAPSHOT, _varint(len(head) + len(body)), head, body))


def update(origin, sequence, setting):
    """An update's bytes."""
    event = ConfigEvent()
    event.update.origin, event.update.sequence_id = origin, cut(sequence)
    fill_setting(event.update.setting, setting)
    return event.SerializeToString()


def _varint(number):
    """A length as protobuf writes it."""
    if number < len(_SHORT):
        return _SHORT[number]
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)
