import Crypto
import JSON

/// The result as the JSON object that is the whole body.
struct JSONResultWriter: ResultWriter {
    private var json: JSONWriter

    init() {
        json = JSONWriter()
        json.beginObject()
    }

    /// The body.
    consuming func finish() -> [UInt8] {
        json.endObject()
        return json.bytes
    }

    mutating func reserve(_ byteCount: Int) {
        json.reserve(byteCount)
    }

    mutating func string(_ name: String, _ value: String) {
        json.key(name)
        json.string(value)
    }

    mutating func string(_ name: String, _ utf8: [UInt8]) {
        json.key(name)
        json.string(utf8)
    }

    mutating func plainString(_ name: String, _ append: (inout [UInt8]) -> Void) {
        json.key(name)
        json.plainString(append)
    }

    mutating func blob(_ name: String, _ value: [UInt8]) {
        json.key(name)
        json.plainString { Base64.append(value, to: &$0) }
    }

    mutating func integer(_ name: String, _ value: Int) {
        json.key(name)
        json.integer(value)
    }

    mutating func boolean(_ name: String, _ value: Bool) {
        json.key(name)
        json.bool(value)
    }

    mutating func stringList(_ name: String, _ values: some Collection<String>) {
        guard !values.isEmpty else { return }
        json.key(name)
        json.beginArray()
        for value in values { json.string(value) }
        json.endArray()
    }

    mutating func stringMap(_ name: String, _ entries: some Collection<(key: String, value: String)>) {
        guard !entries.isEmpty else { return }
        json.key(name)
        json.beginObject()
        for entry in entries { string(entry.key, entry.value) }
        json.endObject()
    }

    mutating func list<Element>(
        _ name: String, _ elements: some Collection<Element>, _ write: (inout Self, Element) -> Void
    ) {
        guard !elements.isEmpty else { return }
        json.key(name)
        json.beginArray()
        for element in elements {
            json.beginObject()
            write(&self, element)
            json.endObject()
        }
        json.endArray()
    }

    mutating func map<Value>(
        _ name: String, _ entries: some Collection<(key: String, value: Value)>, _ write: (inout Self, Value) -> Void
    ) {
        guard !entries.isEmpty else { return }
        json.key(name)
        json.beginObject()
        for entry in entries {
            json.key(entry.key)
            json.beginObject()
            write(&self, entry.value)
            json.endObject()
        }
        json.endObject()
    }
}
