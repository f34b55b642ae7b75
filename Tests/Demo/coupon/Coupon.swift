// Coupon.swift: a library that the shop loads while it is open: the demonstration's late image.

/// A reduction.
struct Coupon {
    /// In percent of the price.
    let percent: Int

    /// What is left to pay, in cents.
    @inline(never)
    func reduce(_ cents: Int) -> Int { cents * (100 - percent) / 100 }
}

/// The entry that the shop looks up.
@_cdecl("coupon_apply")
public func apply(cents: Int) -> Int { Coupon(percent: 15).reduce(cents) }
