// ScriptLineTests.swift: the first line of a script, as the kernel reads it.

import Testing

@testable import GraftCLI

@Suite struct ScriptLineTests {
    private func line(_ text: String) -> ScriptLine? { ScriptLine(Array(text.utf8)) }

    @Test func `the interpreter and its one argument are found`() {
        #expect(line("#!/bin/sh\necho") == ScriptLine(Array("#!/bin/sh".utf8)))
        #expect(line("#! \t/usr/bin/perl  -w -T \t\n")?.interpreter == "/usr/bin/perl")
        #expect(line("#! \t/usr/bin/perl  -w -T \t\n")?.argument == "-w -T")
    }

    @Test func `what is no script line is nil`() {
        for text in ["", "#", "#!", "#! \t\n/bin/sh", "\u{7F}ELF", " #!/bin/sh"] { #expect(line(text) == nil) }
    }

    @Test func `only as much is read as the kernel reads`() {
        let path = "/" + String(repeating: "x", count: 400)
        #expect(line("#!" + path)?.interpreter.utf8.count == ScriptLine.lengthMaximum - 2)
    }

    @Test(arguments: [
        ("#!/usr/bin/env python3", "python3"), ("#!/usr/bin/env -S python3 -u", "python3"),
        ("#!/usr/bin/env A=1 B=2 node", "node"),
    ])
    func `env is followed to its program`(text: String, program: String) {
        #expect(line(text)?.environmentProgram == program)
    }

    @Test(arguments: ["#!/usr/bin/env", "#!/usr/bin/env -i x", "#!/bin/sh python3", "#!/usr/bin/env A=1"])
    func `where only env knows the program, none is guessed`(text: String) {
        #expect(line(text)?.environmentProgram == nil)
    }
}
