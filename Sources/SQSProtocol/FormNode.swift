/// Form parameters as a tree of the parts of their names: `Attribute.1.Name=x` is the value x at Attribute, 1, Name.
struct FormNode {
    /// The longest name SQS has: `SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringListValue.1`.
    static let depthLimit = 7

    private(set) var value: [UInt8]?
    private(set) var children: [String: FormNode] = [:]

    /// Puts a value where `path` leads. A longer name than any that SQS has is ignored like other unknown ones.
    mutating func insert(_ path: [Substring], _ value: [UInt8]) {
        if path.count <= Self.depthLimit { insert(path[...], value) }
    }

    private mutating func insert(_ path: ArraySlice<Substring>, _ value: [UInt8]) {
        if let first = path.first {
            children[String(first), default: FormNode()].insert(path.dropFirst(), value)
        } else {
            self.value = value
        }
    }

    /// The elements of the list or map that this node is, by ascending index. What has no index belongs to index 1;
    /// an empty value without an index is how clients spell an empty list.
    var elements: [FormNode] {
        var elements: [Int: FormNode] = [:]
        let unindexed = children.filter { Int($0.key) == nil }
        if value?.isEmpty == false || !unindexed.isEmpty {
            elements[1] = FormNode(value: value, children: unindexed)
        }
        for (name, child) in children {
            guard let index = Int(name) else { continue }
            elements[index, default: FormNode()].merge(child)
        }
        return elements.sorted { $0.key < $1.key }.map(\.value)
    }

    private mutating func merge(_ other: FormNode) {
        value = other.value ?? value
        children.merge(other.children) { _, new in new }
    }
}
