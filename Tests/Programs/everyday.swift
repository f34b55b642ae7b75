// everyday.swift: what test-libraries has a Swift program do: tasks, an actor, errors, JSON, dates, text, regular
// expressions, files. Prints the same each time.
import Foundation

actor Total {
    private(set) var sum = 0
    func add(_ number: Int) { sum += number }
}
struct Order: Codable { var name: String; var prices: [Double]; var when: Date }
struct Refused: Error { let number: Int }
func price(_ number: Int) async throws -> Int {
    if number % 10 == 9 { throw Refused(number: number) }
    await Task.yield()
    return number * 3
}
@main struct Everyday {
    static func main() async throws {
        let total = Total()
        var refused = 0
        for await result in await withTaskGroup(
            of: Result<Int, any Error>.self, returning: AsyncStream<Result<Int, any Error>>.self,
            body: { group in
                for number in 0..<500 {
                    group.addTask { do { return .success(try await price(number)) } catch { return .failure(error) } }
                }
                var all: [Result<Int, any Error>] = []
                for await one in group { all.append(one) }
                return AsyncStream {
                    for one in all { $0.yield(one) }; $0.finish()
                }
            })
        {
            switch result {
            case .success(let number): await total.add(number)
            case .failure: refused += 1
            }
        }
        print(await total.sum, refused)
        let orders = (0..<50).map {
            Order(
                name: "order \($0)", prices: [Double($0) / 3, 2.5],
                when: Date(timeIntervalSince1970: Double($0) * 86400))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        encoder.dateEncodingStrategy = .iso8601
        let data = try encoder.encode(orders)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        print(
            data.count, try decoder.decode([Order].self, from: data).map(\.name).joined(separator: ",").hashValue != 0)
        print(String(decoding: data.prefix(200), as: UTF8.self))
        var words: [String: Int] = [:]
        for word in "the quick brown fox jumps over the lazy dog the end".split(separator: " ") {
            words[String(word), default: 0] += 1
        }
        print(words.sorted { $0.key < $1.key })
        print(String(format: "%.3f %05d %@", 2.0 / 3, 42, "text"), "Straße".uppercased(), "caf\u{65}\u{301}".count)
        let regex = try NSRegularExpression(pattern: "[a-z]+([0-9]+)")
        print(regex.matches(in: "abc42 def7", range: NSRange(location: 0, length: 10)).map { $0.range.length })
        print(
            URL(string: "https://example.org:80/a/b?c=d#e")!.path,
            Calendar(identifier: .gregorian).component(.year, from: Date(timeIntervalSince1970: 0)))
        let lock = NSLock()
        nonisolated(unsafe) var sum = 0
        DispatchQueue.concurrentPerform(iterations: 200) { number in lock.withLock { sum += number } }
        print(
            sum, data.base64EncodedString().count, UUID(uuidString: "E621E1F8-C36C-495A-93FC-0C247A3E6E5F")!.uuidString)
        do { _ = try Data(contentsOf: URL(fileURLWithPath: "/nonexistent")) } catch { print((error as NSError).code) }
        print(Array(stride(from: 0.0, through: 1.0, by: 0.25)), (1...20).reduce(1, *), Int("zz", radix: 36)!)
    }
}
