import Platform
import Synchronization
import Testing

@Suite struct LoggerTests {
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func append(_ line: [UInt8]) { lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
    }

    private let lines = Lines()

    private func makeLogger(_ level: LogLevel = .info) -> Logger {
        Logger(minimumLevel: level, clock: ManualClock(now: 0)) { [lines] in lines.append($0) }
    }

    @Test func `an event is one line with time, level, message and fields`() {
        makeLogger().warning("disk is nearly full", ["path": "/var/lib", "free": "12 MB"])
        #expect(lines.all == ["1970-01-01T00:00:00.000Z warning disk is nearly full path=/var/lib free=\"12 MB\"\n"])
    }

    @Test(arguments: [
        ("", "\"\""), ("plain", "plain"), ("a=b", "\"a=b\""), ("say \"hi\" \\", "\"say \\\"hi\\\" \\\\\""),
        ("a\nb\r\tc", "a\\nb\\r\\tc"), ("\u{1B}[31m\u{9B}\u{2028}", "\\u{1b}[31m\\u{9b}\\u{2028}"),
        ("\r\n", "\\r\\n"), ("naïve", "naïve"),
    ])
    func `a value cannot break out of its field`(value: String, logged: String) {
        makeLogger().error("event", ["key": value])
        #expect(lines.all == ["1970-01-01T00:00:00.000Z error event key=\(logged)\n"])
    }

    @Test func `events below the minimum level are dropped and not even computed`() {
        func expensive() -> String {
            Issue.record("computed a message that is not logged")
            return ""
        }
        makeLogger(.warning).info(expensive(), ["key": expensive()])
        #expect(lines.all.isEmpty)
    }
}
