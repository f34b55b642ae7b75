// IPCFiles: where a core agent leaves what its clients need to talk to it.
//
// Owns the rule that finds the two files. It never creates, opens or reads them. Neighbours: GraftConfigStreamGRPC
// reads both at each connection.

/// The files that a core agent has made for its remote agents: a bearer token, and a certificate with its key.
///
/// Both belong to the core agent; a remote agent only reads them.
public struct IPCFiles: Sendable, Hashable {
    /// The path of the token: 64 hexadecimal digits.
    public var authToken: String
    /// The path of the PEM file: the certificate, then its EC private key. It is the server's certificate, the client's, and
    /// the only one that either trusts.
    public var certificate: String

    /// These two files.
    public init(authToken: String, certificate: String) {
        self.authToken = authToken
        self.certificate = certificate
    }

    /// The files of a core agent whose configuration is in `folder`, where a setting does not name another place: the token
    /// is `auth_token` there, the certificate `ipc_cert.pem` beside the token if the token's place is set, else there.
    ///
    /// - Parameters:
    ///   - folder: the folder of `datadog.yaml`.
    ///   - authTokenFilePath: the setting `auth_token_file_path`; empty when it is not set.
    ///   - certificateFilePath: the setting `ipc_cert_file_path`; empty when it is not set.
    public init(folder: String, authTokenFilePath: String = "", certificateFilePath: String = "") {
        authToken = authTokenFilePath.isEmpty ? "\(folder)/auth_token" : authTokenFilePath
        if !certificateFilePath.isEmpty {
            certificate = certificateFilePath
        } else if let slash = authTokenFilePath.lastIndex(of: "/") {
            certificate = authTokenFilePath[...slash] + "ipc_cert.pem"
        } else {
            certificate = authTokenFilePath.isEmpty ? "\(folder)/ipc_cert.pem" : "ipc_cert.pem"
        }
    }
}
