// JSONObject: named values in a fixed order.
//
// Owns the rule that keys are compared byte by byte, as JSON has it, and not by Unicode equivalence, as `String` has
// it: two keys that differ only in normalisation are two keys. Neighbours: JSONValue, JSONWriter.

/// One named value of an object.
public struct JSONMember: Sendable, Hashable {
    /// The name.
    public var key: String
    /// What it stands for.
    public var value: JSONValue

    /// A named value.
    public init(key: String, value: JSONValue) {
        self.key = key
        self.value = value
    }
}

/// Named values in the order in which they were written. Equal when members and order are equal.
public struct JSONObject: Sendable, Hashable {
    /// The members in order.
    public var members: [JSONMember]

    /// An object of these members. The caller sees to it that no key comes twice.
    public init(_ members: [JSONMember] = []) { self.members = members }

    /// The value with this key. Takes time in proportion to the number of members; setting nil removes the member,
    /// setting a new key appends it.
    public subscript(key: String) -> JSONValue? {
        get { index(of: key).map { members[$0].value } }
        set {
            switch (index(of: key), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(JSONMember(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// Where the member with exactly these bytes as key is.
    private func index(of key: String) -> Int? {
        members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
    }
}
