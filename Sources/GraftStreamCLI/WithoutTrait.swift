// WithoutTrait: the tool `graft-stream` in a build that has no gRPC.
//
// Owns what it says then: how to build it. Neighbour: GraftStreamCommand is the tool itself.
#if !ConfigStream

    internal import Glibc

    /// The tool, without what it needs.
    @main
    enum WithoutTrait {
        /// The service is not available in this build (EX_UNAVAILABLE).
        static let exitCode: Int32 = 69

        /// Says how to build it.
        static func main() {
            let text = """
                graft-stream: built without the package trait ConfigStream, so it has no gRPC; build it with
                  swift build -c release --traits ConfigStream --product graft-stream

                """
            let bytes = Array(text.utf8)
            // Where nobody reads there is nobody to tell.
            _ = write(STDERR_FILENO, bytes, bytes.count)
            exit(exitCode)
        }
    }

#endif
