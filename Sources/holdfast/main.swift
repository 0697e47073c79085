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
case "serve" where arguments.contains("--help") || arguments.contains("-h"):
    printLine(Help.serve)
case "serve":
    do {
        let options = try ServeOptions(
            arguments: Array(arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
        try Serve.run(options)
    } catch let error as UsageError {
        fail(error.message, status: 2)
    } catch {
        fail("\(error)", status: 1)
    }
case let other?:
    fail("unknown command \(other); see holdfast --help", status: 2)
case nil:
    fail("a command is missing; see holdfast --help", status: 2)
}
