// LiveAroundTests: closures in the place of C functions: arguments, results, errno, lifetime, refusals.

import Foundation
import Graft
import Synchronization
import Testing

extension Live {
    @Suite("An around-probe")
    struct AroundTests {
        /// A started core.
        private let core: Core

        /// Starts the core.
        init() throws { core = try Core() }

        /// Installs a handler in the place of a function; it must be accepted.
        private func put(_ target: String, _ signature: String, handler: @escaping AroundHandler) throws -> Probe {
            let around = Around(try Signature(signature), handler: handler)
            let request = ProbeRequest(target: try Target(target), around: around)
            let outcome = try #require(core.instrumentation.apply([.install(request)]).first)
            #expect(outcome.error == nil && outcome.installed == 1, "\(outcome)")
            return try #require(outcome.probe)
        }

        @Test("sees and changes arguments, calls the original and changes the result")
        func changes() throws {
            let seen = Seen<[Int32]>([])
            let probe = try put("libc.so.6:abs", "i32(i32)") { call in
                let value = call.argument(0, as: Int32.self) ?? 0
                seen.change { $0.append(value) }
                call.setArgument(0, to: value - 1)
                call.callOriginal()
                call.setResult((call.result(as: Int32.self) ?? 0) * 10)
            }
            let absolute = try libc("abs", as: (@convention(c) (Int32) -> Int32).self)
            #expect(absolute(-4) == 50)
            #expect(try core.info(probe)?.mode == .around)
            #expect(try core.instrumentation.hits(of: probe) == 1)
            core.remove(probe)
            #expect(absolute(-4) == 4)
            #expect(seen.value == [-4])
        }

        @Test("answers with an error of its own for a text that it chooses")
        func errors() throws {
            let probe = try put("libc.so.6:getenv", "cstr(cstr)") { call in
                guard call.text(0) != "GRAFT_TEST_HIDDEN" else { return call.errorNumber = ENOENT }
                call.callOriginal()
            }
            let environment = try libc(
                "getenv", as: (@convention(c) (UnsafePointer<CChar>) -> UnsafePointer<CChar>?).self)
            setenv("GRAFT_TEST_HIDDEN", "1", 1)
            setenv("GRAFT_TEST_SHOWN", "1", 1)
            errno = 0
            #expect(environment("GRAFT_TEST_HIDDEN") == nil)
            #expect(errno == ENOENT)
            #expect(environment("GRAFT_TEST_SHOWN") != nil)
            core.remove(probe)
            #expect(environment("GRAFT_TEST_HIDDEN") != nil)
        }

        @Test("passes structs by value")
        func structs() throws {
            let probe = try put("libc.so.6:div", "{i32,i32}(i32,i32)") { call in
                call.callOriginal()
                guard var result = call.result(as: div_t.self) else { return }
                swap(&result.quot, &result.rem)
                call.setResult(result)
            }
            let divide = try libc("div", as: (@convention(c) (Int32, Int32) -> div_t).self)
            let result = divide(17, 5)
            #expect(result.quot == 2 && result.rem == 3)
            core.remove(probe)
        }

        @Test("gives and takes nothing of another size")
        func sizes() throws {
            let right = Seen(false)
            let probe = try put("libc.so.6:abs", "i32(i32)") { call in
                let refused =
                    call.argument(0, as: Int64.self) == nil && call.argument(1, as: Int32.self) == nil
                    && call.argument(-1, as: Int32.self) == nil && !call.setArgument(0, to: 1.0)
                    && call.result(as: Double.self) == nil && !call.setResult(UInt8(1)) && call.argumentCount == 1
                right.change { $0 = refused }
            }
            #expect(try libc("abs", as: (@convention(c) (Int32) -> Int32).self)(-4) == 0)
            #expect(right.value)
            core.remove(probe)
        }

        @Test("is released after its removal, and when it is not accepted")
        func lifetime() throws {
            let before = Token.count
            let probe = try put("libc.so.6:abs", "i32(i32)", handler: holding(Token()))
            try refused()
            #expect(core.instrumentation.apply([.setMode(probe, .count)]).first?.error?.code == .invalidArgument)
            core.remove(probe)
            for _ in 0..<500 where Token.count != before { usleep(10_000) }
            #expect(Token.count == before)
        }

        @Test("is refused on a Swift function")
        func swift() throws {
            let request = ProbeRequest(
                target: try Target("GraftTests:onlyForAround(_:)"), around: Around(try Signature("i64(i64)")) { _ in })
            let outcome = try #require(core.instrumentation.apply([.install(request)]).first)
            #expect(onlyForAround(1) == 2)
            #expect(outcome.installed == 0 && outcome.refusal?.code == .signatureUnknown, "\(outcome)")
            if let probe = outcome.probe { core.remove(probe) }
        }

        /// A second around-probe on one function, and one without its handler.
        private func refused() throws {
            let around = Around(try Signature("i32(i32)"), handler: holding(Token()))
            var request = ProbeRequest(target: try Target("libc.so.6:abs"), around: around)
            let outcomes = core.instrumentation.apply([.install(request)])
            let second = try #require(outcomes.first)
            #expect(second.error == nil && second.refusal?.code == .aroundTaken)
            core.remove(try #require(second.probe))
            request.around = nil
            #expect(core.instrumentation.apply([.install(request)]).first?.error?.code == .invalidArgument)
        }

        /// A handler that keeps a token alive.
        private func holding(_ token: Token) -> AroundHandler {
            { call in
                token.touch()
                call.callOriginal()
            }
        }

        /// A function of the C library, found at run time: no compiler knows what it does.
        private func libc<Function>(_ name: String, as type: Function.Type) throws -> Function {
            unsafeBitCast(try #require(dlsym(nil, name)), to: type)
        }
    }
}

/// A Swift function that nothing else calls.
@inline(never)
private func onlyForAround(_ value: Int) -> Int { value + 1 }

@Suite("A signature")
struct SignatureTests {
    @Test("keeps its text")
    func text() throws {
        #expect(try Signature("i32(ptr,{u8,f64})").text == "i32(ptr,{u8,f64})")
        #expect(try Signature("void()") == Signature("void()"))
    }

    @Test(
        "says at which byte it is none",
        arguments: [("i33()", 0), ("i32(ptr,)", 8), ("i32(ptr,...)", 8), ("i32(i8\0)", 6), ("", 0)])
    func mistakes(text: String, offset: Int) {
        let error = #expect(throws: GraftError.self) { try Signature(text) }
        #expect(error?.code == .signatureSyntax)
        #expect(error?.place == .signature(text, offset: offset))
    }

    @Test("has limits")
    func limits() throws {
        let arguments = Array(repeating: "i8", count: Signature.maximumArguments).joined(separator: ",")
        #expect(throws: Never.self) { try Signature("void(\(arguments))") }
        let error = #expect(throws: GraftError.self) { try Signature("void(\(arguments),i8)") }
        #expect(error?.code == .signatureLimit)
    }
}
