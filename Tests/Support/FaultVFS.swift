import CFaultVFS
import Synchronization

/// A disk in memory that fails on demand, as a VFS of SQLite. Nothing written to it survives a power cut that was not
/// synced. For one thread.
package final class FaultVFS {
    /// Kinds of calls.
    package struct Calls: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }

        package static let open = Calls(rawValue: FAULT_CALL_OPEN)
        package static let read = Calls(rawValue: FAULT_CALL_READ)
        package static let write = Calls(rawValue: FAULT_CALL_WRITE)
        package static let sync = Calls(rawValue: FAULT_CALL_SYNC)
        package static let truncate = Calls(rawValue: FAULT_CALL_TRUNCATE)
        package static let delete = Calls(rawValue: FAULT_CALL_DELETE)
        package static let lock = Calls(rawValue: FAULT_CALL_LOCK)
        package static let sharedMemory = Calls(rawValue: FAULT_CALL_SHARED_MEMORY)
    }

    /// How a call fails.
    package enum Failure: CaseIterable, Sendable {
        case ioError
        /// Of writes.
        case diskFull
        /// Of writes: a part is written before the disk is full.
        case shortWrite
        /// Of locks: someone else holds it.
        case busy
    }

    /// What a power cut leaves of changes that were not synced.
    package enum Fate: CaseIterable, Sendable {
        case all
        case none
        /// Some whole writes.
        case some
        /// Some writes, and of others some sectors, among them sectors of rubbish.
        case torn
    }

    /// The name under which SQLite knows it.
    package let name: String
    private let disk: OpaquePointer
    private static let count = Atomic<Int>(0)

    package init(seed: UInt64) {
        let name = "fault-\(Self.count.add(1, ordering: .relaxed).newValue)"
        guard let disk = fault_disk_create(name, seed) else { preconditionFailure("no VFS \(name)") }
        self.name = name
        self.disk = disk
    }

    deinit { fault_disk_destroy(disk) }

    // MARK: Faults

    /// Lets the `nth` of these calls from now on fail; 1 is the next. `lasts`: all later ones too.
    package func fail(_ calls: Calls, at nth: Int, with failure: Failure = .ioError, lasts: Bool = false) {
        let kind =
            switch failure {
            case .ioError: FAULT_KIND_IO_ERROR
            case .diskFull: FAULT_KIND_DISK_FULL
            case .shortWrite: FAULT_KIND_SHORT_WRITE
            case .busy: FAULT_KIND_BUSY
            }
        fault_disk_fail(disk, Int32(calls.rawValue), Int64(nth), Int32(kind), lasts)
    }

    /// From now on nothing fails.
    package func heal() { fault_disk_fail(disk, 0, 0, Int32(FAULT_KIND_NONE), false) }

    /// Runs `body`, the test's own look at the disk, without faults. It does not count for their numbers.
    package func undisturbed<Result>(_ body: () throws -> Result) rethrows -> Result {
        fault_disk_pause(disk, true)
        defer { fault_disk_pause(disk, false) }
        return try body()
    }

    /// Calls that have failed so far because they were told to.
    package var failures: Int { Int(fault_disk_failures(disk)) }

    // MARK: Power

    /// Cuts the power at the `nth` call from now on that changes the disk; nil is at once. Without power all calls fail.
    package func cutPower(atChange nth: Int? = nil) { fault_disk_cut(disk, Int64(nth ?? 0)) }

    package var hasPower: Bool { !fault_disk_is_off(disk) }

    /// Settles the fate of what was not synced. Files opened before stay dead.
    package func restorePower(unsynced fate: Fate, seed: UInt64) {
        let code =
            switch fate {
            case .all: FAULT_FATE_ALL
            case .none: FAULT_FATE_NONE
            case .some: FAULT_FATE_SOME
            case .torn: FAULT_FATE_TORN
            }
        fault_disk_restore(disk, Int32(code), seed)
    }

    /// The process dies: files opened before stay dead. What was written is there.
    package func killProcess() { fault_disk_kill(disk) }

    /// Calls so far that change the disk.
    package var changes: Int { Int(fault_disk_changes(disk)) }

    // MARK: Room

    /// Bytes that all files together may hold; nil is no limit.
    package var capacity: Int? {
        didSet { fault_disk_set_capacity(disk, Int64(capacity ?? -1)) }
    }

    /// Bytes that all files together hold.
    package var used: Int { Int(fault_disk_used(disk)) }
}
