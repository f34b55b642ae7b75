// Packing: the events of one request, as far as there is room.
//
// Owns the room that is left and what did not fit. Items are written one by one, so that the size is known to the byte and
// no item is written twice. Neighbours: TelemetryState says what to pack.

/// Events on their way into a request.
struct Packing: Sendable {
    /// The events so far.
    private(set) var events: [PackedEvent] = []
    /// Whether there is more to tell than this request has room for.
    private(set) var hasLeftOut = false
    /// The bytes that are left.
    private var room: Int
    /// Whether no item has been taken yet; the first one always is, or it would never go.
    private var isEmpty = true
    /// The most bytes that the events of one request take beside their items.
    private static let eventsBytes = 1_024

    /// Room for so many bytes of events.
    init(room: Int) { self.room = room - Self.eventsBytes }

    /// Items as the elements of one list, and those that were taken. `write` appends an item's bytes.
    mutating func pack<Item>(
        _ items: some Sequence<Item>, most: Int = .max, _ write: (Item, inout [UInt8]) -> Void
    ) -> (list: [UInt8], taken: [Item]) {
        var list: [UInt8] = []
        var taken: [Item] = []
        for item in items {
            guard taken.count < most else {
                hasLeftOut = true
                break
            }
            let end = list.count
            if !taken.isEmpty { list.append(UInt8(ascii: ",")) }
            write(item, &list)
            let size = list.count - end
            guard isEmpty || size <= room else {
                list.removeSubrange(end...)
                hasLeftOut = true
                break
            }
            isEmpty = false
            room -= size
            taken.append(item)
        }
        return (list, taken)
    }

    /// Adds an event without a payload.
    mutating func add(_ event: TelemetryEvent) { events.append(PackedEvent(event: event, payload: nil)) }

    /// Adds an event whose payload is these parts, texts and lists in turn.
    mutating func add(_ event: TelemetryEvent, _ parts: (text: StaticString, list: [UInt8])..., end: StaticString) {
        var payload: [UInt8] = []
        payload.reserveCapacity(parts.reduce(64) { $0 + $1.list.count })
        func append(_ text: StaticString) { text.withUTF8Buffer { payload.append(contentsOf: $0) } }
        for part in parts {
            append(part.text)
            payload += part.list
        }
        append(end)
        events.append(PackedEvent(event: event, payload: payload))
    }
}
