import FoundationEssentials
import Glibc

/// One line on standard output or standard error.
func printLine(_ line: String, to descriptor: Int32 = STDOUT_FILENO) {
    let bytes = Array((line + "\n").utf8)
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
        // Whoever was to read the line has gone: there is nobody left to tell.
        if count < 0, errno != EINTR { return }
        written += max(0, count)
    }
}

func fail(_ message: String, status: Int32) -> Never {
    printLine("holdfast: \(message)", to: STDERR_FILENO)
    exit(status)
}

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "--help", "-h", "help":
    printLine(Help.overview)
case "--version":
    printLine("holdfast \(Version.current)")
case let name?:
    guard let command = Command.all.first(where: { $0.name == name }) else {
        fail("unknown command \(name); see holdfast --help", status: 2)
    }
    let rest = Array(arguments.dropFirst())
    if rest.contains("--help") || rest.contains("-h") {
        printLine(command.help())
        break
    }
    do {
        try command.run(rest, ProcessInfo.processInfo.environment)
    } catch let error as UsageError {
        fail(error.message, status: 2)
    } catch {
        fail("\(error)", status: 1)
    }
case nil:
    fail("a command is missing; see holdfast --help", status: 2)
}
