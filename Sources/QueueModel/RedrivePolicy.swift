import JSON

/// Where messages go that were received too often. SQS Developer Guide, «Using dead-letter queues».
package struct RedrivePolicy: Sendable, Equatable {
    package let deadLetterTargetARN: String
    /// The target, read from its ARN.
    package let target: QueueName
    /// A message received this often is not handed out again but moved.
    package let receiveCountMax: Int

    /// For values already stored, of which the ARN is known to be good.
    package init?(storedARN: String, receiveCountMax: Int) {
        guard let target = try? QueueName.parse(arn: storedARN).get() else { return nil }
        self.deadLetterTargetARN = storedARN
        self.target = target
        self.receiveCountMax = receiveCountMax
    }

    /// Reads the attribute as a client gives it, for a queue named `source`. Whether the target exists is for the
    /// store to say.
    package init(json: String, source: QueueName) throws(QueueError) {
        guard case .object(let members)? = try? JSONValue(parsing: Array(json.utf8)) else {
            throw .invalidParameter(
                "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.")
        }
        func invalid(_ reason: String) -> QueueError { .invalidValue(json, of: "RedrivePolicy", reason: reason) }

        var arnMember: JSONValue?
        var countMember: JSONValue?
        for member in members {
            switch member.key {
            case "deadLetterTargetArn": arnMember = member.value
            case "maxReceiveCount": countMember = member.value
            default: throw invalid("Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn].")
            }
        }
        guard let arnMember else {
            throw invalid("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
        }
        guard let countMember else {
            throw invalid("Redrive policy does not contain mandatory attribute: maxReceiveCount.")
        }
        // A number, or its digits in a string.
        guard let count = countMember.integer ?? countMember.text.flatMap({ Int($0) }),
            Limits.receiveCountMax.contains(count)
        else {
            let shown = countMember.text ?? countMember.serialized
            throw invalid(
                "Invalid value for maxReceiveCount: \(shown), valid values are from 1 to 1000 both inclusive.")
        }
        receiveCountMax = count
        deadLetterTargetARN = arnMember.text ?? ""
        switch QueueName.parse(arn: deadLetterTargetARN) {
        case .success(let name): target = name
        case .failure(.notFullyQualified): throw invalid("Dead-letter target ARN should be fully qualified ARN.")
        case .failure(.anotherService):
            throw invalid("Only SQS queues are valid resources for deadLetterTargetArn.")
        }
        guard target.account == source.account else {
            throw invalid("Dead-letter target owner should be same as the source.")
        }
    }

    /// The attribute as SQS returns it: the keys in this order, no spaces.
    package var json: String {
        "{\"deadLetterTargetArn\":\"\(deadLetterTargetARN)\",\"maxReceiveCount\":\(receiveCountMax)}"
    }
}

/// Which queues may name this one as their dead-letter queue.
package struct RedriveAllowPolicy: Sendable, Equatable {
    package enum Permission: Sendable, Equatable {
        case allowAll
        case denyAll
        case byQueue(Set<String>)
    }

    package let permission: Permission
    /// The attribute without needless white space.
    package let json: String

    package init(json: String) throws(QueueError) {
        let cannot = "Amazon SQS can't create the redrive allow policy"
        guard let value = try? JSONValue(parsing: Array(json.utf8)), case .object(let members) = value,
            members.allSatisfy({ $0.key == "redrivePermission" || $0.key == "sourceQueueArns" })
        else {
            throw .invalidParameter(
                "Invalid value for the parameter RedriveAllowPolicy. Reason: \(cannot), as it's in an "
                    + "unsupported format.")
        }
        func invalid(_ reason: String) -> QueueError { .invalidValue(json, of: "RedriveAllowPolicy", reason: reason) }

        let sources = try Self.sources(
            value["sourceQueueArns"], else: invalid("\(cannot), as it's in an unsupported format."))
        switch value["redrivePermission"]?.text {
        case "allowAll"?, "denyAll"?:
            guard sources == nil else {
                throw invalid(
                    "\(cannot). To specify one or more source queue ARNs, you must set redrivePermission to byQueue.")
            }
            permission = value["redrivePermission"]?.text == "allowAll" ? .allowAll : .denyAll
        case "byQueue"?:
            guard let sources, !sources.isEmpty else {
                throw invalid(
                    "\(cannot). When you specify the byQueue permission type, you must also specify one or more "
                        + "sourceQueueArns values.")
            }
            guard sources.count <= Limits.redriveSourceARNs.upperBound else {
                throw invalid("\(cannot). The maximum number of source queue ARNs you can specify is 10.")
            }
            permission = .byQueue(Set(sources))
        default:
            throw invalid("\(cannot), as it's in an unsupported format.")
        }
        self.json = value.serialized
    }

    private static func sources(
        _ member: JSONValue?, else error: @autoclosure () -> QueueError
    ) throws(QueueError) -> [String]? {
        switch member {
        case nil, .null: return nil
        case .array(let items):
            var sources: [String] = []
            for item in items {
                guard let arn = item.text else { throw error() }
                sources.append(arn)
            }
            return sources
        default: throw error()
        }
    }

    package func allows(_ source: QueueName) -> Bool {
        switch permission {
        case .allowAll: true
        case .denyAll: false
        case .byQueue(let arns): arns.contains(source.arn)
        }
    }
}
