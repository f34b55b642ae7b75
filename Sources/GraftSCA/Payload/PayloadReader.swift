// PayloadReader.swift: from a payload's bytes to what it asks for.
//
// Owns the shapes that are accepted and the rule how much one mistake costs: a payload of no known shape, or past a limit,
// is refused whole; a target, an advisory or a version that cannot be read is refused alone, with its place. Fields that
// it does not know are left to others. Neighbours: Payload.swift, GraftConfig's JSONNode knows the places.

package import GraftConfig
package import Graft

/// Reads one payload. Accepted are, with plain targets, targets with a mode, and advisories mixed as one likes:
///
/// ```json
/// {"sca_instrumentation": {"targets": ["libpq.so.5:PQexec"]}}
/// {"targets": ["Shop:Order.price(_:)", {"target": "libc.so.6:getpid", "mode": "count"}]}
/// {"targets": [{"target": "libz.so.1:crc32", "mode": "entry", "sample_every": 10, "max_per_second": 1000}]}
/// [{"id": "GHSA-…", "targets": ["libpq.so.5:PQexec"], "dependency_name": "libpq5", "package_versions": ["<15.7"]}]
/// {"advisories": [{"id": "…", "targets": ["…"]}]}
/// ```
package struct PayloadReader {
    /// The mode of a target that names none: detection asks once whether a function was ever reached.
    package static let defaultMode = Mode.once

    /// What has been read.
    private var payload = Payload()
    /// Why faults are refused; nil when they are not.
    private let faultReason: String?
    /// The wishes so far, to leave out repetitions.
    private var seen: Set<Wish> = []
    /// Targets so far, good or bad.
    private var targets = 0
    /// Advisories so far, good or bad.
    private var advisories = 0

    /// Reads a payload. Its faults are refused, each alone, when there is a reason to.
    ///
    /// - Throws: what makes the whole of it unusable, with its place.
    package static func read(_ bytes: [UInt8], refusingFaults reason: String? = nil) throws(ConfigError) -> Payload {
        let document = try JSONDocument.parse(bytes)
        var reader = PayloadReader(faultReason: reason)
        for list in try reader.lists(document.root) {
            for item in list { try reader.readItem(item) }
        }
        return reader.payload
    }

    /// The lists of a payload, by its shape.
    private func lists(_ root: JSONNode) throws(ConfigError) -> [JSONElements] {
        if let elements = root.elements { return [elements] }
        let container = root["sca_instrumentation"] ?? root
        guard container.kind == .object else {
            throw container.error("an object is expected, not \(container.kind.noun)")
        }
        var lists: [JSONElements] = []
        for key in ["targets", "advisories"] {
            guard let node = container[key] else { continue }
            guard let elements = node.elements else {
                throw node.error("an array is expected, not \(node.kind.noun)")
            }
            lists.append(elements)
        }
        guard !lists.isEmpty else {
            throw container.error("an object with \"targets\" or \"advisories\" is expected")
        }
        return lists
    }

    /// A reader that has read nothing.
    private init(faultReason: String?) { self.faultReason = faultReason }

    /// Reads one element of a list: a target, a target with a mode, or an advisory.
    private mutating func readItem(_ item: JSONNode) throws(ConfigError) {
        if item["targets"] != nil || item["id"] != nil {
            try readAdvisory(item)
        } else {
            try readTarget(item, advisory: nil)
        }
    }

    /// Reads a target, by itself or in an advisory.
    private mutating func readTarget(_ node: JSONNode, advisory: Advisory?) throws(ConfigError) {
        targets += 1
        guard targets <= PayloadLimits.targets else {
            throw node.error("a payload has at most \(PayloadLimits.targets) targets", code: .limit)
        }
        guard let text = node.string ?? node["target"]?.string else {
            return note(node, "a target is expected: text, or an object with \"target\"")
        }
        if node["action"] != nil || node["signature"] != nil { return readFault(node, target: text) }
        guard let mode = mode(of: node), let share = share(of: node, mode: mode) else { return }
        do throws(GraftError) {
            let wish = Wish(target: try Target(text), mode: mode, share: share, advisory: advisory)
            if seen.insert(wish).inserted { payload.wishes.append(wish) }
        } catch {
            let message = "\(error.message) (\(Self.place(of: error, in: text)))"
            note(node, message, code: ConfigError.Code(error.code.rawValue), refusing: text)
        }
    }

    /// The mode of a target; nil, and noted, when it is none.
    private mutating func mode(of node: JSONNode) -> Mode? {
        guard let field = node["mode"], !field.isNull else { return Self.defaultMode }
        let modes = Mode.allCases.filter { $0 != .around }
        if let mode = field.string.flatMap(Mode.init(rawValue:)), modes.contains(mode) { return mode }
        let known = modes.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        note(field, "a mode is one of \(known)", refusing: node["target"]?.string)
        return nil
    }

    /// The share of a target's calls; nil, and noted, when a part of it is none, or the mode has none.
    private mutating func share(of node: JSONNode, mode: Mode) -> Share? {
        var share = Share.all
        for (key, least, part) in [
            ("sample_every", 1, \Share.sampleEvery), ("max_per_second", 0, \Share.maximumPerSecond),
        ] {
            guard let field = node[key], !field.isNull else { continue }
            guard mode.hasShare else {
                note(
                    field, "\"\(key)\" is for the modes \"entry\" and \"entry-exit\"", refusing: node["target"]?.string)
                return nil
            }
            guard let value = field.integer.flatMap(UInt32.init(exactly:)), value >= least else {
                note(
                    field, "\"\(key)\" is a whole number from \(least) to \(UInt32.max)",
                    refusing: node["target"]?.string)
                return nil
            }
            share[keyPath: part] = value
        }
        return share
    }

    /// Where in a target's text reading failed, without repeating a long one.
    private static func place(of error: GraftError, in text: String) -> String {
        guard case .target(_, let offset)? = error.place else { return "\(text.utf8.count) bytes" }
        return "byte \(offset) of \"\(text.prefix(80))\(text.count > 80 ? "…" : "")\""
    }
}

// MARK: Faults

extension PayloadReader {
    /// Reads a fault. One that cannot be read, or may not be injected, is refused alone.
    private mutating func readFault(_ node: JSONNode, target text: String) {
        if let faultReason { return note(node, faultReason, code: .disabled, refusing: text) }
        let target: Target
        do throws(GraftError) {
            target = try Target(text)
        } catch {
            let message = "\(error.message) (\(Self.place(of: error, in: text)))"
            return note(node, message, code: ConfigError.Code(error.code.rawValue), refusing: text)
        }
        do throws(ConfigError) {
            let fault = try FaultReader.read(node, target: target)
            if !payload.faults.contains(fault) { payload.faults.append(fault) }
        } catch {
            keep(error, refusing: text)
        }
    }
}

// MARK: Advisories

extension PayloadReader {
    /// Reads an advisory. Without an identifier, or with a condition that cannot be read, it is refused alone.
    private mutating func readAdvisory(_ node: JSONNode) throws(ConfigError) {
        advisories += 1
        guard advisories <= PayloadLimits.advisories else {
            throw node.error("a payload has at most \(PayloadLimits.advisories) advisories", code: .limit)
        }
        guard let id = name(node["id"], in: node, what: "an advisory's \"id\"") else { return }
        var advisory = Advisory(id: id)
        if let field = node["dependency_name"], !field.isNull {
            guard let dependency = name(field, in: node, what: "\"dependency_name\"") else { return }
            advisory.dependency = dependency
        }
        if let field = node["package_versions"], !field.isNull {
            guard let versions = versions(field) else { return }
            // An empty list states nothing, so it restricts nothing.
            advisory.versions = field.elements?.first { _ in true } == nil ? nil : versions
        }
        guard let list = node["targets"], let elements = list.elements else {
            return note(node["targets"] ?? node, "an advisory has an array \"targets\"")
        }
        for target in elements { try readTarget(target, advisory: advisory) }
    }

    /// A text that is neither empty nor too long; nil, and noted, when it is.
    private mutating func name(_ node: JSONNode?, in parent: JSONNode, what: String) -> String? {
        let text = node?.string ?? ""
        if !text.isEmpty && text.utf8.count <= PayloadLimits.nameBytes { return text }
        note(node ?? parent, "\(what) is text of 1 to \(PayloadLimits.nameBytes) bytes")
        return nil
    }

    /// The versions of an advisory; nil, and noted, when they are no list or too many. An alternative that cannot be
    /// read is noted and matches nothing.
    private mutating func versions(_ node: JSONNode) -> VersionRange? {
        guard let elements = node.elements else {
            note(node, "\"package_versions\" is an array of texts")
            return nil
        }
        var range = VersionRange(alternatives: [])
        for (index, element) in elements.enumerated() {
            guard index < PayloadLimits.ranges else {
                note(node, "\"package_versions\" has at most \(PayloadLimits.ranges) entries", code: .limit)
                return nil
            }
            if let alternative = element.string.flatMap({ VersionRange.alternative($0) }) {
                range.alternatives.append(alternative)
            } else {
                note(element, "not a version range like \">=1.0, <1.2\": it matches no version")
            }
        }
        return range
    }
}

// MARK: Mistakes

extension PayloadReader {
    /// Notes a mistake that stops only what it is about. Places take time to work out, so only the first ones have one.
    private mutating func note(
        _ node: JSONNode, _ message: String, code: ConfigError.Code = .payload, refusing text: String? = nil
    ) {
        guard payload.errors.count < PayloadLimits.errors else {
            payload.errorsOmitted += 1
            return
        }
        keep(node.error(message, code: code), refusing: text)
    }

    /// Keeps a mistake with its place, as long as there is room.
    private mutating func keep(_ error: ConfigError, refusing text: String?) {
        guard payload.errors.count < PayloadLimits.errors else {
            payload.errorsOmitted += 1
            return
        }
        payload.errors.append(error)
        if let text { payload.refused.append(Payload.RefusedTarget(text: text, error: error)) }
    }
}
