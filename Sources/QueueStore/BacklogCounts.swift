import QueueModel
import SQLite

/// How many messages of each state a backlog has.
struct BacklogCounts {
    /// Fresh ones, and those that are ready otherwise.
    private(set) var visible = 0
    private(set) var inFlight = 0
    private(set) var delayed = 0
    private(set) var fresh = 0
    /// No message with a lower number is fresh.
    private(set) var freshFrom = SequenceNumber(0)

    init() {}

    init(_ row: Row) {
        visible = Int(row.integer(0))
        inFlight = Int(row.integer(1))
        delayed = Int(row.integer(2))
        fresh = Int(row.integer(3))
        freshFrom = SequenceNumber(row.integer(4))
    }

    var total: Int { visible + inFlight + delayed }

    subscript(state: MessageState) -> Int {
        get {
            switch state {
            case .fresh: fresh
            case .ready: visible - fresh
            case .inFlight: inFlight
            case .delayed: delayed
            }
        }
        set {
            switch state {
            case .fresh:
                visible += newValue - fresh
                fresh = newValue
            case .ready: visible = fresh + newValue
            case .inFlight: inFlight = newValue
            case .delayed: delayed = newValue
            }
        }
    }

    /// A message that is new to the backlog, and numbered after all that are there.
    mutating func arrived(_ id: SequenceNumber, as state: MessageState) {
        if state == .fresh, fresh == 0 { freshFrom = id }
        self[state] += 1
    }

    /// The fresh messages before this one have been found to be gone.
    mutating func freshBegin(at id: SequenceNumber) { freshFrom = id }
}
