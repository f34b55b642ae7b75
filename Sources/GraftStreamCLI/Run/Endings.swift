// Endings: what ends the tool from outside.
//
// Owns the two signals. They end the process at once: nothing has to be undone, and the core agent forgets a session that
// nobody refreshes. Neighbours: Watch says what is printed last.
#if ConfigStream

    internal import Dispatch
    internal import Glibc

    /// Waits for SIGINT and SIGTERM.
    final class Endings {
        private let sources: [any DispatchSourceSignal]

        /// Calls `last` with the signal's name, on a thread of its own, when there is one. It ends the process.
        init(_ last: @escaping @Sendable (String) -> Never) {
            let queue = DispatchQueue(label: "graft-stream.signals")
            sources = [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM")].map { number, name in
                // The source sees it only if it does not do what it usually does.
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
                source.setEventHandler { last(name) }
                source.resume()
                return source
            }
        }
    }

#endif
