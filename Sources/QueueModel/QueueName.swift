/// What tells one queue from all others: the account and region it belongs to, and its name, case-sensitive.
package struct QueueName: Sendable, Hashable {
    /// Twelve digits.
    package let account: String
    package let region: String
    package let name: String

    package init(account: String, region: String, name: String) {
        self.account = account
        self.region = region
        self.name = name
    }

    /// Swift's texts are equal if they look alike. No queue's name has a character that only looks like one of ASCII, and
    /// those that do are longer in UTF-8.
    package static func == (left: QueueName, right: QueueName) -> Bool {
        left.name == right.name && left.name.utf8.count == right.name.utf8.count && left.account == right.account
            && left.region == right.region
    }

    /// The queue's Amazon Resource Name.
    package var arn: String { "arn:\(partition):sqs:\(region):\(account):\(name)" }

    /// The part of AWS that the region belongs to.
    var partition: String {
        if region.hasPrefix("cn-") { return "aws-cn" }
        if region.hasPrefix("us-gov-") { return "aws-us-gov" }
        return "aws"
    }

    /// Why an ARN names no queue.
    package enum ARNError: Error {
        case notFullyQualified
        case anotherService
    }

    /// Reads `arn:{partition}:sqs:{region}:{account}:{name}`.
    package static func parse(arn: String) -> Result<QueueName, ARNError> {
        let parts = arn.split(separator: ":", maxSplits: 6, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[0] == "arn", parts.allSatisfy({ !$0.isEmpty }) else {
            return .failure(.notFullyQualified)
        }
        guard parts[2] == "sqs" else { return .failure(.anotherService) }
        return .success(QueueName(account: parts[4], region: parts[3], name: parts[5]))
    }

    /// Checks the name a queue is to be created with: 1 to 80 of `[A-Za-z0-9_-]`, and for a FIFO queue the suffix
    /// `.fifo`, which counts.
    package static func validate(_ name: String, isFIFO: Bool) throws(QueueError) {
        guard !name.isEmpty else { throw .invalidParameter("Queue name cannot be empty") }
        let stem = isFIFO && name.hasSuffix(".fifo") ? name.dropLast(5) : name[...]
        let isWellFormed = name.utf8.count <= 80 && !stem.isEmpty && stem.utf8.allSatisfy(\.isQueueNameCharacter)
        guard !isFIFO else {
            guard isWellFormed, name.hasSuffix(".fifo") else {
                throw .invalidParameter(
                    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
                        + "must end with .fifo suffix and be 1 to 80 in length.")
            }
            return
        }
        guard isWellFormed else {
            throw .invalidParameter(
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
        }
    }
}

extension UInt8 {
    /// A letter or digit of ASCII.
    var isAlphanumeric: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    /// A character of a queue name, a batch entry id or a permission's label.
    package var isQueueNameCharacter: Bool {
        isAlphanumeric || self == UInt8(ascii: "-") || self == UInt8(ascii: "_")
    }

    /// A letter, digit or punctuation mark of ASCII: what message group and deduplication ids are made of.
    var isIdentifierCharacter: Bool { self > 0x20 && self < 0x7f }
}

/// Account numbers.
package enum AccountID {
    /// Twelve digits.
    package static func isValid(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { isValid($0) }
    }

    /// Twelve digits.
    package static func isValid(_ utf8: UnsafeBufferPointer<UInt8>) -> Bool {
        utf8.count == 12 && utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
