// SavingStreamCache: a program that saves one configuration after the other until it is killed; CacheFileTests does that.
//
//   SavingStreamCache FILE
//
// Each configuration has one number in all of its parts, so that a mixture would show.

import GraftConfigStream

let cache = try StreamCacheFile(path: CommandLine.arguments[1])
var number: Int32 = 0
while true {
    number += 1
    let settings = (0..<200).map { index in
        StreamSetting(
            key: "key.\(index)", source: "file",
            value: .map(["n": .number(Double(number)), "room": .string(String(repeating: "x", count: 400))]))
    }
    try cache.save(
        CachedConfiguration(settings: settings, origin: "datadog.yaml", sequence: number, savedAt: .now))
}
