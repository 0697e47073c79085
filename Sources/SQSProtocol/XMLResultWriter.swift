import Crypto

/// The result in the XML envelope of the Query protocol (SQS reference, 1.5). Lists and maps are flattened: their
/// elements stand beside the other members, each under the name of its kind.
struct XMLResultWriter: ResultWriter {
    private let action: ActionName
    private var body: [UInt8]
    /// Where the content of the Result element begins.
    private let contentStart: Int

    init(_ action: ActionName) {
        self.action = action
        body = Array(XMLText.declaration.utf8)
        body += "<\(action.rawValue)Response xmlns=\"\(XMLText.namespace)\">".utf8
        if action.hasOutput { body += "<\(action.rawValue)Result>".utf8 }
        contentStart = body.count
    }

    /// The body.
    consuming func finish(requestID: String) -> [UInt8] {
        if action.hasOutput { closeResult() }
        body += "<ResponseMetadata><RequestId>\(requestID)</RequestId></ResponseMetadata>".utf8
        body += "</\(action.rawValue)Response>".utf8
        return body
    }

    private mutating func closeResult() {
        if body.count == contentStart {
            body.removeLast()
            body += "/>".utf8
        } else {
            close("\(action.rawValue)Result")
        }
    }

    mutating func reserve(_ byteCount: Int) {
        body.reserveCapacity(body.count + byteCount)
    }

    mutating func string(_ name: String, _ value: String) {
        open(name)
        XMLText.append(value, to: &body)
        close(name)
    }

    mutating func string(_ name: String, _ utf8: [UInt8]) {
        open(name)
        XMLText.append(utf8, to: &body)
        close(name)
    }

    mutating func plainString(_ name: String, _ append: (inout [UInt8]) -> Void) {
        open(name)
        append(&body)
        close(name)
    }

    mutating func blob(_ name: String, _ value: [UInt8]) {
        open(name)
        Base64.append(value, to: &body)
        close(name)
    }

    mutating func integer(_ name: String, _ value: Int) {
        string(name, String(value))
    }

    mutating func boolean(_ name: String, _ value: Bool) {
        string(name, value ? "true" : "false")
    }

    mutating func stringList(_ name: String, _ values: some Collection<String>) {
        let element = elementName(of: name)
        for value in values { string(element, value) }
    }

    mutating func stringMap(_ name: String, _ entries: some Collection<(key: String, value: String)>) {
        let element = elementName(of: name)
        for entry in entries {
            open(element)
            string(keyName(of: name), entry.key)
            string("Value", entry.value)
            close(element)
        }
    }

    mutating func list<Element>(
        _ name: String, _ elements: some Collection<Element>, _ write: (inout Self, Element) -> Void
    ) {
        let elementName = elementName(of: name)
        for element in elements {
            open(elementName)
            write(&self, element)
            close(elementName)
        }
    }

    mutating func map<Value>(
        _ name: String, _ entries: some Collection<(key: String, value: Value)>, _ write: (inout Self, Value) -> Void
    ) {
        let element = elementName(of: name)
        for entry in entries {
            open(element)
            string(keyName(of: name), entry.key)
            open("Value")
            write(&self, entry.value)
            close("Value")
            close(element)
        }
    }

    /// What one element of a list or map is called.
    private func elementName(of member: String) -> String {
        switch member {
        case "QueueUrls", "queueUrls": "QueueUrl"
        case "Attributes": "Attribute"
        case "Tags": "Tag"
        case "Messages": "Message"
        case "MessageAttributes": "MessageAttribute"
        case "Successful", "Results": "\(action.rawValue)ResultEntry"
        case "Failed": "BatchResultErrorEntry"
        default: preconditionFailure("\(member) is no list or map of a result")
        }
    }

    private func keyName(of member: String) -> String {
        member == "Tags" ? "Key" : "Name"
    }

    private mutating func open(_ name: String) {
        body.append(UInt8(ascii: "<"))
        body.append(contentsOf: name.utf8)
        body.append(UInt8(ascii: ">"))
    }

    private mutating func close(_ name: String) {
        body.append(UInt8(ascii: "<"))
        body.append(UInt8(ascii: "/"))
        body.append(contentsOf: name.utf8)
        body.append(UInt8(ascii: ">"))
    }
}
