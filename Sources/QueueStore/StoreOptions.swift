import Crypto
import Platform

/// How a store is opened.
package struct StoreOptions {
    /// What an acknowledged change survives.
    package enum Durability: String, Sendable {
        /// Every commit is synced before it is acknowledged: survives power loss.
        case full
        /// Commits reach the disk when the system gets to it: a power cut can lose the last seconds of acknowledged
        /// changes (a crash of the daemon alone loses nothing).
        case relaxed
    }

    package var path: String
    package var durability: Durability
    /// The name of a registered SQLite VFS; nil is the system's.
    package var vfs: String?
    /// Keep SQS's waiting times: 60 s before a deleted queue's name is used again, 60 s between purges.
    package var strictLimits: Bool
    /// Messages of one queue that may be in flight.
    package var inFlightMax: Int
    /// Free pages that the file keeps for what comes next: 4 MiB.
    package var freePagesKept = 1024
    package var random: any RandomSource

    package init(
        path: String, durability: Durability = .full, vfs: String? = nil, strictLimits: Bool = true,
        inFlightMax: Int, random: any RandomSource = SystemRandom()
    ) {
        // SQLite puts its log beside the file itself.
        self.path = FileName.resolvingLinks(path)
        self.durability = durability
        self.vfs = vfs
        self.strictLimits = strictLimits
        self.inFlightMax = inFlightMax
        self.random = random
    }
}
