import QueueModel

/// One moment for each key, and which of them come first. A binary heap in which moments that were replaced are passed
/// over when their turn comes.
struct Deadlines<Key: Hashable> {
    private struct Entry {
        let due: Timestamp
        let key: Key
    }

    private var heap: [Entry] = []
    private var dueByKey: [Key: Timestamp] = [:]

    /// The earliest moment of all.
    var next: Timestamp? {
        mutating get {
            dropReplaced()
            return heap.first?.due
        }
    }

    func due(of key: Key) -> Timestamp? { dueByKey[key] }

    /// Sets the moment of a key; nil removes it.
    mutating func set(_ key: Key, to due: Timestamp?) {
        guard dueByKey[key] != due else { return }
        dueByKey[key] = due
        guard let due else { return }
        heap.append(Entry(due: due, key: key))
        siftUp(from: heap.count - 1)
        // Replaced entries must not outgrow the living ones.
        if heap.count > 64, heap.count > dueByKey.count * 4 { rebuild() }
    }

    /// Sets the moment of a key unless it has an earlier one.
    mutating func setIfEarlier(_ key: Key, to due: Timestamp) {
        guard dueByKey[key].map({ due < $0 }) ?? true else { return }
        set(key, to: due)
    }

    /// Takes out one key whose moment has come.
    mutating func popDue(at now: Timestamp) -> Key? {
        dropReplaced()
        guard let first = heap.first, first.due <= now else { return nil }
        dueByKey[first.key] = nil
        removeFirst()
        return first.key
    }

    private mutating func dropReplaced() {
        while let first = heap.first, dueByKey[first.key] != first.due { removeFirst() }
    }

    private mutating func removeFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        siftDown(from: 0)
    }

    private mutating func rebuild() {
        heap = dueByKey.map { Entry(due: $0.value, key: $0.key) }
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(from: index) }
    }

    private mutating func siftUp(from start: Int) {
        var index = start
        while index > 0, heap[index].due < heap[(index - 1) / 2].due {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func siftDown(from start: Int) {
        var index = start
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].due < heap[smallest].due
            {
                smallest = child
            }
            guard smallest != index else { return }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }
}
