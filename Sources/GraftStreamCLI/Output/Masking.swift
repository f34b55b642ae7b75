// Masking: which values are shown.
//
// Owns what is remembered of secrets: a key that the store of secrets has set stays masked, so that the old value of its next
// change is not shown. Neighbours: StreamSecrets has the rules, ShownChange carries what is left.
#if ConfigStream

    internal import GraftConfigStream

    /// What is shown of a value.
    enum ShownValue: Hashable, Sendable {
        /// There is none.
        case none
        /// It is a secret.
        case masked
        /// This.
        case value(StreamValue)
    }

    /// A change, as it is shown. As one setting of a snapshot it has no old value.
    struct ShownChange: Hashable, Sendable {
        var key: String
        var old: ShownValue
        var new: ShownValue
        /// The name of who has set the new value; nil without one.
        var source: String?
        var position: StreamPosition

        /// Whether something of it is not shown.
        var isMasked: Bool { old == .masked || new == .masked }
    }

    /// Decides what is shown, change by change.
    struct Masking: Sendable {
        /// The rules; nil shows everything.
        private let secrets: StreamSecrets?
        /// The keys that the store of secrets has set.
        private var keys: Set<String> = []

        /// Shows secrets or does not.
        init(showsSecrets: Bool) { secrets = showsSecrets ? nil : StreamSecrets() }

        /// What is shown of a change. To be asked for every change, in order.
        mutating func shown(_ change: StreamChange) -> ShownChange {
            if change.source == .secret { keys.insert(change.key) }
            return ShownChange(
                key: change.key, old: shown(change.old, of: change.key), new: shown(change.new, of: change.key),
                source: change.source?.name, position: change.position)
        }

        /// What is shown of a value.
        private func shown(_ value: StreamValue?, of key: String) -> ShownValue {
            guard let value else { return .none }
            guard let secrets else { return .value(value) }
            let isSecret = keys.contains(key) || secrets.withholdsAnything(of: value, key: key)
            return isSecret ? .masked : .value(value)
        }
    }

#endif
