// Around.swift: a closure in the place of a function.
//
// Owns the wish and the view of one call (around.h), valid during the call of the handler. The view is not copyable and
// handlers borrow it, so it cannot be kept. Nothing here allocates except the properties that make a String. Neighbours:
// Signature.swift, AroundBox.swift.

internal import CGraft

/// What an around-probe calls in the place of the function, on the thread that called it.
///
/// It may allocate and lock; what it costs is paid by the program at each call. Calls that it makes itself to instrumented
/// functions are not reported; those that the original makes are. It must not end by a C++ exception of its own; one that
/// the original throws passes, and then what the closure holds is not released.
public typealias AroundHandler = @Sendable (_ call: borrowing AroundCall) -> Void

/// A handler in the place of a function, and how the function is called.
public struct Around: Sendable {
    /// The types of the result and of the arguments.
    public var signature: Signature
    /// Called in the place of the function. It is retained until the probe has been removed and the last call that had
    /// begun has left it, and then released on the library's own thread.
    public var handler: AroundHandler

    /// A handler in the place of a function that is called so.
    public init(_ signature: Signature, handler: @escaping AroundHandler) {
        self.signature = signature
        self.handler = handler
    }
}

extension ProbeRequest {
    /// A wish for a handler in the place of a function.
    ///
    /// ```swift
    /// let request = ProbeRequest(target: try Target("libc.so.6:open"), around: Around(try Signature("i32(cstr,i32,u32)")) {
    ///     call in
    ///     call.callOriginal()
    ///     if call.result(as: Int32.self) == -1 { failures.add(1, ordering: .relaxed) }
    /// })
    /// ```
    public init(target: Target, around: Around) {
        self.init(target: target, mode: .around)
        self.around = around
    }
}

/// One call of a function that has an around-probe; lent to the handler.
public struct AroundCall: ~Copyable {
    /// The C view; it lives as long as the handler's call.
    private let raw: OpaquePointer

    /// A view of this C call.
    init(_ raw: OpaquePointer) { self.raw = raw }

    /// How many arguments the signature has.
    public var argumentCount: Int { Int(graft_around_argument_count(raw)) }

    /// Calls the original with the arguments as they are now. Any number of times, or never; it may block.
    public func callOriginal() { graft_around_original(raw) }

    /// Sleeps, so that no removal has to wait for it.
    public func delay(milliseconds: UInt32) { graft_around_delay(raw, milliseconds) }

    /// The program's `errno`, as the caller will see it. What the handler does to `errno` by itself is undone.
    public var errorNumber: Int32 {
        get { graft_around_errno(raw) }
        nonmutating set { graft_around_set_errno(raw, newValue) }
    }

    /// The address of the function's entry.
    public var address: UInt64 { graft_around_entry(raw).pointee.address }

    /// The linker name of the function. Makes a String.
    public var symbol: String { String(cString: graft_around_entry(raw).pointee.symbol) }

    /// The demangled name of the function. Makes a String.
    public var name: String { String(cString: graft_around_entry(raw).pointee.name) }
}

extension AroundCall {
    /// Argument `index`, counted from 0, as the type that it has in the signature: `i32` is `Int32`, `ptr` is
    /// `UnsafeRawPointer?`, a struct a struct with the same members. Nil when there is no such argument or its size is
    /// another.
    public func argument<Value: BitwiseCopyable>(_ index: Int, as type: Value.Type) -> Value? {
        var size = 0
        guard let bytes = argumentBytes(index, size: &size), size == MemoryLayout<Value>.size else { return nil }
        return bytes.loadUnaligned(as: type)
    }

    /// Changes argument `index` for the original's next call. False, and nothing is changed, when there is no such
    /// argument or its size is another.
    @discardableResult
    public func setArgument<Value: BitwiseCopyable>(_ index: Int, to value: Value) -> Bool {
        var size = 0
        guard let bytes = argumentBytes(index, size: &size), size == MemoryLayout<Value>.size else { return false }
        bytes.storeBytes(of: value, as: Value.self)
        return true
    }

    /// The text that argument `index`, a `cstr`, points to; nil for a null pointer. Makes a String.
    public func text(_ index: Int) -> String? {
        argument(index, as: UnsafePointer<CChar>?.self).flatMap { $0 }.map { String(cString: $0) }
    }

    /// The result: zero until the original has been called, then what it returned last. Nil when the size is another, or
    /// the function returns nothing.
    public func result<Value: BitwiseCopyable>(as type: Value.Type) -> Value? {
        var size = 0
        guard let bytes = graft_around_result(raw, &size), size == MemoryLayout<Value>.size else { return nil }
        return UnsafeRawPointer(bytes).loadUnaligned(as: type)
    }

    /// Sets what the caller gets. False, and nothing is changed, when the size is another.
    @discardableResult
    public func setResult<Value: BitwiseCopyable>(_ value: Value) -> Bool {
        var size = 0
        guard let bytes = graft_around_result(raw, &size), size == MemoryLayout<Value>.size else { return false }
        bytes.storeBytes(of: value, as: Value.self)
        return true
    }

    /// The bytes of the result, for whoever knows its type from the signature's text only; empty for `void`.
    package func withResultBytes(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
        var size = 0
        let bytes = graft_around_result(raw, &size)
        body(UnsafeMutableRawBufferPointer(start: bytes, count: bytes == nil ? 0 : size))
    }

    /// The bytes of an argument.
    private func argumentBytes(_ index: Int, size: inout Int) -> UnsafeMutableRawPointer? {
        UInt32(exactly: index).flatMap { graft_around_argument(raw, $0, &size) }
    }
}
