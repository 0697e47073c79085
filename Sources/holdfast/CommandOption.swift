/// One option of a command: its name, what stands for the value in the help, and how it is taken in.
struct CommandOption<Options>: Sendable {
    let name: String
    /// Nil for an option without a value.
    let placeholder: String?
    let help: String
    private let take: @Sendable (inout Options, String) -> Bool

    init(
        _ name: String, _ placeholder: String?, _ help: String,
        take: @escaping @Sendable (inout Options, String) -> Bool
    ) {
        self.name = name
        self.placeholder = placeholder
        self.help = help
        self.take = take
    }

    /// Where it can be set too, unless it has no value: `--log-level` is `HOLDFAST_LOG_LEVEL`. The command line wins.
    var environmentName: String {
        "HOLDFAST_" + name.dropFirst(2).uppercased().replacing("-", with: "_")
    }

    func set(_ options: inout Options, _ value: String, named given: String) throws(UsageError) {
        guard take(&options, value) else {
            throw UsageError("\(given) cannot be \"\(value)\": it takes \(placeholder ?? "no value"), \(help)")
        }
    }
}

/// What a command takes on its command line.
protocol CommandOptions: Sendable {
    /// The name of the command.
    static var command: String { get }
    /// What it takes besides options, in order; all of it must be given.
    static var operands: [String] { get }
    static var table: [CommandOption<Self>] { get }
    /// Takes an operand in.
    mutating func take(_ operand: String, at index: Int)
    init()
}

extension CommandOptions {
    static var operands: [String] { [] }
    mutating func take(_ operand: String, at index: Int) {}

    /// Reads the arguments after the command and the environment.
    init(arguments: [String], environment: [String: String]) throws(UsageError) {
        self.init()
        for option in Self.table where option.placeholder != nil {
            guard let value = environment[option.environmentName] else { continue }
            try option.set(&self, value, named: option.environmentName)
        }
        var operandCount = 0
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument.hasPrefix("-") {
                try takeOption(argument, &rest)
            } else {
                guard operandCount < Self.operands.count else {
                    throw UsageError("unexpected argument \(argument); see holdfast \(Self.command) --help")
                }
                take(argument, at: operandCount)
                operandCount += 1
            }
        }
        guard operandCount == Self.operands.count else {
            throw UsageError(
                "holdfast \(Self.command) needs \(Self.operands[operandCount]); see holdfast \(Self.command) --help")
        }
    }

    private mutating func takeOption(_ argument: String, _ rest: inout ArraySlice<String>) throws(UsageError) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let option = Self.table.first(where: { $0.name == parts[0] }) else {
            throw UsageError("unknown option \(argument); see holdfast \(Self.command) --help")
        }
        guard let placeholder = option.placeholder else {
            guard parts.count == 1 else { throw UsageError("option \(option.name) takes no value") }
            return try option.set(&self, "", named: option.name)
        }
        guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
            throw UsageError("option \(option.name) needs a value: \(option.name) \(placeholder)")
        }
        try option.set(&self, value, named: option.name)
    }
}

/// A command line that cannot be followed. The message is one line: what is wrong, and the mend.
struct UsageError: Error {
    let message: String

    init(_ message: String) { self.message = message }
}
