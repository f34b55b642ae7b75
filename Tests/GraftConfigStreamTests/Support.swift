// Support.swift: what the tests of the stream have in common.
//
// Owns a consumer that runs for the time of a test, with pauses too short to wait for.

import GraftConfigStream
import GraftTestKit
import Synchronization

/// How long a test waits for what must happen before it says that it did not.
let patience: Duration = .seconds(30)

/// Settings for tests: pauses of milliseconds.
func testSettings(
    profile: StreamProfile = .graft, session: StreamSession = .registered(flavor: "test"),
    backoff: StreamBackoff = StreamBackoff(initial: .milliseconds(1), cap: .milliseconds(5))
) -> StreamSettings {
    var settings = StreamSettings(clientName: "test", session: session)
    settings.profile = profile
    settings.backoff = backoff
    return settings
}

/// Runs a consumer while `body` runs; both are over when this returns.
func withConsumer<Result: Sendable>(
    of agent: any StreamTransport, _ settings: StreamSettings = testSettings(),
    _ body: (ConfigStreamConsumer) async throws -> Result
) async throws -> Result {
    let consumer = try ConfigStreamConsumer(settings, transport: agent)
    let running = Task { try await consumer.run() }
    let result: Swift.Result<Result, any Error>
    do { result = .success(try await body(consumer)) } catch { result = .failure(error) }
    consumer.stop()
    try await running.value
    return try result.get()
}

/// A snapshot of settings that come from a file.
func snapshot(_ sequence: Int32, _ settings: [String: StreamValue] = [:], source: String = "file") -> StreamEvent {
    .snapshot(
        StreamSnapshot(
            origin: "datadog.yaml", sequence: sequence,
            settings: settings.map { StreamSetting(key: $0.key, source: source, value: $0.value) }))
}

/// An update of one setting.
func update(
    _ sequence: Int32, _ key: String, _ value: StreamValue?, source: String = "file", unset: String = ""
) -> StreamEvent {
    .update(
        StreamUpdate(
            origin: "datadog.yaml", sequence: sequence,
            setting: StreamSetting(key: key, source: source, value: value, unsetSource: unset)))
}

/// Counts how often something was asked.
final class AskedTimes: Sendable {
    private let times = Mutex(0)

    /// One more time; which one it is.
    func next() -> Int {
        times.withLock { times in
            times += 1
            return times
        }
    }

    /// How often so far.
    var count: Int { times.withLock { $0 } }
}
