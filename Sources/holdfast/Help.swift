/// What `--help` prints.
enum Help {
    static var overview: String { introduction + "\n\n" + serve }

    private static let introduction = """
        Holdfast, a durable message queue that speaks the API of Amazon SQS.

        Usage:
          holdfast serve [options]   run the daemon
          holdfast --version
          holdfast --help
        """

    static var serve: String {
        let usage = """
            holdfast serve [options]

            Serves queues from one SQLite file until SIGTERM or SIGINT. Every option can also be set in the environment:
            --log-level is HOLDFAST_LOG_LEVEL. The command line wins.

            """
        return usage + "\n" + ServeOptions.table.map(describe).joined(separator: "\n")
    }

    private static func describe(_ option: ServeOption) -> String {
        "  \(option.name) \(option.placeholder)\n      \(option.help)"
    }
}
