// Descriptor: one open file descriptor, owned.
//
// Owns the closing: a descriptor is closed exactly once, when its owner goes. Reading is here too, since every
// descriptor of this module is read without waiting.

internal import Glibc

/// An open file descriptor that is closed with its owner. Every one of this module is close-on-exec.
struct Descriptor: ~Copyable {
    /// The number.
    let number: Int32

    /// Owns `number`, which the call named `call` has returned; throws what errno says when it is negative.
    init(_ number: Int32, from call: String) throws(SystemFailure) {
        guard number >= 0 else { throw SystemFailure(call) }
        self.number = number
    }

    /// The lowest number of a descriptor that stays open: shells redirect 3 to 9, and some programs count on their first
    /// descriptor being 3. A source may live inside either.
    static let lastingMinimum: Int32 = 64

    /// Owns `number` as `init` does, under a number that is out of the host's way if one is to be had.
    static func lasting(_ number: Int32, from call: String) throws(SystemFailure) -> Descriptor {
        let raised = number < 0 ? -1 : fcntl(number, F_DUPFD_CLOEXEC, lastingMinimum)
        guard raised >= 0 else { return try Descriptor(number, from: call) }
        _ = Glibc.close(number)
        return try Descriptor(raised, from: "fcntl")
    }

    deinit {
        // Linux releases the number whatever close returns; there is nothing to do again.
        _ = Glibc.close(number)
    }

    /// Reads once into `buffer`. Nil when there is nothing to read without waiting; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemFailure) -> Int? {
        while true {
            let count = Glibc.read(number, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno == EAGAIN { return nil }
            guard errno == EINTR else { throw SystemFailure("read") }
        }
    }
}
