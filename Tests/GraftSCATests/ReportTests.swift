// ReportTests: the report as JSON, key by key: tools read it.

import Graft
import GraftConfig
import GraftSCA
import Testing

@Suite("The report")
struct ReportTests {
    @Test("has the documented shape")
    func shape() {
        let place = JSONPlace(offset: 2, in: Array("[\n7]".utf8), path: JSONPath([.index(0)]))
        let report = Report(
            gate: Gate(environment: ["DD_APPSEC_ENABLED": "1", "DD_APPSEC_SCA_ENABLED": "1"]),
            configurations: [
                Report.Configuration(
                    path: "/etc/p.json", version: nil, state: .refused,
                    errors: [ConfigError(.payload, "no", path: "/etc/p.json", place: place)])
            ],
            targets: [
                Report.Target(
                    target: "libpq.so.5:PQexec", state: .installed, mode: .once, advisories: ["A"],
                    entryPoints: [
                        Report.EntryPoint(
                            image: "/usr/lib/libpq.so.5.15", buildID: "ab12", offset: 4660, symbol: "PQexec",
                            state: .disarmed, hits: 1,
                            firstCaller: Symbol(image: "/opt/shop", symbol: "pay", offset: 5, file: "", line: 0),
                            package: Package(name: "libpq5", version: "15.6"))
                    ]),
                Report.Target(target: "a:b", state: .notAffected, reason: "too new"),
            ],
            counters: [Report.Counter(name: "installed", value: 1)],
            refusedBy: [Report.Counter(name: "too-short", value: 2)])
        #expect(JSONWriter.text(report.json, style: .pretty) == Self.expected)
    }

    static let expected = """
        {
          "gate": {
            "open": false,
            "reason": "DD_SCA_DETECTION_ENABLED is not set",
            "missing": [
              "DD_SCA_DETECTION_ENABLED"
            ]
          },
          "error": null,
          "configurations": [
            {
              "path": "/etc/p.json",
              "version": null,
              "state": "refused",
              "errors": [
                {
                  "code": "payload",
                  "message": "no",
                  "path": "$[0]",
                  "line": 2,
                  "column": 1
                }
              ]
            }
          ],
          "targets": [
            {
              "target": "libpq.so.5:PQexec",
              "state": "installed",
              "reason": null,
              "mode": "once",
              "sample_every": 1,
              "max_per_second": 0,
              "left_out": 0,
              "advisories": [
                "A"
              ],
              "entry_points": [
                {
                  "image": "/usr/lib/libpq.so.5.15",
                  "build_id": "ab12",
                  "offset": 4660,
                  "symbol": "PQexec",
                  "state": "disarmed",
                  "reason": null,
                  "hits": 1,
                  "first_caller": {
                    "image": "/opt/shop",
                    "symbol": "pay",
                    "offset": 5,
                    "file": null,
                    "line": null
                  },
                  "package": {
                    "name": "libpq5",
                    "version": "15.6"
                  }
                }
              ]
            },
            {
              "target": "a:b",
              "state": "not-affected",
              "reason": "too new",
              "mode": null,
              "sample_every": 1,
              "max_per_second": 0,
              "left_out": 0,
              "advisories": [],
              "entry_points": []
            }
          ],
          "counters": {
            "installed": 1,
            "refused_by": {
              "too-short": 2
            }
          }
        }
        """
}
