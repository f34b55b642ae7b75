// Status.swift: from a C status to a Swift error.
//
// Owns the one translation between the two; the words stay in the C table. Neighbour: GraftError.swift.

internal import CGraft

extension GraftError.Code {
    /// The code with the slug of this status.
    init(_ status: graft_status) {
        self.init(rawValue: String(cString: graft_status_slug(status)))
    }
}

extension GraftError {
    /// The error for a status that is not `GRAFT_OK`, with the table's sentence.
    init(_ status: graft_status, place: Place? = nil) {
        self.init(
            code: Code(status), message: String(cString: graft_status_sentence(status)), place: place)
    }

    /// Throws the error for every status but `GRAFT_OK`.
    static func check(_ status: graft_status, place: @autoclosure () -> Place? = nil) throws(GraftError) {
        guard status != GRAFT_OK else { return }
        throw GraftError(status, place: place())
    }
}
