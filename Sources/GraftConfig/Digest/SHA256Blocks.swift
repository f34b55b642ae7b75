// SHA256Blocks: the work of SHA-256, block by block.
//
// Owns the loop in which nearly all of the time goes. It touches memory by pointers that are valid for one call of
// `withBlocks`, in place of arrays, whose bounds would be checked four hundred times for each block; and it makes each word
// of the schedule sixteen rounds before it is wanted, so that the processor does it while it waits for the rounds, each
// of which needs the one before. Neighbour: SHA256Hash gives it whole blocks.

/// A hash, and what it takes to work blocks into it.
struct SHA256Blocks: ~Copyable {
    /// Rounds for each block: the sixteen words of the block, and the forty-eight that follow from them.
    private static let rounds = 64
    /// Words of one block.
    private static let blockWords = 16

    /// The hash: before the first block, the fractions of the square roots of the first eight primes.
    private(set) var hash = SIMD8<UInt32>(
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19)
    /// One for each round.
    private let constants: UnsafePointer<UInt32>
    /// One word for each round.
    private let schedule: UnsafeMutablePointer<UInt32>

    /// Calls `body` with the hash of no block yet.
    static func withBlocks<Result>(_ body: (inout SHA256Blocks) -> Result) -> Result {
        roundConstants.withUnsafeBufferPointer { constants in
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: rounds) { schedule in
                guard let constants = constants.baseAddress, let schedule = schedule.baseAddress else {
                    preconditionFailure("neither is empty")
                }
                schedule.initialize(repeating: 0, count: rounds)
                var blocks = SHA256Blocks(constants: constants, schedule: schedule)
                return body(&blocks)
            }
        }
    }

    private init(constants: UnsafePointer<UInt32>, schedule: UnsafeMutablePointer<UInt32>) {
        self.constants = constants
        self.schedule = schedule
    }

    /// Works whole blocks into the hash.
    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count % SHA256Hash.blockBytes == 0, "whole blocks only")
        guard var block = bytes.baseAddress else { return }
        let end = block + bytes.count
        while block < end {
            load(block)
            hash = hash &+ mixed()
            block += SHA256Hash.blockBytes
        }
    }

    /// Takes the words of a block.
    @inline(__always)
    private func load(_ block: UnsafeRawPointer) {
        var index = 0
        while index < Self.blockWords {
            schedule[index] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 &* index, as: UInt32.self))
            index &+= 1
        }
    }

    /// What the rounds make of the hash and the schedule's first words. The words of the last rounds have been made when they
    /// begin.
    @inline(__always)
    private func mixed() -> SIMD8<UInt32> {
        var (a, b, c, d) = (hash[0], hash[1], hash[2], hash[3])
        var (e, f, g, h) = (hash[4], hash[5], hash[6], hash[7])
        var round = 0
        while round < Self.rounds &- Self.blockWords {
            mixEight(&a, &b, &c, &d, &e, &f, &g, &h, round, true)
            round &+= 8
        }
        while round < Self.rounds {
            mixEight(&a, &b, &c, &d, &e, &f, &g, &h, round, false)
            round &+= 8
        }
        return SIMD8(a, b, c, d, e, f, g, h)
    }

    /// Eight rounds, after which each name stands for its own word again: so no word is ever moved.
    @inline(__always)
    private func mixEight(
        _ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32, _ d: inout UInt32, _ e: inout UInt32,
        _ f: inout UInt32, _ g: inout UInt32, _ h: inout UInt32, _ round: Int, _ makesWords: Bool
    ) {
        mix(a, b, c, &d, e, f, g, &h, round, makesWords)
        mix(h, a, b, &c, d, e, f, &g, round &+ 1, makesWords)
        mix(g, h, a, &b, c, d, e, &f, round &+ 2, makesWords)
        mix(f, g, h, &a, b, c, d, &e, round &+ 3, makesWords)
        mix(e, f, g, &h, a, b, c, &d, round &+ 4, makesWords)
        mix(d, e, f, &g, h, a, b, &c, round &+ 5, makesWords)
        mix(c, d, e, &f, g, h, a, &b, round &+ 6, makesWords)
        mix(b, c, d, &e, f, g, h, &a, round &+ 7, makesWords)
    }

    /// One round, and on request the word for the round that is sixteen later.
    @inline(__always)
    private func mix(
        _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32,
        _ h: inout UInt32, _ round: Int, _ makesWord: Bool
    ) {
        let choice = g ^ (e & (f ^ g))
        let majority = (a & b) | (c & (a | b))
        let first = h &+ rotations(e, 6, 11, 25) &+ choice &+ schedule[round] &+ constants[round]
        d = d &+ first
        h = first &+ rotations(a, 2, 13, 22) &+ majority
        guard makesWord else { return }
        let (early, late) = (schedule[round &+ 1], schedule[round &+ 14])
        let following = rotated(early, 7) ^ rotated(early, 18) ^ early &>> 3
        let leading = rotated(late, 17) ^ rotated(late, 19) ^ late &>> 10
        schedule[round &+ Self.blockWords] = schedule[round] &+ following &+ schedule[round &+ 9] &+ leading
    }

    /// `word` rotated in three ways, all mixed.
    @inline(__always)
    private func rotations(_ word: UInt32, _ one: UInt32, _ two: UInt32, _ three: UInt32) -> UInt32 {
        rotated(word, one) ^ rotated(word, two) ^ rotated(word, three)
    }

    /// `word` rotated to the right.
    @inline(__always)
    private func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word &>> count | word &<< (32 &- count) }

    /// One word for each round: the fractions of the cube roots of the first sixty-four primes.
    private static let roundConstants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}
