/// A subcommand of `holdfast`.
struct Command: Sendable {
    let name: String
    /// The rest of the usage line.
    let synopsis: String
    /// What it does, in half a line.
    let summary: String
    /// The whole of `holdfast NAME --help`.
    let help: @Sendable () -> String
    /// Throws ``UsageError`` for a command line that cannot be followed.
    let run: @Sendable (_ arguments: [String], _ environment: [String: String]) throws -> Void

    init<Options: CommandOptions>(
        _ options: Options.Type, summary: String, description: String, run: @escaping @Sendable (Options) throws -> Void
    ) {
        name = Options.command
        let synopsis = (Options.operands + (Options.table.isEmpty ? [] : ["[options]"])).joined(separator: " ")
        self.synopsis = synopsis
        self.summary = summary
        help = {
            let usage = "holdfast \(Options.command) \(synopsis)\n\n\(description)\n"
            return usage + Options.table.map { "\n" + Help.describe($0) }.joined()
        }
        self.run = { try run(Options(arguments: $0, environment: $1)) }
    }

    static let all = [
        Command(
            ServeOptions.self, summary: "run the daemon",
            description: """
                Serves queues from one SQLite file until SIGTERM or SIGINT. Every option can also be set in the environment:
                --log-level is HOLDFAST_LOG_LEVEL. The command line wins.
                """,
            run: Serve.run),
        Command(
            BackupOptions.self, summary: "copy the database to a file, while the daemon runs or not",
            description: """
                Copies the database to FILE, which must not exist. The daemon may run and goes on serving; all that was
                acknowledged before the copy began is in it. Its structure is checked before FILE gets its name.
                """,
            run: BackupCommand.run),
        Command(
            CheckOptions.self, summary: "look a database or a backup through",
            description: """
                Checks the structure of FILE, its schema, the rules between its rows, and every message body against its MD5.
                Changes nothing. Prints a summary, and exits with 1 if anything is wrong.
                """,
            run: CheckCommand.run),
        Command(
            RestoreOptions.self, summary: "put a backup in the place of a database",
            description: """
                Checks BACKUP and puts a copy of it in the place of the database, which no daemon may be serving.
                """,
            run: RestoreCommand.run),
        Command(
            BenchOptions.self, summary: "measure an SQS server, this one or another",
            description: """
                Puts load on the SQS server at the endpoint URL, and tells its throughput and its times. It makes a queue of
                its own and deletes it at the end. Exits with 1 if any request failed.

                send, send-batch: SendMessage, SendMessageBatch of ten.
                receive-delete: ReceiveMessage of up to ten and DeleteMessageBatch of what came, from a backlog that is filled
                    first; ends when it is empty.
                lifecycle: SendMessage, ReceiveMessage, DeleteMessage in turn; the backlog stays as it is.
                fifo: the same with a FIFO queue, of one message group or as many as --groups says.
                long-poll: consumers wait in long polls, one sender sends 50 messages a second or as many as --rate says; the
                    times are those from sending to receipt.
                """,
            run: BenchCommand.run),
    ]
}
