// ConfigPath: what a configuration is known by.
//
// Owns the grammar of paths and nothing of what stands behind them. Any product is accepted: the agent knows more of them
// than a client does. Neighbours: ConfigMetadata, ConfigRequest repeat its parts.

public import GraftConfig

/// The path of a configuration: `datadog/2/SCA_DETECTION/sca_config/config` or `employee/SCA_DETECTION/sca_config/config`.
///
/// Paths are equal and ordered by their bytes.
public struct ConfigPath: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The most bytes of a path.
    public static let maximumBytes = 1_024

    /// Who wrote the configuration.
    public enum Source: Sendable, Hashable {
        /// The organisation with this number.
        case datadog(organisation: Int64)
        /// An employee, for support.
        case employee
    }

    /// Who wrote the configuration.
    public let source: Source
    /// The product that it is for.
    public let product: String
    /// The configuration's identifier.
    public let id: String
    /// The last part, mostly `config`.
    public let name: String
    /// The whole path.
    private let exact: ExactText

    /// Reads a path.
    ///
    /// - Throws: `badPath` with a sentence that does not repeat the path, or `limit` for one that is too long.
    public init(_ text: String) throws(ConfigError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw ConfigError(.limit, "a path has at most \(Self.maximumBytes) bytes")
        }
        // By bytes: a combining mark after a slash does not hide the slash.
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard !parts.contains("") else { throw ConfigError(.badPath, "a part of the path is empty") }
        source = try Self.source(of: parts)
        product = parts[parts.count - 3]
        id = parts[parts.count - 2]
        name = parts[parts.count - 1]
        exact = ExactText(text)
    }

    /// The source, by the first parts and their number.
    private static func source(of parts: [String]) throws(ConfigError) -> Source {
        switch (parts[0], parts.count) {
        case ("employee", 4): return .employee
        case ("datadog", 5):
            let isNumber = parts[1].utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard isNumber, let number = Int64(parts[1]) else {
                throw ConfigError(.badPath, "an organisation is a whole number up to \(Int64.max)")
            }
            return .datadog(organisation: number)
        case ("employee", _), ("datadog", _):
            throw ConfigError(.badPath, "the path has \(parts.count) parts")
        default:
            throw ConfigError(.badPath, "a path begins with \"datadog\" or \"employee\"")
        }
    }

    /// The whole path.
    public var text: String { exact.text }
    /// The whole path.
    public var description: String { exact.text }

    /// Whether the texts are equal byte by byte.
    public static func == (left: Self, right: Self) -> Bool { left.exact == right.exact }
    /// By the bytes of the text.
    public func hash(into hasher: inout Hasher) { hasher.combine(exact) }
    /// The order of the bytes.
    public static func < (left: Self, right: Self) -> Bool { left.exact < right.exact }
}
