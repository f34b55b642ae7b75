// main.swift: tells the demonstration: `demo GRAFT FOLDER`.

import Foundation

setvbuf(stdout, nil, _IOLBF, 0)
guard CommandLine.arguments.count == 3 else {
    print("usage: demo GRAFT FOLDER")
    exit(64)
}
do {
    let story = Story(graft: CommandLine.arguments[1], folder: CommandLine.arguments[2])
    exit(try story.tell() ? 0 : 1)
} catch {
    print("\nthe demonstration stopped: \(error)")
    exit(1)
}
