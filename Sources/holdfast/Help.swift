/// What `--help` prints.
enum Help {
    static var overview: String {
        let commands = Command.all.map { ("holdfast \($0.name) \($0.synopsis)", $0.summary) }
        let width = commands.map(\.0.count).max() ?? 0
        let lines = commands.map { usage, summary in
            "  \(usage)\(String(repeating: " ", count: width - usage.count))   \(summary)"
        }
        return """
            Holdfast, a durable message queue that speaks the API of Amazon SQS.

            Usage:
            \(lines.joined(separator: "\n"))
              holdfast --version
              holdfast --help

            holdfast COMMAND --help tells more of each.

            """ + Command.all[0].help()
    }

    static func describe<Options>(_ option: CommandOption<Options>) -> String {
        "  \(option.name)\(option.placeholder.map { " \($0)" } ?? "")\n      \(option.help)"
    }
}
