// Options: what the tool can be told.
//
// Owns the names, what their values are called, and a sentence about each: the one source of parsing and help. Neighbours:
// Arguments reads by it, Help prints it.
#if ConfigStream

    internal import GraftConfigStream

    /// An option, in the order of the help.
    enum Options: String, Hashable, Sendable, CaseIterable {
        case server = "--server"
        case ipc = "--ipc"
        case authToken = "--auth-token"
        case certificate = "--cert"
        case session = "--session"
        case client = "--client"
        case prefix = "--prefix"
        case key = "--key"
        case json = "--json"
        case once = "--once"
        case timeout = "--timeout"
        case profile = "--profile"
        case showSecrets = "--show-secrets"
        case quiet = "--quiet"
        case verbose = "--verbose"
        case version = "--version"
        case help = "--help"

        /// What its value is called; nil for an option without one.
        var value: String? {
            switch self {
            case .server: "ADDRESS"
            case .ipc: "FOLDER"
            case .authToken, .certificate: "FILE"
            case .session: "ID"
            case .client, .profile: "NAME"
            case .prefix: "TEXT"
            case .key: "KEY"
            case .timeout: "SECONDS"
            case .json, .once, .showSecrets, .quiet, .verbose, .version, .help: nil
            }
        }

        /// One sentence for the help.
        var help: String {
            switch self {
            case .server:
                "Where the core agent listens: HOST:PORT, [IPV6]:PORT, unix:///PATH or vsock://CID:PORT; "
                    + "\(Request.usualServer) if left out."
            case .ipc: "Where its auth_token and ipc_cert.pem are; \(Request.usualFolder) if left out."
            case .authToken: "The token's file, instead of --ipc."
            case .certificate: "The certificate's file; ipc_cert.pem beside the token if left out."
            case .session:
                "A session that somebody else has registered and refreshes; without, the tool registers itself."
            case .client: "The name that the core agent knows the tool by; \(Request.usualClient) if left out."
            case .prefix: "Shows the keys that begin with TEXT."
            case .key: "Shows one key."
            case .json: "Prints one JSON object a line."
            case .once: "Prints the configuration and ends."
            case .timeout:
                "How long to wait for the configuration; without end if left out, and \(Request.onceTimeout) with --once."
            case .profile:
                "The rules of order and removal: \(Request.profiles.map(\.name).joined(separator: ", ")); "
                    + "\(Request.usualProfile.name) if left out."
            case .showSecrets: "Prints the values of secrets, which are masked else."
            case .quiet: "Says nothing on standard error but why it ends."
            case .verbose: "Says more there: counts with each state, and all of them at the end."
            case .version: "Prints the version."
            case .help: "Shows this help."
            }
        }
    }

#endif
