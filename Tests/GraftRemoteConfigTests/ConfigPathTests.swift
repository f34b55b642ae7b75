// ConfigPathTests: the grammar of paths.

import GraftConfig
import GraftRemoteConfig
import Testing

@Suite("A path")
struct ConfigPathTests {
    @Test("of an organisation has five parts")
    func organisation() throws {
        let path = try ConfigPath("datadog/2/SCA_DETECTION/sca_config/testname")
        #expect(path.source == .datadog(organisation: 2))
        #expect(path.product == "SCA_DETECTION")
        #expect(path.id == "sca_config")
        #expect(path.name == "testname")
        #expect(path.text == "datadog/2/SCA_DETECTION/sca_config/testname")
    }

    @Test("of an employee has four parts")
    func employee() throws {
        let path = try ConfigPath("employee/ANY_PRODUCT/id/config")
        #expect(path.source == .employee)
        #expect(path.product == "ANY_PRODUCT")
    }

    @Test("takes the largest organisation")
    func largest() throws {
        #expect(try ConfigPath("datadog/9223372036854775807/P/i/n").source == .datadog(organisation: .max))
    }

    @Test(
        "is refused when it breaks the grammar",
        arguments: [
            "", "/", "nosource/x/y/z", "datadog/2/P/i", "datadog/2/P/i/n/more", "employee/P/i", "employee/2/P/i/n",
            "datadog/2/P//n", "datadog/2/P/i/", "datadog/2//i/n", "datadog//P/i/n", "datadog/x/P/i/n",
            "datadog/-1/P/i/n", "datadog/+1/P/i/n", "datadog/1 /P/i/n", "datadog/٣/P/i/n",
            "datadog/9223372036854775808/P/i/n", "Datadog/2/P/i/n", "/datadog/2/P/i/n", "datadog/2/P/i/n/",
            "employee//i/n",
        ])
    func refused(_ text: String) {
        let error = #expect(throws: ConfigError.self) { try ConfigPath(text) }
        #expect(error?.code == .badPath)
    }

    @Test("has a limit of bytes")
    func limit() throws {
        let head = "datadog/2/P/i/"
        let longest = head + String(repeating: "n", count: ConfigPath.maximumBytes - head.utf8.count)
        #expect(try ConfigPath(longest).text == longest)
        #expect(throws: ConfigError.self) { try ConfigPath(longest + "n") }
    }

    @Test("is divided at every slash, also before a combining mark")
    func combiningMark() throws {
        #expect(try ConfigPath("datadog/2/P/\u{301}i/n").id == "\u{301}i")
    }

    @Test("is another one when its bytes are, even if the letters look the same")
    func normalisation() throws {
        let composed = try ConfigPath("datadog/2/P/\u{E9}/n")
        let decomposed = try ConfigPath("datadog/2/P/e\u{301}/n")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(decomposed < composed)
    }
}
