import JSON

extension LoadReport {
    /// The report as one JSON object.
    package var json: String {
        var json = JSONWriter(reservingCapacity: 2048)
        json.beginObject()
        writeSettings(to: &json)
        json.integer("requests", requests)
        json.integer("messages", messages)
        json.integer("errors", errors)
        json.number("seconds", seconds)
        json.number("requests_per_second", requestsPerSecond)
        json.number("messages_per_second", messagesPerSecond)
        write(latency, to: &json)
        if let rate = settings.rate {
            json.number("rate", rate)
            json.key("corrected")
            json.bool(true)
        }
        if let notSent { json.integer("not_sent", notSent) }
        if settings.backlog != nil {
            json.key("backlog_exhausted")
            json.bool(wasExhausted)
        }
        json.key("actions")
        json.beginObject()
        for action in actions { write(action, to: &json) }
        json.endObject()
        json.number("client_cpu", clientCPU)
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private func writeSettings(to json: inout JSONWriter) {
        json.key("scenario")
        json.string(settings.scenario.rawValue)
        json.key("endpoint")
        json.string(settings.endpoint.url)
        json.integer("connections", settings.connections)
        json.integer("message_size", settings.messageSize)
        json.integer("groups", settings.groups)
        json.integer("backlog", settings.backlog ?? 0)
    }

    private func write(_ action: ActionReport, to json: inout JSONWriter) {
        json.key(action.action.name)
        json.beginObject()
        json.integer("requests", action.requests)
        json.integer("messages", action.messages)
        if action.action == .receiveMessage { json.integer("empty", action.empty) }
        write(action.latency, to: &json)
        json.endObject()
    }

    private func write(_ latency: Latency, to json: inout JSONWriter) {
        json.key("latency_ms")
        json.beginObject()
        for (name, milliseconds) in latency.named { json.number(name, milliseconds) }
        json.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func integer(_ name: String, _ value: Int) {
        key(name)
        integer(value)
    }

    /// To a thousandth: a microsecond of a time in milliseconds.
    fileprivate mutating func number(_ name: String, _ value: Double) {
        key(name)
        number((value * 1000).rounded() / 1000)
    }
}
