import JSON

/// Builds, from the flat names of the Query protocol, the same tree of members that a JSON request holds (SQS
/// reference, 1.4).
enum QueryMembers {
    /// The members of the request for `action` that `form` spells.
    static func members(of form: FormParameters, for action: ActionName) -> [JSONMember] {
        var members: [JSONMember] = []
        var root = FormNode()
        for (name, value) in form.pairs {
            if value.isEmpty, let wireName = wireName(of: name, for: action) {
                root.insert([wireName[...]], value)
            } else if name.contains(".") || Self.flattened.contains(name) {
                root.insert(
                    name.split(separator: ".", maxSplits: FormNode.depthLimit, omittingEmptySubsequences: false), value)
            } else {
                members.append(JSONMember(key: name, value: .string(value)))
            }
        }
        if !root.children.isEmpty {
            members += request.read(from: root)
            members += entries(of: action).read(from: root)
        }
        return JSONMember.lastOfEachKey(members)
    }

    /// What a name and all below it mean.
    indirect enum Shape: Sendable {
        case string
        case list(Shape)
        case map(key: String, value: Shape)
        case structure(Structure)
    }

    /// The members of a structure, each with the name under which it is sent.
    struct Structure: Sendable {
        let members: [(name: String, wireName: String, shape: Shape)]

        func read(from node: FormNode) -> [JSONMember] {
            members.compactMap { member in
                node.children[member.wireName].map {
                    JSONMember(key: member.name, value: member.shape.value(of: $0))
                }
            }
        }
    }

    private static let attributeValue = Structure(members: [
        ("DataType", "DataType", .string),
        ("StringValue", "StringValue", .string),
        ("BinaryValue", "BinaryValue", .string),
        ("StringListValues", "StringListValue", .list(.string)),
        ("BinaryListValues", "BinaryListValue", .list(.string)),
    ])

    private static let messageAttributes: Shape = .map(key: "Name", value: .structure(attributeValue))

    /// The lists and maps of all requests. Two members may have the same wire name: then both get its value.
    private static let request = Structure(members: [
        ("Attributes", "Attribute", .map(key: "Name", value: .string)),
        ("AttributeNames", "AttributeName", .list(.string)),
        ("MessageSystemAttributeNames", "AttributeName", .list(.string)),
        ("MessageAttributeNames", "MessageAttributeName", .list(.string)),
        ("MessageAttributes", "MessageAttribute", messageAttributes),
        ("MessageSystemAttributes", "MessageSystemAttribute", messageAttributes),
        ("tags", "Tag", .map(key: "Key", value: .string)),
        ("Tags", "Tag", .map(key: "Key", value: .string)),
        ("TagKeys", "TagKey", .list(.string)),
        ("AWSAccountIds", "AWSAccountId", .list(.string)),
        ("Actions", "ActionName", .list(.string)),
    ])

    /// An entry of any of the three batches.
    private static let entry = Structure(members: [
        ("Id", "Id", .string),
        ("MessageBody", "MessageBody", .string),
        ("DelaySeconds", "DelaySeconds", .string),
        ("MessageGroupId", "MessageGroupId", .string),
        ("MessageDeduplicationId", "MessageDeduplicationId", .string),
        ("ReceiptHandle", "ReceiptHandle", .string),
        ("VisibilityTimeout", "VisibilityTimeout", .string),
        ("MessageAttributes", "MessageAttribute", messageAttributes),
        ("MessageSystemAttributes", "MessageSystemAttribute", messageAttributes),
    ])

    private static func entries(of action: ActionName) -> Structure {
        Structure(members: [("Entries", entryName(of: action), .list(.structure(entry)))])
    }

    /// What an entry of a batch is called on the wire and in errors.
    static func entryName(of action: ActionName) -> String {
        action.rawValue + "RequestEntry"
    }

    /// The wire name of a list or map, given its name as a member: boto3 spells an empty list `AttributeNames=`.
    private static func wireName(of member: String, for action: ActionName) -> String? {
        (request.members + entries(of: action).members).first { $0.name == member }?.wireName
    }

    /// The wire names of lists and maps, which clients may also send without an index.
    private static let flattened = Set(
        request.members.map(\.wireName) + ActionName.allCases.map { entryName(of: $0) })
}

extension QueryMembers.Shape {
    func value(of node: FormNode) -> JSONValue {
        switch self {
        case .string: .string(node.value ?? [])
        case .list(let element): .array(node.elements.map { element.value(of: $0) })
        case .map(let key, let value): .object(Self.entries(of: node, key: key, value: value))
        case .structure(let structure): .object(structure.read(from: node))
        }
    }

    private static func entries(of node: FormNode, key: String, value: Self) -> [JSONMember] {
        JSONMember.lastOfEachKey(
            node.elements.map { entry in
                let name = String(decoding: entry.children[key]?.value ?? [], as: UTF8.self)
                return JSONMember(key: name, value: value.value(of: entry.children["Value"] ?? FormNode()))
            })
    }
}
