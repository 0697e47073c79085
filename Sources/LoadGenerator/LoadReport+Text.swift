extension LoadReport {
    /// The report as a table.
    package var text: String {
        var rows = [["", "requests", "per second", "messages", "per second"] + Latency.header]
        if actions.count > 1 {
            rows += actions.map { row($0.action.name, $0.requests, $0.messages, $0.latency) }
        }
        rows.append(row(actions.count > 1 ? "all" : actions.first?.action.name ?? "all", requests, messages, latency))
        return ([heading, ""] + Self.aligned(rows) + [""] + remarks).joined(separator: "\n")
    }

    private var heading: String {
        var parts = [
            "\(settings.scenario.rawValue) at \(settings.endpoint.url)",
            "\(NumberText.grouped(settings.connections)) connections",
            "messages of \(NumberText.grouped(settings.messageSize)) bytes",
        ]
        if settings.groups > 0 { parts.append("\(NumberText.grouped(settings.groups)) message groups") }
        if let backlog = settings.backlog { parts.append("a backlog of \(NumberText.grouped(backlog))") }
        if let rate = settings.rate { parts.append("\(NumberText.fixed(rate, places: 1)) requests a second") }
        return parts.joined(separator: ", ")
    }

    private func row(_ name: String, _ requests: Int, _ messages: Int, _ latency: Latency) -> [String] {
        [
            name, NumberText.grouped(requests), NumberText.grouped(Int(perSecond(requests))),
            NumberText.grouped(messages), NumberText.grouped(Int(perSecond(messages))),
        ] + latency.named.map { NumberText.fixed($0.milliseconds, places: 3) }
    }

    private var remarks: [String] {
        var lines = [
            "Times in milliseconds. Measured for \(NumberText.fixed(seconds, places: 2)) s; the load generator itself took "
                + "\(NumberText.fixed(clientCPU * 100, places: 1)) % of a processor."
        ]
        if settings.scenario == .longPoll {
            lines.append("The times of ReceiveMessage are those from a message's sending to its receipt.")
        } else if settings.rate != nil {
            lines.append("Times count from when a request was due, so that a stall counts for all it held up.")
        }
        if wasExhausted { lines.append("The backlog was empty before the time was over: it ended the test.") }
        if let notSent, notSent > 0 {
            lines.append(
                "\(NumberText.grouped(notSent)) requests were due and never begun: every connection was busy.")
        }
        if errors > 0 { lines.append("\(NumberText.grouped(errors)) requests failed. They are not counted above.") }
        return lines
    }

    /// The first column to the left, numbers to the right.
    private static func aligned(_ rows: [[String]]) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).enumerated().map { column, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 ? cell.0 + padding : padding + cell.0
            }.joined(separator: "  ")
        }
    }
}

extension LoadReport.Latency {
    fileprivate static let header = ["p50", "p90", "p99", "p99.9", "max", "mean"]
}
