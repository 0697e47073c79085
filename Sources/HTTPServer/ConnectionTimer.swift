/// By when a connection has to make progress.
struct ConnectionTimer: Equatable {
    enum Kind: Int, CaseIterable {
        case idle, head, body, write, linger

        func milliseconds(_ configuration: HTTPServerConfiguration) -> Int64 {
            switch self {
            case .idle: configuration.idleTimeoutMilliseconds
            case .head: configuration.headTimeoutMilliseconds
            case .body: configuration.bodyTimeoutMilliseconds
            case .write: configuration.writeTimeoutMilliseconds
            case .linger: configuration.lingerTimeoutMilliseconds
            }
        }
    }

    var kind: Kind
    /// Monotonic milliseconds.
    var deadline: Int64
}

/// The timers of all connections. Those of one kind all run equally long, so a list for each kind, to whose end a new
/// timer goes, is always in order: setting, clearing and finding the next one take constant time.
struct ConnectionTimers {
    private struct Node {
        var kind: ConnectionTimer.Kind?
        var deadline: Int64 = 0
        var previous: Int32 = none
        var next: Int32 = none
    }

    private static let none: Int32 = -1

    /// Indexed by the connection's number, which is small because it is its file descriptor.
    private var nodes: [Node] = []
    private var firsts = [Int32](repeating: none, count: ConnectionTimer.Kind.allCases.count)
    private var lasts = [Int32](repeating: none, count: ConnectionTimer.Kind.allCases.count)

    /// Sets, moves or clears the timer of a connection.
    mutating func set(_ timer: ConnectionTimer?, for number: Int) {
        while nodes.count <= number { nodes.append(Node()) }
        let node = nodes[number]
        if node.kind == timer?.kind, timer == nil || node.deadline == timer?.deadline { return }
        unlink(number)
        if let timer { link(timer, number) }
    }

    /// The moment of the next timer.
    var nextDeadline: Int64? {
        firsts.lazy.filter { $0 != Self.none }.map { nodes[Int($0)].deadline }.min()
    }

    /// A connection whose timer has run out. Its timer is cleared.
    mutating func popExpired(now: Int64) -> Int? {
        for first in firsts where first != Self.none && nodes[Int(first)].deadline <= now {
            unlink(Int(first))
            return Int(first)
        }
        return nil
    }

    private mutating func link(_ timer: ConnectionTimer, _ number: Int) {
        let list = timer.kind.rawValue
        let last = lasts[list]
        nodes[number] = Node(kind: timer.kind, deadline: timer.deadline, previous: last)
        if last == Self.none {
            firsts[list] = Int32(number)
        } else {
            nodes[Int(last)].next = Int32(number)
        }
        lasts[list] = Int32(number)
    }

    private mutating func unlink(_ number: Int) {
        let node = nodes[number]
        guard let list = node.kind?.rawValue else { return }
        if node.previous == Self.none {
            firsts[list] = node.next
        } else {
            nodes[Int(node.previous)].next = node.next
        }
        if node.next == Self.none {
            lasts[list] = node.previous
        } else {
            nodes[Int(node.next)].previous = node.previous
        }
        nodes[number] = Node()
    }
}
