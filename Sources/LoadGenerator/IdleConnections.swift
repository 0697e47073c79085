/// The connections that wait for a request to become due, in the order in which they came, so that all take turns.
struct IdleConnections<Element> {
    private var ring: [Element?]
    private var first = 0
    private var count = 0

    init(capacity: Int) {
        ring = Array(repeating: nil, count: capacity)
    }

    var isEmpty: Bool { count == 0 }

    mutating func append(_ element: Element) {
        precondition(count < ring.count, "a connection is idle twice")
        ring[(first + count) % ring.count] = element
        count += 1
    }

    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        defer { first = (first + 1) % ring.count }
        count -= 1
        return ring[first].take()
    }
}
