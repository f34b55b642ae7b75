// RemoteConfigReplay: the library's client of Remote Configuration, driven step by step by whoever writes to its input.
//
//   RemoteConfigReplay <COMMANDS
//
// Each line of the input is a command, a JSON object with "do"; each is answered by one line: what callbacks were given
// meanwhile. Who asks, and whom, is in the variables DD_*, as for any client. Neighbours: Tests/Oracle drives it and the
// other clients alike; a benchmark times it.

import GraftConfig

do {
    let replay = try Replay(environment: environment())
    while let line = readLine() {
        print(JSONWriter.text(try replay.carryOut(JSONDocument.parse(line).root)))
        flushOutput()
    }
} catch {
    print(JSONWriter.text(["failed": .string(String(describing: error))]))
    flushOutput()
}
