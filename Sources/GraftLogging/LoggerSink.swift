// LoggerSink.swift: the core's log, sent to a swift-log logger.
//
// Owns the translation from a line to a message with level and metadata. Compiled with the package trait SwiftLog only:
// without it swift-log is neither fetched nor built. Never called for a hit. Neighbours: LogLine.swift reads the lines,
// Graft's LogSink.swift delivers them.
#if SwiftLog

    public import Graft
    public import Logging

    extension Instrumentation {
        /// Starts the library, or counts one more user of it, and sends its log to a logger: one message for each change of
        /// state, never for a hit.
        ///
        /// ```swift
        /// var logger = Logger(label: "shop.instrumentation")
        /// logger.logLevel = .debug
        /// let instrumentation = try Instrumentation.start(logger: logger)
        /// ```
        ///
        /// The message is the line that `GRAFT_LOG=debug` would write. `info`: the library starts or stops; `debug`: something
        /// has changed; `notice`: something was refused or has to wait; `warning`: something that should work does not.
        /// Metadata: `graft.room` is the part of the library that speaks, `graft.probe` the number of the probe and
        /// `graft.stream` the name of the stream that it speaks of.
        ///
        /// - Parameters:
        ///   - maximumProbes: how many probes, and entry points, there may be; nil is 65,536. The first start of the
        ///     process decides.
        ///   - guardsThreads: whether SIGTRAP is kept deliverable from now on, as where the log goes to a closure.
        ///   - logger: used on any thread that calls the library and on its own; its handler must not call this library.
        ///     The first start decides.
        public static func start(
            maximumProbes: UInt32? = nil, guardsThreads: Bool = false, logger: Logger
        ) throws(GraftError) -> Instrumentation {
            try start(maximumProbes: maximumProbes, guardsThreads: guardsThreads) { line in logger.log(LogLine(line)) }
        }
    }

    extension Logger {
        /// Sends one line of the core's.
        fileprivate func log(_ line: LogLine) {
            log(level: line.weight.level, "\(line.text)", metadata: line.metadata, source: "Graft")
        }
    }

    extension LogLine {
        /// What the line is about, in the logger's words.
        fileprivate var metadata: Logger.Metadata {
            var metadata: Logger.Metadata = ["graft.room": "\(room)"]
            if let subject { metadata["graft.\(room)"] = "\(subject)" }
            return metadata
        }
    }

    extension LogLine.Weight {
        /// The level at which a logger is told.
        fileprivate var level: Logger.Level {
            switch self {
            case .landmark: .info
            case .change: .debug
            case .refusal: .notice
            case .problem: .warning
            }
        }
    }

#endif
