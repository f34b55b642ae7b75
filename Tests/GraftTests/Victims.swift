// Victims: functions of the test process that the live tests instrument. Each has a linker name of its own, is called
// through a call that is not inlined, and is long enough for a jump.

/// What the victims write to, so that no call of theirs can be left out.
nonisolated(unsafe) private var sink: UInt64 = 0

/// Adds integers; all of them are passed in registers.
@_silgen_name("victim_add") @inline(never) @_optimize(none)
public func victimAdd(_ a: Int, _ b: Int, _ c: Int) -> Int {
    let sum = a &+ b
    return sum &+ c
}

/// Weighs eight integers, of which two are passed on the stack.
@_silgen_name("victim_eight") @inline(never) @_optimize(none)
public func victimEight(_ a: Int, _ b: Int, _ c: Int, _ d: Int, _ e: Int, _ f: Int, _ g: Int, _ h: Int) -> Int {
    a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h
}

/// Multiplies floating numbers.
@_silgen_name("victim_scale") @inline(never) @_optimize(none)
public func victimScale(_ a: Double, _ b: Double) -> Double { a * b + 0.5 }

/// Called by many threads.
@_silgen_name("victim_busy") @inline(never) @_optimize(none)
public func victimBusy(_ a: Int) -> Int { a &* 3 &+ 1 }

/// Calls another victim, so that the first caller is known by name.
@_silgen_name("victim_caller") @inline(never) @_optimize(none)
public func victimCaller(_ a: Int) -> Int {
    let inner = victimCalled(a)
    return inner &+ 1
}

/// Called by `victimCaller`.
@_silgen_name("victim_called") @inline(never) @_optimize(none)
public func victimCalled(_ a: Int) -> Int { a &* 5 &- 2 }

/// Called from inside a handler.
@_silgen_name("victim_nested") @inline(never) @_optimize(none)
public func victimNested(_ a: Int) -> Int { a &+ 7 }
