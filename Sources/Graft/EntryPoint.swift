// EntryPoint.swift: what is known of one function's entry in one image.
//
// Owns the value and its translation from C (target.h). Neighbours: Snapshot.swift, Explanation.swift.

internal import CGraft

/// One function's entry in one image.
public struct EntryPoint: Hashable, Sendable {
    /// Facts about an entry point.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The bits, as in C.
        public let rawValue: UInt32

        /// Flags of these bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The image has unwind information for it.
        public static let hasUnwind = Self(rawValue: UInt32(GRAFT_ENTRY_HAS_UNWIND))
        /// Its callers assume no more than the ABI.
        public static let abiCallers = Self(rawValue: UInt32(GRAFT_ENTRY_ABI_CALLERS))
        /// A Swift symbol.
        public static let swift = Self(rawValue: UInt32(GRAFT_ENTRY_SWIFT))
        /// A Swift async function, or a part of one.
        public static let async = Self(rawValue: UInt32(GRAFT_ENTRY_ASYNC))
        /// Certainly the entry of an async function: it is left when it is done.
        public static let completes = Self(rawValue: UInt32(GRAFT_ENTRY_COMPLETES))
        /// A Swift function that can throw.
        public static let `throws` = Self(rawValue: UInt32(GRAFT_ENTRY_THROWS))
        /// A `modify` or `read` accessor: it is left when the access has ended.
        public static let yields = Self(rawValue: UInt32(GRAFT_ENTRY_YIELDS))
        /// A clone that the compiler made of the named function.
        public static let clone = Self(rawValue: UInt32(GRAFT_ENTRY_CLONE))
        /// An indirect function.
        public static let ifunc = Self(rawValue: UInt32(GRAFT_ENTRY_IFUNC))
        /// What an indirect function, named by ``EntryPoint/name``, chose in this process.
        public static let chosen = Self(rawValue: UInt32(GRAFT_ENTRY_CHOSEN))
    }

    /// Where it is in this process; 0 when it was read from a file.
    public var address: UInt64
    /// Its virtual address in the image's file.
    public var offset: UInt64
    /// Bytes of the function; 0 when unknown.
    public var size: UInt64
    /// The path of the image.
    public var image: String
    /// The image's build-id in lower-case hexadecimal; empty when it has none.
    public var buildID: String
    /// The linker name; empty for a stripped address.
    public var symbol: String
    /// The demangled name, or the same as `symbol`.
    public var name: String
    /// Further symbols at the same address.
    public var aliases: Int
    /// Facts about it.
    public var flags: Flags

    /// An entry point with these parts.
    public init(
        address: UInt64 = 0, offset: UInt64, size: UInt64 = 0, image: String, buildID: String = "", symbol: String,
        name: String? = nil, aliases: Int = 0, flags: Flags = []
    ) {
        self.address = address
        self.offset = offset
        self.size = size
        self.image = image
        self.buildID = buildID
        self.symbol = symbol
        self.name = name ?? symbol
        self.aliases = aliases
        self.flags = flags
    }

    /// The value of this C struct.
    init(_ raw: graft_entry_point) {
        self.init(
            address: raw.address, offset: raw.offset, size: raw.size, image: String(cString: raw.image),
            buildID: String(cString: raw.build_id), symbol: String(cString: raw.symbol),
            name: String(cString: raw.name), aliases: Int(raw.aliases), flags: Flags(rawValue: raw.flags))
    }

    /// The canonical identifier, which survives address randomisation and renaming of the file:
    /// `b1946ac9+0x1234:PQexec`.
    public var identifier: String { "\(buildID)+0x\(String(offset, radix: 16)):\(symbol)" }
}
