// decoding: what it takes to read 10 MB of configuration, part by part: base64, SHA-256, JSON, and a whole answer of the agent.
//
// Compiled together with the sources of GraftRemoteConfig by `make bench-decoding`. Each figure is the least of many runs;
// hashlib or another library is not asked here: the rates are to be compared with those of an earlier state.

internal import GraftConfig

/// The bytes of the content.
private let contentBytes = 10_000_000
/// How often each part is done; the shortest time counts.
private let runs = 25

/// Does `body` again and again and prints how long it took at the least.
private func measure(_ name: String, bytes: Int, _ body: () -> Bool) {
    let clock = ContinuousClock()
    var least = Duration.seconds(1_000)
    for _ in 0..<runs {
        var isRight = false
        least = min(least, clock.measure { isRight = body() })
        guard isRight else { fatalError("\(name): the result is wrong") }
    }
    let milliseconds = least / .milliseconds(1)
    let rate = Double(bytes) / 1_000 / milliseconds
    func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(width - text.count, 0)) + text
    }
    let tenths = (milliseconds * 10).rounded(.toNearestOrEven) / 10
    print(name + padded("\(tenths) ms", 60 - name.count) + padded("\(Int(rate.rounded(.down))) MB/s", 12))
}

@main
private enum Decoding {
    /// A file of SCA targets, as long as `contentBytes`.
    static func content() -> [UInt8] {
        var text = Array(#"{"targets":["#.utf8)
        var number = 0
        while text.count < contentBytes - 200 {
            if number > 0 { text.append(UInt8(ascii: ",")) }
            text += #"{"target":"libshop.so.2:shop_order_price_\#(number)","mode":"count"}"#.utf8
            number += 1
        }
        text += "]}".utf8
        return text + [UInt8](repeating: UInt8(ascii: " "), count: contentBytes - text.count)
    }

    static func main() {
        let content = content()
        let digest = SHA256.digest(of: content)
        let text = Base64.text(of: content)
        let path = "datadog/2/SCA_DETECTION/all/config"
        let signed = """
            {"signed":{"_type":"targets","spec_version":"1.0","version":7,"targets":{"\(path)":\
            {"custom":{"v":1},"hashes":{"sha256":"\(digest)"},"length":\(content.count)}}}}
            """
        let answer = Array(
            """
            {"targets":"\(Base64.text(of: signed.utf8))","client_configs":["\(path)"],\
            "target_files":[{"path":"\(path)","raw":"\(text)"}]}
            """.utf8)
        let tracer = ClientTracer(runtimeID: "runtime", tracerVersion: "1.0.0", service: "shop", environment: "ci")
        var asking = RemoteConfigState(clientID: "client", tracer: tracer, asksInfo: false)
        asking.enable("SCA_DETECTION")

        measure("SHA-256", bytes: content.count) { SHA256.digest(of: content) == digest }
        measure("base64, to bytes", bytes: content.count) { Base64.bytes(of: text)?.count == content.count }
        measure("base64, to text", bytes: content.count) { Base64.text(of: content).utf8.count == text.utf8.count }
        measure("JSON of a file", bytes: content.count) { (try? JSONDocument.parse(content)) != nil }
        measure("JSON of the answer around it", bytes: answer.count) {
            (try? JSONDocument.parse(answer, limits: RemoteConfigLimits().envelope)) != nil
        }
        measure("the whole answer: read, verified, in force", bytes: content.count) {
            var state = asking
            let exchange = state.nextExchange()
            return state.receive(.response(status: 200, body: answer), to: exchange).changes.count == 1
        }
    }
}
