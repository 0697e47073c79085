import Crypto
import Migrations
import QueueModel
import SQLite

/// Looks a whole database through: SQLite's structure, the schema and its history, what must hold between the rows, and
/// every body against its MD5. Changes nothing.
package struct DatabaseCheck {
    /// More problems than these help nobody.
    private static let problemsMax = 20

    private let file: DatabaseFile

    package init(of file: DatabaseFile) { self.file = file }

    /// Throws what makes it pointless to look on: the file is none of ours, or cannot be read.
    package func run() throws(StoreOpenError) -> CheckReport {
        let connection = try file.connect()
        do {
            // All that is looked at is of one moment.
            try connection.execute("BEGIN")
            var report = CheckReport(path: file.path)
            report.schemaVersion = try Migrator(of: connection, path: file.path).schemaVersion()
            report.bytes = try connection.prepare("PRAGMA page_count").first { $0.integer(0) } ?? 0
            report.bytes *= try connection.prepare("PRAGMA page_size").first { $0.integer(0) } ?? 0
            collect(&report, on: connection)
            try connection.execute("COMMIT")
            try connection.close()
            return report
        } catch {
            if let error = error as? StoreOpenError { throw error }
            guard let error = error as? SQLiteError else { preconditionFailure("an error of neither kind: \(error)") }
            throw error.isCorrupt ? .notADatabase(path: file.path) : .cannotOpen(path: file.path, error)
        }
    }

    private func collect(_ report: inout CheckReport, on connection: Connection) {
        look(&report) { report throws(SQLiteError) in
            report.problems += try connection.structureProblems(max: Self.problemsMax)
        }
        // What a broken structure makes of the rows says nothing; older schemas may lack what the rules speak of.
        guard report.problems.isEmpty, report.schemaVersion == Migration.all.count else { return }
        for invariant in Invariant.all where report.problems.count < Self.problemsMax {
            look(&report) { report throws(SQLiteError) in
                let rows = try connection.prepare("\(invariant.query) LIMIT \(Self.problemsMax)").all { $0.text(0) }
                report.problems += rows.map { "not so: \(invariant.rule): \($0)" }
            }
        }
        look(&report) { report throws(SQLiteError) in try checkContents(&report, on: connection) }
        look(&report) { report throws(SQLiteError) in
            report.queues = try connection.prepare(Self.queues).all {
                CheckReport.Queue(
                    name: QueueName(account: $0.text(0), region: $0.text(1), name: $0.text(2)),
                    counts: MessageCounts(
                        visible: Int($0.integer(3)), inFlight: Int($0.integer(4)), delayed: Int($0.integer(5))))
            }
        }
    }

    /// A file that cannot be read to the end is no reason to keep back what has been found.
    private func look(
        _ report: inout CheckReport, _ body: (inout CheckReport) throws(SQLiteError) -> Void
    ) {
        do throws(SQLiteError) {
            try body(&report)
        } catch {
            report.problems.append(error.description)
        }
    }

    private func checkContents(_ report: inout CheckReport, on connection: Connection) throws(SQLiteError) {
        var problems: [String] = []
        try connection.prepare("SELECT id, body, md5, attributes FROM message_body").readEach { row in
            guard problems.count < Self.problemsMax else { return }
            if MD5.digest(of: row.bytes(1)) != row.bytes(2) {
                problems.append("the body of message \(row.integer(0)) does not have its MD5")
            }
            if let attributes = row.bytesOrNil(3), MessageAttributeEncoding.decode(attributes) == nil {
                problems.append("the attributes of message \(row.integer(0)) cannot be read")
            }
        }
        report.problems += problems
    }

    private static let queues = """
        SELECT account, region, name, ready, in_flight, delayed FROM queue JOIN backlog ON backlog.id = backlog_id
        ORDER BY account, region, name
        """
}

/// What a check has found.
package struct CheckReport: Sendable {
    package struct Queue: Sendable {
        package let name: QueueName
        package let counts: MessageCounts
    }

    package let path: String
    package fileprivate(set) var schemaVersion = 0
    /// Of the database, its log folded in.
    package fileprivate(set) var bytes: Int64 = 0
    package fileprivate(set) var queues: [Queue] = []
    /// One line each. Empty if the database is sound.
    package fileprivate(set) var problems: [String] = []

    fileprivate init(path: String) { self.path = path }

    /// Whether the rules for rows were looked at: they are known for the newest schema only.
    package var isOfCurrentSchema: Bool { schemaVersion == Migration.all.count }
}

extension Connection {
    /// What SQLite finds wrong with the structure of the file, one line each: `max` of them at most. None if it is sound.
    func structureProblems(max: Int) throws(SQLiteError) -> [String] {
        let findings = try prepare("PRAGMA integrity_check(\(max))").all { $0.text(0) }
        guard findings != ["ok"] else { return [] }
        guard !findings.isEmpty else { return ["SQLite did not answer"] }
        // What is wrong with pages and trees comes as lines of one row, behind a headline.
        let lines = findings.flatMap { $0.split(separator: "\n").map(String.init) }
        let faults = lines.filter { $0 != "*** in database main ***" }
        return Array((faults.isEmpty ? lines : faults).prefix(max))
    }
}
