// A program that knows the configuration stream, and brings a transport of its own: one that reaches nobody.
import GraftConfigStream

struct Nobody: StreamTransport {
    let address = "nowhere"

    func withConnection<Result: Sendable>(
        _ body: (any StreamConnection) async throws -> Result
    ) async throws -> Result {
        throw StreamFailure(.unavailable, "nobody is there")
    }
}

do {
    try await Nobody().withConnection { _ in }
} catch let failure as StreamFailure where failure.code == .unavailable {
    print("ok a program gives the configuration stream a transport of its own")
}
