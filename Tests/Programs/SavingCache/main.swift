// SavingCache: a program that saves one content after the other in a cache until it is killed; RemoteConfigCacheTests does that.
//
//   SavingCache FILE
//
// Each content has one number in all of its parts, so that a mixture would show.

import GraftConfig
import GraftRemoteConfig

let identity = CacheIdentity(service: "shop", environment: "ci")
let cache = try RemoteConfigCache(path: CommandLine.arguments[1], identity: identity)
var number: UInt64 = 0
while true {
    number += 1
    let payloads = try (0..<20).map { index in
        let path = try ConfigPath("datadog/2/ASM_FEATURES/\(index)/config")
        let text = #"{"n":\#(number),"room":"\#(String(repeating: "x", count: 4_000))"}"#
        let bytes = Array(text.utf8)
        let metadata = ConfigMetadata(
            path: path, sha256: SHA256.digest(of: bytes), length: bytes.count, version: number)
        return Payload(metadata: metadata, path: path, content: try JSONDocument.parse(bytes), bytes: bytes)
    }
    try cache.save(payloads)
}
