// Where an error or a value is said to be: offset, line, column, path.

import GraftConfig
import Testing

@Suite struct JSONPlaceTests {
    @Test(
        "a breach of the grammar says line, column and path",
        arguments: [
            ("{\n  \"targets\": [\n    \"a\",\n    oops\n  ]\n}", 4, 5, "$.targets[1]"), ("[\r\n1 2]", 2, 3, "$"),
            ("[\"é𝄞\" x]", 1, 7, "$"),
            ("{\"a b\": [1, {\"c\": tru}]}", 1, 19, "$['a b'][1].c"), ("[1,\n", 2, 1, "$[1]"), ("\n\n  x", 3, 3, "$"),
            ("{\"it's\": x}", 1, 10, "$['it\\'s']"), ("{\"\": x}", 1, 6, "$['']"), ("{\"1a\": x}", 1, 8, "$['1a']"),
            ("{\"é\": [x]}", 1, 8, "$.é[0]"),
            ("{\"a\":[[1],[2,[3,x]]]}", 1, 17, "$.a[1][1][1]"), ("{\"a\":[[1],[2,[3]]}", 1, 18, "$.a"),
            ("{\"a\":1,\"b\" 2}", 1, 12, "$"),
            ("{\"\\u0001\\\\\": x}", 1, 14, "$['\\u0001\\\\']"),
        ] as [(String, Int, Int, String)])
    func placesSyntaxErrors(text: String, line: Int, column: Int, path: String) {
        let place = jsonError(Array(text.utf8))?.place
        #expect(place?.line == line)
        #expect(place?.column == column)
        #expect(place?.path.description == path)
    }

    @Test("a value says where it stood, so that a semantic error can")
    func placesValues() throws {
        let text = "{\n \"x\": {},\n \"targets\": [\"a\", [true], {\"é\": \"é\", \"k\": 7}]\n}"
        let root = try JSONDocument.parse(text).root
        #expect(root.path.description == "$")
        let seven = try #require(root["targets"]?.elements?.dropFirst(2).first { _ in true }?["k"])
        #expect(seven.path == JSONPath([.key("targets"), .index(2), .key("k")]))
        #expect(seven.place.line == 3)
        #expect(seven.place.column == 43)
        let error = seven.error("a target must be text").at(path: "/etc/graft/a.json")
        #expect(error.description == "/etc/graft/a.json:3:43: at $.targets[2].k: a target must be text")
        #expect(error.code == .payload)
    }

    @Test("every value's path leads back to it")
    func pathsLeadBack() throws {
        let root = try JSONDocument.parse(#"[1,[2,{"a":[],"b":{"c":[3,[4]]}}],{},[[[]]],"x"]"#).root
        var count = 0
        func visit(_ node: JSONNode, _ steps: [JSONPath.Step]) {
            #expect(node.path.steps == steps)
            count += 1
            if let elements = node.elements {
                for (index, element) in elements.enumerated() { visit(element, steps + [.index(index)]) }
            }
            if let members = node.members {
                for member in members { visit(member.value, steps + [.key(member.key)]) }
            }
        }
        visit(root, [])
        #expect(count == 16)
    }

    @Test("an error without a file or a place leaves them out")
    func describesErrors() {
        #expect(ConfigError(.missing, "no such file", path: "/a.json").description == "/a.json: no such file")
        #expect(ConfigError(.missing, "no such file").description == "no such file")
        #expect(jsonError(Array("[".utf8))?.description == "1:2: at $: the text ends before the array does")
    }
}
