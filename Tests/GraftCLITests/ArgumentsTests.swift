// ArgumentsTests.swift: what a command line means, and how a senseless one is refused.

import Testing

@testable import GraftCLI

@Suite struct ArgumentsTests {
    private func parse(_ words: String..., spec: CommandSpec = RunCommand.spec) throws(UsageError) -> Arguments {
        try Arguments(words, for: spec, first: 2)
    }

    @Test func `options take the next word or what follows the equals sign`() throws {
        let spaced = try parse("--config", "a.json", "--report=b.json", "--sca", "--", "true")
        #expect(spaced.options == ["--config": "a.json", "--report": "b.json", "--sca": ""])
        #expect(spaced.program == ["true"])
    }

    @Test func `a value may begin with a dash and contain equals signs`() throws {
        #expect(try parse("--config", "-x", "--", "p").options["--config"] == "-x")
        #expect(try parse("--config=a=b", "--", "p").options["--config"] == "a=b")
    }

    @Test func `everything after the dashes is the program's, also what looks like ours`() throws {
        let arguments = try parse("--", "prog", "--sca", "--", "-h")
        #expect(arguments.program == ["prog", "--sca", "--", "-h"])
        #expect(!arguments.has("--sca"))
    }

    @Test(arguments: [
        (["--reprot", "--", "p"], "argument 2: unknown option --reprot (see graft run --help)"),
        (["--sca", "--sca", "--", "p"], "argument 3: --sca is given twice (see graft run --help)"),
        (["--sca=1", "--", "p"], "argument 2: --sca takes no value (see graft run --help)"),
        (["--config"], "argument 2: --config needs a value, PATH (see graft run --help)"),
        (["--config="], "argument 2: --config needs a value, PATH (see graft run --help)"),
        (["--config", "--", "p"], "argument 2: --config needs a value, PATH (see graft run --help)"),
        ([], "there is no program after -- (see graft run --help)"),
        (["--"], "there is no program after -- (see graft run --help)"),
        (["--", ""], "there is no program after -- (see graft run --help)"),
        (["redis-server"], "unexpected word \"redis-server\": the program comes after -- (see graft run --help)"),
    ])
    func `a senseless command line names the word and its place`(words: [String], message: String) {
        let error = #expect(throws: UsageError.self) { try Arguments(words, for: RunCommand.spec, first: 2) }
        #expect(error?.description == message)
    }

    @Test func `words are counted`() throws {
        #expect(try parse("1", "PQ*", spec: ExplainCommand.spec).words == ["1", "PQ*"])
        #expect(throws: UsageError.self) { try parse(spec: ExplainCommand.spec) }
        #expect(throws: UsageError.self) { try parse("1", "2", "3", spec: ExplainCommand.spec) }
    }

    @Test func `help needs nothing else`() throws {
        #expect(try parse("--help").has("--help"))
        #expect(try parse("-h").has("--help"))
    }

    @Test func `the help shows every option and fits 80 columns`() {
        for spec in [RunCommand.spec, ExplainCommand.spec, StatusCommand.spec, GraftCommand.spec] {
            for option in spec.options + CommandSpec.common { #expect(spec.help.contains(option.name)) }
            let long = spec.help.split(separator: "\n").drop { $0 != "Options:" }.filter { $0.count > 80 }
            #expect(long.isEmpty, "\(spec.name)")
        }
    }

    @Test func `text is wrapped between words`() {
        #expect(CommandSpec.wrap("one two three", width: 7) == ["one two", "three"])
        #expect(CommandSpec.wrap("unbreakable no", width: 4) == ["unbreakable", "no"])
        #expect(CommandSpec.wrap("", width: 4) == [])
    }
}
