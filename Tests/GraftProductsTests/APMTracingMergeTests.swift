// APMTracingMergeTests: random sequences of deliveries, against a model that looks at everything each time.

import GraftConfig
import GraftProducts
import GraftTestKit
import Testing

@Suite("The merge of APM_TRACING")
struct APMTracingMergeTests {
    /// A file as the model knows it.
    private struct Model {
        var service: String?
        var env: String?
        var cluster: String?
        /// Fields; `null` is in it as nil.
        var fields: [String: Double?]
        var age: Int

        /// As the client brings it.
        var json: JSONValue {
            var config = JSONObject()
            for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
                config[key] = value.map(JSONValue.number) ?? .null
            }
            return [
                "service_target": ["service": JSONValue(service), "env": JSONValue(env)],
                "k8s_target_v2": ["cluster_targets": [["cluster_name": JSONValue(cluster), "enabled": true]]],
                "lib_config": .object(config), "revision": 7,
            ]
        }

        /// Whether it is for the service "s" in "e".
        var counts: Bool { [nil, "*", "s", "S"].contains(service) && [nil, "*", "e"].contains(env) }
        private func isSpecific(_ name: String?) -> Bool { name != nil && name != "*" }
        /// More particular first, then newer.
        var rank: [Int] {
            [isSpecific(service) ? 1 : 0, isSpecific(env) ? 1 : 0, isSpecific(cluster) ? 1 : 0, age]
        }
    }

    private static let names = ["tracing_sampling_rate", "x", "y"]

    /// What the files say together: for each field the highest rank with an opinion.
    private func merged(_ files: [String: Model]) -> [String: Double] {
        var result: [String: Double] = [:]
        for name in Self.names {
            let opinions = files.values.filter { $0.counts }.compactMap { file in
                (file.fields[name] ?? nil).map { (file.rank, $0) }
            }
            result[name] = opinions.max { $0.0.lexicographicallyPrecedes($1.0) }?.1
        }
        return result
    }

    /// A random file.
    private func model(_ random: inout SplitMix, age: Int) -> Model {
        var fields: [String: Double?] = [:]
        for name in Self.names {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: fields[name] = .some(nil)
            case 1: break
            default: fields[name] = Double(Int.random(in: 0...16, using: &random)) / 16
            }
        }
        return Model(
            service: [nil, "*", "s", "S", "t"].randomElement(using: &random)!,
            env: [nil, "*", "e", "f"].randomElement(using: &random)!,
            cluster: [nil, "*", "c"].randomElement(using: &random)!, fields: fields, age: age)
    }

    @Test("is that of all files that are held, after any sequence of deliveries")
    func random() throws {
        for seed in 0..<200 {
            var random = SplitMix(seed: UInt64(seed))
            let tracing = APMTracing(try ProductManager(), identity: APMIdentity(service: "s", env: "e"))
            var files: [String: Model] = [:]
            var age = 0
            for step in 0..<12 {
                var changes: [APMTracingChange] = []
                for path in ["a", "b", "c", "d"] where Int.random(in: 0..<3, using: &random) == 0 {
                    age += 1
                    let isGone = Int.random(in: 0..<4, using: &random) == 0
                    files[path] = isGone ? nil : model(&random, age: age)
                    changes.append(APMTracingChange(path: path, content: files[path]?.json))
                }
                let answers = tracing.apply(changes).acknowledgements
                for (change, answer) in zip(changes, answers) {
                    let counts = files[change.path]?.counts
                    #expect(answer.outcome == (counts == nil ? .removed : counts! ? .applied : .notForUs))
                }
                let found = tracing.remote.json.members.map { ($0.key, $0.value.number ?? .nan) }
                #expect(Dictionary(uniqueKeysWithValues: found) == merged(files), "seed \(seed), step \(step)")
            }
        }
    }

    @Test("takes null for no opinion, as if the field were absent", arguments: [true, false])
    func null(_ isThere: Bool) throws {
        let tracing = APMTracing(try ProductManager(), identity: APMIdentity(service: "s"))
        let silent: JSONValue = isThere ? ["tracing_sampling_rate": nil, "new_field": nil] : [:]
        tracing.apply([
            APMTracingChange(path: "low", content: file(["tracing_sampling_rate": 0.5, "new_field": "kept"])),
            APMTracingChange(path: "high", content: file(silent, service: "s")),
        ])
        #expect(
            tracing.remote.json
                == JSONObject([
                    JSONMember(key: "tracing_sampling_rate", value: .number(0.5)),
                    JSONMember(key: "new_field", value: "kept"),
                ]))
    }

    @Test("takes the newer of two that matter equally, where the same file again is not newer")
    func ties() throws {
        let tracing = APMTracing(try ProductManager(), identity: APMIdentity())
        func change(_ path: String, _ rate: Double) -> APMTracingChange {
            APMTracingChange(path: path, content: file(["tracing_sampling_rate": .number(rate)]))
        }
        tracing.apply([change("a", 0.25), change("b", 0.5)])
        #expect(tracing.remote.tracingSamplingRate == 0.5)
        tracing.apply([change("a", 0.25)])
        #expect(tracing.remote.tracingSamplingRate == 0.5)
        tracing.apply([change("a", 0.75)])
        #expect(tracing.remote.tracingSamplingRate == 0.75)
    }

    @Test("reads every compound field, leaves out what is incomplete and says so")
    func fields() throws {
        let tracing = APMTracing(try ProductManager(), identity: APMIdentity())
        let config: JSONValue = [
            "tracing_sampling_rules": [
                [
                    "sample_rate": 0.5, "provenance": "customer", "service": "s",
                    "tags": [["key": "k", "value_glob": "v*"]],
                ],
                ["sample_rate": 0.5, "provenance": "dynamic"], ["sample_rate": 0.5, "provenance": "me", "name": "n"],
                ["provenance": "dynamic", "name": "n"], ["sample_rate": 1.5, "provenance": "dynamic", "name": "n"],
                ["sample_rate": 1, "provenance": "dynamic", "resource": "r"],
            ],
            "tracing_header_tags": [["header": "X-Id", "tag_name": "id"], ["tag_name": "lost"]],
            "tracing_tags": ["url:http://host:80/", "no colon", ":no key", "empty:"],
        ]
        let answer = tracing.apply([APMTracingChange(path: "A", content: file(config))]).acknowledgements[0]
        #expect(answer.outcome == .applied)
        #expect(answer.warnings.count == 7)
        #expect(answer.warnings.first == "lib_config.tracing_sampling_rules[1]: not a complete rule, left out")
        let remote = tracing.remote
        #expect(
            remote.tracingSamplingRules == [
                SamplingRule(sampleRate: 0.5, provenance: .customer, service: "s", tags: ["k": "v*"]),
                SamplingRule(sampleRate: 1, provenance: .dynamic, resource: "r"),
            ])
        #expect(remote.tracingSamplingRules?.map(\.provenance.decisionMaker) == [-11, -12])
        #expect(remote.tracingHeaderTags == [HeaderTag(header: "X-Id", tagName: "id")])
        #expect(
            remote.tracingTags == [SpanTag(key: "url", value: "http://host:80/"), SpanTag(key: "empty", value: "")])
    }

    @Test("refuses a list with an element more than the limit, and not one at the limit", arguments: [0, 1])
    func limit(_ more: Int) throws {
        let tracing = APMTracing(try ProductManager(), identity: APMIdentity())
        let tags = [JSONValue](repeating: "k:v", count: APMTracingLimits.elements + more)
        let answer = tracing.apply([APMTracingChange(path: "A", content: file(["tracing_tags": .array(tags)]))])
        #expect(answer.acknowledgements[0].applyState == 2 + more)
    }
}
