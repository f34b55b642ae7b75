"""A step as every client is to be seen: what was asked and what callbacks were given, without what may differ.

Owns the normalisation. Identifiers and the names of a language are masked; a field that is absent is one with its usual
value, as the agent reads it; bytes are bytes, whether written as base64 or as an array of numbers; the order of lists that
mean sets is forgotten. What is left is a dictionary of aspects that can be compared one by one.
"""
import base64
import json

CLIENT = {"id", "products", "is_tracer", "client_tracer", "state", "capabilities"}
TRACER = {"runtime_id", "language", "tracer_version", "service", "env", "app_version", "tags", "process_tags"}
STATE = {"root_version", "targets_version", "config_states", "has_error", "error", "backend_client_state"}
FILE_STATE = {"id", "version", "product", "apply_state", "apply_error"}
CACHED = {"path", "length", "hashes"}


def as_bytes(value):
    """Bytes, in either way of writing them."""
    if isinstance(value, list):
        return bytes(value)
    return base64.b64decode(value or "", validate=True)


def backend_state(value):
    """The back end's state, which one client repeats as it is and the other as the bytes of its characters."""
    return bytes(value).decode() if isinstance(value, list) else value or ""


def strangers(*pairs):
    """Fields beyond the known ones that say something."""
    return sorted(name for fields, known in pairs for name, value in fields.items() if name not in known and value)


def of_request(body):
    """What a request for configuration says."""
    whole = json.loads(body)
    client = whole["client"]
    tracer, state, cached = client["client_tracer"], client["state"], whole.get("cached_target_files") or []
    states = state.get("config_states") or []
    pairs = [(whole, {"client", "cached_target_files"}), (client, CLIENT), (tracer, TRACER), (state, STATE)]
    pairs += [(entry, FILE_STATE) for entry in states] + [(entry, CACHED) for entry in cached]
    return {
        "products": sorted(client["products"]),
        "capabilities": int.from_bytes(as_bytes(client.get("capabilities")), "big"),
        "who": [client.get("is_tracer"), tracer["service"], tracer["env"], tracer["app_version"]],
        "identifiers differ": client["id"] != tracer["runtime_id"] and bool(client["id"]),
        "root_version": state.get("root_version", 0),
        "targets_version": state.get("targets_version", 0),
        "backend_client_state": backend_state(state.get("backend_client_state")),
        "has_error": [bool(state.get("has_error")), bool(state.get("error"))],
        "config_states": sorted(
            [entry["product"], entry["id"], entry["version"], entry["apply_state"], bool(entry.get("apply_error"))]
            for entry in states),
        "cached_target_files": sorted(
            [entry["path"], entry["length"], [[hash["algorithm"], hash["hash"][:8]] for hash in entry["hashes"]]]
            for entry in cached),
        "strangers": strangers(*pairs),
    }


def of_events(events):
    """What callbacks were given."""
    calls = [event for event in events if "payloads" in event]
    changed = {payload["path"]: payload for call in calls for payload in call["payloads"] if payload["content"] is not None}
    return {
        "calls": sorted(
            [call["product"],
             sorted(payload["path"] for payload in call["payloads"] if payload["content"] is None),
             sorted([payload["path"], payload["content"]] for payload in call["payloads"] if payload["content"] is not None)]
            for call in calls),
        "removals first": all(
            sorted(flags, reverse=True) == flags
            for flags in ([payload["content"] is None for payload in call["payloads"]] for call in calls)),
        "versions": {path: payload["version"] for path, payload in sorted(changed.items())},
        "lengths": {path: payload["length"] for path, payload in sorted(changed.items())},
        "hashes": {path: bool(payload["sha256"]) for path, payload in sorted(changed.items())},
        "periodic": sorted(event["product"] for event in events if "periodic" in event),
        "settings": [event["settings"] for event in events if "settings" in event],
    }


def of_step(questions, events):
    """Everything about a step."""
    aspects = {"questions": [f"{question.method} {question.path}" for question in questions], **of_events(events)}
    for question in questions:
        if question.path == "/v0.7/config":
            assert question.headers["Content-Type"] == "application/json", question.headers.items()
            aspects.update(of_request(question.body))
    return aspects
