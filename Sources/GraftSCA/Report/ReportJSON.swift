// ReportJSON.swift: the report as JSON.
//
// Owns the names and the order of the keys; tools parse them, so a key is added but never renamed. What is not known is
// null, never absent. Neighbours: Report.swift is the model, GraftConfig's JSONWriter makes the text.

public import GraftConfig
private import Graft

extension Report {
    /// The report as a JSON value.
    ///
    /// ```swift
    /// print(JSONWriter.text(product.status().json, style: .pretty))
    /// ```
    public var json: JSONValue {
        var numbers = JSONObject(counters.map { JSONMember(key: $0.name, value: JSONValue($0.value)) })
        numbers.members.append(
            JSONMember(
                key: "refused_by",
                value: .object(JSONObject(refusedBy.map { JSONMember(key: $0.name, value: JSONValue($0.value)) }))))
        return [
            "gate": gate.json,
            "error": JSONValue(error),
            "configurations": .array(configurations.map(\.json)),
            "targets": .array(targets.map(\.json)),
            "counters": .object(numbers),
        ]
    }
}

extension Gate {
    /// The gate as JSON: open or not, the reason, the variables that are missing.
    var json: JSONValue {
        [
            "open": .bool(isOpen),
            "reason": JSONValue(reason),
            "missing": .array(missing.map { .string($0.variable.rawValue) }),
        ]
    }
}

extension Report.Configuration {
    /// The configuration as JSON.
    var json: JSONValue {
        [
            "path": .string(path),
            "version": version.map { JSONValue($0) } ?? .null,
            "state": .string(state.rawValue),
            "errors": .array(errors.map(\.json)),
        ]
    }
}

extension ConfigError {
    /// The error as JSON, with its place in the payload.
    var json: JSONValue {
        [
            "code": .string(code.slug),
            "message": .string(message),
            "path": place.map { .string($0.path.description) } ?? .null,
            "line": place.map { JSONValue($0.line) } ?? .null,
            "column": place.map { JSONValue($0.column) } ?? .null,
        ]
    }
}

extension Report.Target {
    /// The target as JSON.
    var json: JSONValue {
        [
            "target": .string(target),
            "state": .string(state.rawValue),
            "reason": JSONValue(reason),
            "mode": JSONValue(mode?.rawValue),
            "sample_every": JSONValue(sampleEvery),
            "max_per_second": JSONValue(maximumPerSecond),
            "left_out": JSONValue(leftOut),
            "advisories": .array(advisories.map { .string($0) }),
            "entry_points": .array(entryPoints.map(\.json)),
        ]
    }
}

extension Report.EntryPoint {
    /// The entry point as JSON.
    var json: JSONValue {
        [
            "image": .string(image),
            "build_id": .string(buildID),
            "offset": JSONValue(offset),
            "symbol": .string(symbol),
            "state": .string(state.rawValue),
            "reason": JSONValue(reason),
            "hits": JSONValue(hits),
            "first_caller": firstCaller?.json ?? .null,
            "package": package?.json ?? .null,
        ]
    }
}

extension Symbol {
    /// The place in the source as JSON; an unknown file or line is null.
    var json: JSONValue {
        [
            "image": .string(image),
            "symbol": .string(symbol),
            "offset": JSONValue(offset),
            "file": file.isEmpty ? .null : .string(file),
            "line": line == 0 ? .null : JSONValue(line),
        ]
    }
}

extension Package {
    /// The package as JSON.
    var json: JSONValue { ["name": .string(name), "version": .string(version)] }
}
