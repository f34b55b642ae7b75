// StreamValue: what a setting can be worth.
//
// Owns the shapes that google.protobuf.Value has, as Swift values. It converts nothing: StreamReader narrows a value to
// what a getter was asked for. Neighbours: StreamSetting carries a value with its key and its source.

/// What a setting is worth, as it came over the wire.
///
/// The sender knows one type of number, an IEEE 754 double: an integer beyond 2^53 has lost digits before it was sent
/// (`StreamValue.isExactInteger`). Durations are numbers of nanoseconds.
public enum StreamValue: Sendable, Hashable {
    /// Nothing; also a value message that says no kind.
    case null
    /// A truth value.
    case bool(Bool)
    /// A number, whole or not.
    case number(Double)
    /// A text.
    case string(String)
    /// Values in order.
    case list([StreamValue])
    /// Values by name.
    case map([String: StreamValue])
}
