// SettingsTests: the variables, their older names, their bounds, and what is said of those that are wrong.

import GraftConfig
import GraftProducts
import GraftRemoteConfig
import Testing

@testable import GraftTelemetry

@Suite struct TelemetrySettingsTests {
    @Test func withoutVariablesEverythingIsOnButDebug() {
        let settings = TelemetrySettings()
        #expect(settings.isEnabled && settings.sendsDependencies && settings.sendsMetrics && settings.sendsLogs)
        #expect(!settings.isDebug)
        #expect(settings.heartbeatInterval == .seconds(60))
        #expect(settings.extendedHeartbeatInterval == .seconds(86_400))
        #expect(settings.complaints == [])
        #expect(settings.configuration.allSatisfy { $0.origin == .byDefault })
    }

    @Test(arguments: ["0", "false", "FALSE", "False"]) func aFlagIsSwitchedOff(text: String) {
        #expect(!TelemetrySettings(environment: ["DD_INSTRUMENTATION_TELEMETRY_ENABLED": text]).isEnabled)
    }

    @Test(arguments: ["1", "true", "TRUE"]) func aFlagIsSwitchedOn(text: String) {
        #expect(TelemetrySettings(environment: ["DD_TELEMETRY_DEBUG": text]).isDebug)
    }

    @Test func eachFlagHasItsVariable() {
        let settings = TelemetrySettings(environment: [
            "DD_TELEMETRY_DEPENDENCY_COLLECTION_ENABLED": "0", "DD_TELEMETRY_METRICS_ENABLED": "0",
            "DD_TELEMETRY_LOG_COLLECTION_ENABLED": "0",
        ])
        #expect(settings.isEnabled && !settings.sendsDependencies && !settings.sendsMetrics && !settings.sendsLogs)
    }

    @Test func aFlagThatIsNeitherTrueNorFalseHasItsDefaultAndALine() {
        let settings = TelemetrySettings(environment: [
            "DD_TELEMETRY_DEBUG": "yes", "DD_TELEMETRY_METRICS_ENABLED": "off",
        ])
        #expect(!settings.isDebug)
        #expect(settings.sendsMetrics)
        #expect(
            settings.complaints == [
                #"DD_TELEMETRY_METRICS_ENABLED: "off" is neither true nor false"#,
                #"DD_TELEMETRY_DEBUG: "yes" is neither true nor false"#,
            ])
    }

    @Test(arguments: [("0.1", 100), ("0.5", 500), ("30", 30_000), ("604800", 604_800_000)])
    func anIntervalIsANumberOfSeconds(text: String, milliseconds: Int) {
        let settings = TelemetrySettings(environment: ["DD_TELEMETRY_HEARTBEAT_INTERVAL": text])
        #expect(settings.heartbeatInterval == .milliseconds(milliseconds))
        #expect(settings.complaints == [])
    }

    @Test(arguments: ["0", "0.09", "-1", "604800.1", "nan", "inf", "1m", " 5"])
    func anIntervalOutOfBoundsHasItsDefaultAndALine(text: String) {
        let settings = TelemetrySettings(environment: ["DD_TELEMETRY_HEARTBEAT_INTERVAL": text])
        #expect(settings.heartbeatInterval == .seconds(60))
        #expect(
            settings.complaints == [
                "DD_TELEMETRY_HEARTBEAT_INTERVAL: \"\(text)\" is not a number of seconds from 0.1 to 604800.0"
            ])
        #expect(settings.configuration.first { $0.name == "DD_TELEMETRY_HEARTBEAT_INTERVAL" }?.origin == .byDefault)
    }

    @Test func anOlderNameServesWhileTheNewOneIsNotSet() {
        let old = [
            "DD_TRACE_TELEMETRY_ENABLED": "false", "_DD_TELEMETRY_EXTENDED_HEARTBEAT_INTERVAL": "7",
            "DD_INTERNAL_TELEMETRY_DEBUG_ENABLED": "true",
        ]
        let settings = TelemetrySettings(environment: old)
        #expect(!settings.isEnabled && settings.isDebug)
        #expect(settings.extendedHeartbeatInterval == .seconds(7))
        let both = old.merging(["DD_INSTRUMENTATION_TELEMETRY_ENABLED": "true"]) { $1 }
        #expect(TelemetrySettings(environment: both).isEnabled)
        // An empty variable is one that is not set.
        #expect(
            !TelemetrySettings(environment: old.merging(["DD_INSTRUMENTATION_TELEMETRY_ENABLED": ""]) { $1 }).isEnabled)
    }

    @Test func aWrongValueUnderAnOlderNameIsSaidByThatNameAndReportedAsTheDefault() {
        let settings = TelemetrySettings(environment: ["DD_TRACE_TELEMETRY_ENABLED": "maybe"])
        #expect(settings.complaints == [#"DD_TRACE_TELEMETRY_ENABLED: "maybe" is neither true nor false"#])
        #expect(settings.configuration.first?.origin == .byDefault)
    }

    @Test func aLongValueIsCutInTheLine() {
        let text = String(repeating: "x", count: 101)
        let line = TelemetrySettings(environment: ["DD_TELEMETRY_DEBUG": text]).complaints.first
        #expect(line == "DD_TELEMETRY_DEBUG: \"\(text.prefix(97))…\" is neither true nor false")
    }

    @Test func theSettingsReportThemselves() {
        let settings = TelemetrySettings(environment: ["DD_TELEMETRY_HEARTBEAT_INTERVAL": "5"])
        #expect(
            settings.configuration.prefix(2) == [
                ConfigurationEntry(name: "DD_INSTRUMENTATION_TELEMETRY_ENABLED", value: true, origin: .byDefault),
                ConfigurationEntry(name: "DD_TELEMETRY_HEARTBEAT_INTERVAL", value: 5.0, origin: .environment),
            ])
        #expect(settings.configuration.count == 7)
    }
}

@Suite struct TelemetryIdentityTests {
    @Test(arguments: [
        ("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian\"\n", "Debian GNU/Linux 12 (bookworm)"),
        ("NAME='Alpine Linux'\nVERSION_ID=3.19\n", "Alpine Linux 3.19"),
        ("NAME=Arch\nVERSION_ID=\n", "Arch"),
        ("# comment\nNAME=Arch", "Arch"),
        (#"PRETTY_NAME="A \"quoted\" \$name""#, #"A "quoted" $name"#),
        ("PRETTY_NAME=\nNAME=\n", nil),
        ("", nil),
        ("\"", nil),
        ("PRETTY_NAME=\"", "\""),
    ])
    func theSystemIsNamedAsItsFileNamesIt(text: String, name: String?) {
        #expect(TelemetryHost.osVersion(osRelease: text) == name)
    }

    @Test func thisMachineHasANameAndAKernel() {
        let host = TelemetryHost.current()
        #expect(!host.hostname.isEmpty && !host.kernelRelease.isEmpty && !host.kernelVersion.isEmpty)
        #expect(host.os == "Linux")
        #expect(["x86_64", "aarch64"].contains(host.architecture))
        #expect(TelemetryHost.current(root: "/nowhere").osVersion == nil)
    }

    @Test func aProgramWithoutANameHasOneOnTheWire() {
        let tracer = Bench.application
        #expect(tracer.serviceName == "shop")
        #expect(
            TelemetryApplication(tracer: .init(runtimeID: "r", tracerVersion: "1")).serviceName
                == "unnamed-native-service")
    }

    @Test func processTagsAreOneText() {
        var application = Bench.application
        application.processTags = ["entrypoint.name:shop", "svc.user:true"]
        application.runtimeName = "none"
        #expect(application.json["process_tags"] == "entrypoint.name:shop,svc.user:true")
        #expect(application.json["runtime_name"] == "none")
        #expect(application.json["runtime_version"] == nil)
    }
}
