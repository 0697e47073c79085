import QueueModel

extension Timestamp? {
    /// The earlier of two moments of which there may be none. Asked several times for each batch: to make an array of them
    /// takes many times as long.
    func orEarlier(_ other: Timestamp?) -> Timestamp? {
        guard let self, let other else { return self ?? other }
        return Swift.min(self, other)
    }
}
