// Request: which stream is to be shown, and how.
//
// Owns the defaults, what excludes what, and the limits of values. It opens nothing. Neighbours: Arguments gives the options,
// Watch carries it out.
#if ConfigStream

    internal import GraftConfigStream

    /// Which stream is to be shown, and how.
    struct Request: Hashable, Sendable {
        /// How much is said on standard error.
        enum Loudness: Hashable, Sendable {
            /// Why it ends.
            case quiet
            /// States, failures, and at the end what was counted.
            case usual
            /// Counts with each state, too.
            case verbose
        }

        /// The core agent's own default.
        static let usualServer = "localhost:5001"
        /// Where a core agent is configured.
        static let usualFolder = "/etc/datadog-agent"
        /// The tool's name.
        static let usualClient = "graft-stream"
        /// The rules that one wants.
        static let usualProfile = StreamProfile.graft
        /// All rules.
        static let profiles: [StreamProfile] = [.seed, .merged, .current, .graft]
        /// How long `--once` waits unless it is told, in seconds.
        static let onceTimeout = 30
        /// The longest `--timeout`, in seconds: a day.
        static let timeoutMax = 86_400.0
        /// The longest name and session, in bytes: they travel in every request.
        static let nameMax = 256

        var address: CoreAgentAddress
        var files: IPCFiles
        var session: String?
        var client: String
        var selection: StreamSelection
        var isJSON: Bool
        var isOnce: Bool
        /// How long to wait for the configuration; nil waits without end.
        var timeout: Duration?
        var profile: StreamProfile
        var showsSecrets: Bool
        var loudness: Loudness

        /// What the options mean together.
        init(_ arguments: Arguments) throws(UsageError) {
            let options = arguments.options
            do throws(StreamFailure) {
                address = try CoreAgentAddress(options[.server] ?? Self.usualServer)
            } catch {
                throw UsageError(error.message)
            }
            files = try Self.files(arguments)
            session = try options[.session].map { text throws(UsageError) in try Self.name(text, .session) }
            client = try Self.name(options[.client] ?? Self.usualClient, .client)
            selection = try Self.selection(arguments)
            isJSON = arguments.has(.json)
            isOnce = arguments.has(.once)
            timeout = try Self.timeout(options[.timeout]) ?? (isOnce ? .seconds(Self.onceTimeout) : nil)
            profile = try Self.profile(options[.profile])
            showsSecrets = arguments.has(.showSecrets)
            try Self.exclude(.quiet, .verbose, in: arguments)
            loudness = arguments.has(.quiet) ? .quiet : arguments.has(.verbose) ? .verbose : .usual
        }

        /// What the consumer is told.
        var settings: StreamSettings {
            var settings = StreamSettings(
                clientName: client, session: session.map { .fixed($0) } ?? .registered(flavor: "graft"))
            settings.profile = profile
            return settings
        }

        /// Refuses two options that exclude each other.
        private static func exclude(_ one: Options, _ other: Options, in arguments: Arguments) throws(UsageError) {
            if arguments.has(one), arguments.has(other) {
                throw UsageError("\(one.rawValue) and \(other.rawValue) exclude each other")
            }
        }

        /// Where token and certificate are.
        private static func files(_ arguments: Arguments) throws(UsageError) -> IPCFiles {
            try exclude(.ipc, .authToken, in: arguments)
            try exclude(.ipc, .certificate, in: arguments)
            let certificate = arguments.options[.certificate] ?? ""
            guard let token = arguments.options[.authToken] else {
                guard certificate.isEmpty else { throw UsageError("--cert needs --auth-token") }
                return IPCFiles(folder: arguments.options[.ipc] ?? usualFolder)
            }
            return IPCFiles(folder: usualFolder, authTokenFilePath: token, certificateFilePath: certificate)
        }

        /// Which keys are shown.
        private static func selection(_ arguments: Arguments) throws(UsageError) -> StreamSelection {
            try exclude(.prefix, .key, in: arguments)
            if let key = arguments.options[.key] { return .key(StreamKey(key)) }
            return arguments.options[.prefix].map { .prefix($0) } ?? .all
        }

        /// A name that can travel in the header of a request: visible ASCII.
        private static func name(_ text: String, _ option: Options) throws(UsageError) -> String {
            guard text.utf8.count <= nameMax else {
                throw UsageError("\(option.rawValue) has at most \(nameMax) bytes, this one \(text.utf8.count)")
            }
            guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw UsageError("\(option.rawValue) consists of visible ASCII characters, without spaces")
            }
            return text
        }

        /// A time in seconds.
        private static func timeout(_ text: String?) throws(UsageError) -> Duration? {
            guard let text else { return nil }
            guard let seconds = Double(text), seconds > 0, seconds <= timeoutMax else {
                throw UsageError("--timeout is a number of seconds, more than 0 and at most \(Int(timeoutMax))")
            }
            return .seconds(seconds)
        }

        /// The rules of this name.
        private static func profile(_ name: String?) throws(UsageError) -> StreamProfile {
            guard let name else { return usualProfile }
            guard let profile = profiles.first(where: { $0.name == name }) else {
                throw UsageError(
                    "no profile is called \(name); there are \(profiles.map(\.name).joined(separator: ", "))")
            }
            return profile
        }
    }

#endif
