// checkConfigSource: what every source of configuration must do, as a test that any source can be given to.
//
// Owns the contract of ConfigSource in executable form. It knows no particular source: a stage says how to change what
// the source sees. Violations are returned as sentences, so that it works with every test framework.

public import GraftConfig

/// A source and the world that it looks at.
public struct ConfigSourceStage {
    /// Makes the source; what was put before is already there.
    public var open: () throws -> any ConfigSource
    /// Puts good content, JSON text, under a name.
    public var put: (_ name: String, _ text: String) throws -> Void
    /// Makes what is under a name unusable.
    public var spoil: (_ name: String) throws -> Void
    /// Takes away what is under a name.
    public var remove: (_ name: String) throws -> Void
    /// The path by which the source calls a name.
    public var path: (_ name: String) -> String

    /// A stage of these parts.
    public init(
        open: @escaping () throws -> any ConfigSource, put: @escaping (String, String) throws -> Void,
        spoil: @escaping (String) throws -> Void, remove: @escaping (String) throws -> Void,
        path: @escaping (String) -> String
    ) {
        self.open = open
        self.put = put
        self.spoil = spoil
        self.remove = remove
        self.path = path
    }
}

/// Checks a source against the contract of `ConfigSource`; gives a sentence for each violation, none for a good source.
///
/// ```swift
/// let violations = try checkConfigSource { try makeStage() }
/// #expect(violations == [])
/// ```
///
/// - Parameters:
///   - patience: how long to wait for an event that must come.
///   - quiet: how long to wait for events that must not come.
///   - makeStage: gives a new, empty stage for each behaviour.
public func checkConfigSource(
    patience: Duration = .seconds(5), quiet: Duration = .milliseconds(300),
    _ makeStage: () throws -> ConfigSourceStage
) rethrows -> [String] {
    var violations: [String] = []
    for (name, behaviour) in ConfigSourceCheck.behaviours {
        var check = ConfigSourceCheck(stage: try makeStage(), patience: patience, quiet: quiet)
        do {
            try behaviour(&check)
        } catch {
            check.violations.append("threw \(error)")
        }
        violations += check.violations.map { "\(name): \($0)" }
    }
    return violations
}

/// One run of one behaviour.
private struct ConfigSourceCheck {
    /// The source's world.
    let stage: ConfigSourceStage
    /// How long to wait for what must come.
    let patience: Duration
    /// How long to wait for what must not.
    let quiet: Duration
    /// What was wrong.
    var violations: [String] = []

    /// Every behaviour with its name.
    static var behaviours: [(String, (inout ConfigSourceCheck) throws -> Void)] {
        [
            ("what is there at first is an update each", { try $0.givesWhatIsThere() }),
            ("sequences and versions count", { try $0.counts() }),
            ("the same content is no update", { try $0.ignoresSameContent() }),
            ("a problem leaves the last good content in force", { try $0.keepsLastGood() }),
            ("a problem is over when the old content is back", { try $0.clearsProblems() }),
            ("a removal is an update, and so is a return", { try $0.removesAndReturns() }),
            ("a source with nothing to say is quiet", { try $0.isQuiet() }),
            ("a closed source is silent", { try $0.closes() }),
        ]
    }

    /// Notes a violation unless `condition` holds.
    private mutating func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
        if !condition { violations.append(message()) }
    }

    /// Listens until so many updates have come.
    private mutating func expect(_ count: Int, updatesBy listener: ConfigSourceListener) {
        let found = listener.listen(for: patience) { _ in listener.updates.count >= count }
        expect(found && listener.updates.count == count, "\(count) updates expected, events were \(listener.events)")
    }

    /// Listens until so many problems have come.
    private mutating func expect(_ count: Int, problemsBy listener: ConfigSourceListener) {
        let found = listener.listen(for: patience) { _ in listener.problems.count >= count }
        expect(found && listener.problems.count == count, "\(count) problems expected, events were \(listener.events)")
    }

    /// Opens the source.
    private func listen() throws -> ConfigSourceListener { ConfigSourceListener(try stage.open()) }
}

extension ConfigSourceCheck {
    /// What was put before the source was made is handed out, once each.
    private mutating func givesWhatIsThere() throws {
        try stage.put("a.json", "[1]")
        try stage.put("b.json", "[2]")
        let listener = try listen()
        expect(2, updatesBy: listener)
        let expected = [stage.path("a.json"): Array("[1]".utf8), stage.path("b.json"): Array("[2]".utf8)]
        expect(listener.inForce == expected, "in force was \(listener.inForce)")
        listener.source.close()
    }

    /// Sequences are 1, 2, 3, … and versions grow.
    private mutating func counts() throws {
        let listener = try listen()
        for (round, name) in ["a.json", "b.json", "a.json", "a.json"].enumerated() {
            try stage.put(name, "[\(round)]")
            expect(round + 1, updatesBy: listener)
        }
        expect(listener.updates.map(\.sequence) == [1, 2, 3, 4], "sequences were \(listener.updates.map(\.sequence))")
        let versions = listener.updates.filter { $0.path == stage.path("a.json") }.map(\.version)
        expect(zip(versions, versions.dropFirst()).allSatisfy { $0 < $1 }, "versions were \(versions)")
        listener.source.close()
    }

    /// Content that is there already is not handed out again.
    private mutating func ignoresSameContent() throws {
        let listener = try listen()
        try stage.put("a.json", "[1]")
        expect(1, updatesBy: listener)
        try stage.put("a.json", "[1]")
        try stage.put("b.json", "[2]")
        expect(2, updatesBy: listener)
        expect(listener.updates.last?.path == stage.path("b.json"), "events were \(listener.events)")
        listener.source.close()
    }

    /// A problem is told with its path, and takes nothing away.
    private mutating func keepsLastGood() throws {
        let listener = try listen()
        try stage.put("a.json", "[1]")
        expect(1, updatesBy: listener)
        try stage.spoil("a.json")
        expect(1, problemsBy: listener)
        expect(listener.problems.last?.path == stage.path("a.json"), "the problem is \(listener.problems)")
        expect(listener.inForce[stage.path("a.json")] == Array("[1]".utf8), "in force is \(listener.inForce)")
        try stage.put("a.json", "[2]")
        expect(2, updatesBy: listener)
        expect(listener.inForce[stage.path("a.json")] == Array("[2]".utf8), "in force is \(listener.inForce)")
        listener.source.close()
    }

    /// Old content that comes back ends the problem without an update.
    private mutating func clearsProblems() throws {
        let listener = try listen()
        try stage.put("a.json", "[1]")
        expect(1, updatesBy: listener)
        try stage.spoil("a.json")
        expect(1, problemsBy: listener)
        try stage.put("a.json", "[1]")
        let cleared = ConfigEvent.cleared(path: stage.path("a.json"))
        let found = listener.listen(for: patience) { $0.contains(cleared) }
        expect(found, "events were \(listener.events)")
        expect(1, updatesBy: listener)
        listener.source.close()
    }

    /// What goes and comes back is two updates, and its versions go on.
    private mutating func removesAndReturns() throws {
        let listener = try listen()
        try stage.put("a.json", "[1]")
        expect(1, updatesBy: listener)
        try stage.remove("a.json")
        expect(2, updatesBy: listener)
        expect(listener.updates.last?.isRemoval == true, "events were \(listener.events)")
        try stage.put("a.json", "[1]")
        expect(3, updatesBy: listener)
        let versions = listener.updates.map(\.version)
        expect(zip(versions, versions.dropFirst()).allSatisfy { $0 < $1 }, "versions were \(versions)")
        listener.source.close()
    }

    /// Without changes there are no events, and hardly a wake-up.
    private mutating func isQuiet() throws {
        let listener = try listen()
        try stage.put("a.json", "[1]")
        expect(1, updatesBy: listener)
        let late = listener.listen(throughout: quiet)
        expect(late.isEmpty, "said without reason: \(late)")
        expect(listener.idleWakes < 16, "woke \(listener.idleWakes) times for nothing")
        expect(listener.source.poll().isEmpty, "a poll without reason gave events")
        listener.source.close()
    }

    /// After `close` there are neither events nor a descriptor.
    private mutating func closes() throws {
        let listener = try listen()
        expect(listener.source.descriptor >= 0, "the descriptor of an open source is \(listener.source.descriptor)")
        try stage.put("a.json", "[1]")
        listener.source.close()
        expect(listener.source.poll().isEmpty, "a closed source gave events")
        expect(listener.source.descriptor == -1, "the descriptor of a closed source is \(listener.source.descriptor)")
        listener.source.close()
    }
}
