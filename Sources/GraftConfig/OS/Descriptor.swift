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
