import Glibc
import Synchronization

/// How much an event matters.
package enum LogLevel: String, Sendable, CaseIterable, Comparable {
    case debug, info, warning, error

    package static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }
}

/// Writes one line per event: `2026-01-31T09:05:07.042Z warning disk is nearly full path=/var/lib free="12 MB"`.
package struct Logger: Sendable {
    private let minimumLevel: LogLevel
    private let clock: any Clock
    private let sink: @Sendable (_ line: [UInt8]) -> Void

    /// - Parameters:
    ///   - minimumLevel: events below it are dropped.
    ///   - sink: takes one line, its line feed included; the standard one writes it to standard error.
    package init(
        minimumLevel: LogLevel = .info,
        clock: any Clock = SystemClock(),
        sink: @escaping @Sendable (_ line: [UInt8]) -> Void = writeToStandardError
    ) {
        self.minimumLevel = minimumLevel
        self.clock = clock
        self.sink = sink
    }

    package func debug(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        log(.debug, message(), fields())
    }

    package func info(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        log(.info, message(), fields())
    }

    package func warning(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        log(.warning, message(), fields())
    }

    package func error(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        log(.error, message(), fields())
    }

    /// Message and fields are only computed if the level is logged.
    package func log(
        _ level: LogLevel,
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        guard level >= minimumLevel else { return }
        var line = UTCTime(millisecondsSinceEpoch: clock.now()).iso8601
        line += " \(level.rawValue) "
        appendEscaped(message(), to: &line)
        for (key, value) in fields() {
            line += " \(key)="
            appendValue(value, to: &line)
        }
        line += "\n"
        sink(Array(line.utf8))
    }
}

private func appendValue(_ value: String, to line: inout String) {
    let mustQuote = value.isEmpty || value.utf8.contains { $0 == 0x20 || $0 == 0x22 || $0 == 0x3D }
    guard mustQuote else {
        appendEscaped(value, to: &line)
        return
    }
    line += "\""
    appendEscaped(value, quotes: true, to: &line)
    line += "\""
}

/// Control characters (also those a terminal would obey, and Unicode's line separators) never reach the log raw, so
/// that one event is one line whatever a client sent.
private func appendEscaped(_ text: String, quotes: Bool = false, to line: inout String) {
    for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0x0A: line += "\\n"
        case 0x0D: line += "\\r"
        case 0x09: line += "\\t"
        case 0x22 where quotes: line += "\\\""
        case 0x5C where quotes: line += "\\\\"
        case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029: line += "\\u{\(String(scalar.value, radix: 16))}"
        default: line.unicodeScalars.append(scalar)
        }
    }
}

private let standardErrorLock = Mutex(())

/// One `write` for the line, and one line at a time, so that lines of different threads never mix.
package func writeToStandardError(_ line: [UInt8]) {
    standardErrorLock.withLock { _ in
        line.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                // A log that cannot be written has nowhere to report it.
                guard
                    case .processed(let count)? = try? FileDescriptor(rawValue: STDERR_FILENO).write(
                        UnsafeRawBufferPointer(rebasing: rest)), count > 0
                else { return }
                rest = rest.dropFirst(count)
            }
        }
    }
}
