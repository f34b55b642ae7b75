// SHA256: the hash by which the agent and a client agree on a file.
//
// Owns FIPS 180-4's SHA-256 of bytes that are all there, and nothing more: no streaming, no keys. It is written here so
// that a program which is preloaded into every host links no library for it. Neighbours: SHA256Digest is the result.

/// SHA-256 of bytes in memory.
public enum SHA256 {
    /// Bytes of one block.
    private static let blockBytes = 64
    /// Bytes at the end of the last block that hold the length in bits.
    private static let lengthBytes = 8

    /// The digest of `bytes`. Takes time in proportion to their number and a fixed amount of memory.
    public static func digest(of bytes: [UInt8]) -> SHA256Digest {
        bytes.withUnsafeBytes { digest(of: $0) }
    }

    /// The digest of `bytes`.
    static func digest(of bytes: UnsafeRawBufferPointer) -> SHA256Digest {
        var state = initial
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: roundConstants.count) { schedule in
            let whole = bytes.count / blockBytes * blockBytes
            for start in stride(from: 0, to: whole, by: blockBytes) {
                compress(UnsafeRawBufferPointer(rebasing: bytes[start..<start + blockBytes]), schedule, &state)
            }
            let end = tail(of: UnsafeRawBufferPointer(rebasing: bytes[whole...]), total: bytes.count)
            end.withUnsafeBytes { end in
                for start in stride(from: 0, to: end.count, by: blockBytes) {
                    compress(UnsafeRawBufferPointer(rebasing: end[start..<start + blockBytes]), schedule, &state)
                }
            }
        }
        return SHA256Digest(words: state)
    }

    /// What is left after the whole blocks, padded to one block or two.
    private static func tail(of rest: UnsafeRawBufferPointer, total: Int) -> [UInt8] {
        var tail = Array(rest)
        tail.append(0x80)
        let used = (tail.count + lengthBytes) % blockBytes
        tail.append(contentsOf: repeatElement(0, count: used == 0 ? 0 : blockBytes - used))
        withUnsafeBytes(of: (UInt64(total) &* 8).bigEndian) { tail.append(contentsOf: $0) }
        return tail
    }

    /// Works one block into the state.
    private static func compress(
        _ block: UnsafeRawBufferPointer, _ schedule: UnsafeMutableBufferPointer<UInt32>, _ state: inout SIMD8<UInt32>
    ) {
        expand(block, into: schedule)
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for round in 0..<schedule.count {
            let mixed = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
            let choice = (e & f) ^ (~e & g)
            let first = h &+ mixed &+ choice &+ roundConstants[round] &+ schedule[round]
            let majority = (a & b) ^ (a & c) ^ (b & c)
            let second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) &+ majority
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        state = state &+ SIMD8(a, b, c, d, e, f, g, h)
    }

    /// The block's sixteen words and the forty-eight that follow from them.
    private static func expand(_ block: UnsafeRawBufferPointer, into schedule: UnsafeMutableBufferPointer<UInt32>) {
        for index in 0..<16 {
            schedule[index] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
        }
        for index in 16..<schedule.count {
            let (early, late) = (schedule[index - 15], schedule[index - 2])
            let first = rotated(early, 7) ^ rotated(early, 18) ^ early >> 3
            let second = rotated(late, 17) ^ rotated(late, 19) ^ late >> 10
            schedule[index] = schedule[index - 16] &+ first &+ schedule[index - 7] &+ second
        }
    }

    /// `word` rotated to the right.
    private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word >> count | word << (32 - count) }

    /// The state before the first block: the fractions of the square roots of the first eight primes.
    private static let initial = SIMD8<UInt32>(
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19)

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
