import TestSupport
import Testing

@testable import QueueModel

/// Ids of messages, groups, batch entries and tags, receipt handles and moments. Reference: 1.6, 4.2, 7.1, 7.4, 8.4.
struct IdentifierTests {
    // MARK: Groups, deduplication, attempts

    @Test(
        "ids of groups, deduplication and attempts",
        arguments: [
            "a", "Z9", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", String(repeating: "x", count: 128),
        ])
    func goodIdentifier(id: String) throws {
        try MessageIdentifiers.validate(id, of: "MessageGroupId")
    }

    @Test(
        "what is no such id",
        arguments: ["", " ", "a b", "ä", "a\n", "\u{7f}", "\u{0}", String(repeating: "x", count: 129)])
    func badIdentifier(id: String) {
        for parameter in ["MessageGroupId", "MessageDeduplicationId", "ReceiveRequestAttemptId"] {
            #expect(
                throws: QueueError.invalidParameter(
                    "Value \(id) for parameter \(parameter) is invalid. Reason: \(parameter) can only include "
                        + "alphanumeric and punctuation characters. 1 to 128 in length.")
            ) { try MessageIdentifiers.validate(id, of: parameter) }
        }
    }

    // MARK: Batches

    @Test(
        "batches that pass",
        arguments: [["a"], (0..<10).map { "\($0)" }, ["a", "A", "-", "_"], [String(repeating: "x", count: 80)]])
    func goodBatch(ids: [String]) throws {
        try Batch.validate(ids: ids, entryType: "SendMessageBatchRequestEntry")
    }

    @Test(
        "batches that do not pass, and which rule comes first",
        arguments: [
            ([], QueueError.emptyBatch(entryType: "T")),
            ((0..<11).map { "\($0)" }, .tooManyBatchEntries(count: 11)),
            ((0..<11).map { _ in "a b" }, .tooManyBatchEntries(count: 11)),
            (["a", ""], .invalidBatchEntryID), (["a b"], .invalidBatchEntryID), (["ä"], .invalidBatchEntryID),
            (["a."], .invalidBatchEntryID), ([String(repeating: "x", count: 81)], .invalidBatchEntryID),
            (["a b", "c", "c"], .invalidBatchEntryID),
            (["a", "b", "c", "b", "a"], .batchEntryIDsNotDistinct(id: "b")),
        ])
    func badBatch(ids: [String], error: QueueError) {
        #expect(throws: error) { try Batch.validate(ids: ids, entryType: "T") }
    }

    // MARK: Tags

    @Test(
        "tags that pass",
        arguments: [
            ("k", ""), ("K k", "v v"), ("_.:/=+-@", "_.:/=+-@"), ("ключ", "値"), ("9", "٣"),
            (String(repeating: "ä", count: 128), String(repeating: "ä", count: 256)), ("aw:s", "aws:"), ("xaws:", "v"),
        ])
    func goodTag(key: String, value: String) throws {
        try Tags.validate([key: value])
    }

    @Test(
        "tags that do not pass",
        arguments: [
            ("", "v", "Tag keys must be between 1 and 128 characters in length."),
            (String(repeating: "k", count: 129), "v", "Tag keys must be between 1 and 128 characters in length."),
            ("k", String(repeating: "v", count: 257), "Tag values must be between 0 and 256 characters in length."),
            ("k!", "v", "Tag keys \(characters)"), ("k#", "v", "Tag keys \(characters)"),
            ("k", "v?", "Tag values \(characters)"), ("k", "\u{1}", "Tag values \(characters)"),
            ("aws:k", "v", "Tag keys must not begin with 'aws:'."),
            ("AWS:k", "v", "Tag keys must not begin with 'aws:'."),
        ])
    func badTag(key: String, value: String, message: String) {
        #expect(throws: QueueError.invalidParameter(message)) { try Tags.validate([key: value]) }
    }

    private static let characters =
        "may only contain unicode letters, digits, whitespace, or one of these symbols: _ . : / = + - @"

    // MARK: Messages

    @Test func `a message id is a random UUID of version 4`() {
        let zeros = MessageID(random: [UInt8](repeating: 0, count: 16))
        #expect(zeros.text == "00000000-0000-4000-8000-000000000000")
        let ones = MessageID(random: [UInt8](repeating: 0xff, count: 16))
        #expect(ones.text == "ffffffff-ffff-4fff-bfff-ffffffffffff")
        #expect(MessageID(stored: ones.bytes) == ones)
    }

    @Test func `sequence numbers have twenty digits, so that texts and numbers have one order`() {
        let numbers = [1, 9, 10, 99_999, 100_000, Int64.max].map(SequenceNumber.init)
        #expect(numbers[0].text == "00000000000000000001")
        #expect(numbers[5].text == "09223372036854775807")
        #expect(numbers.map(\.text) == numbers.map(\.text).sorted())
        #expect(numbers == numbers.sorted())
    }

    // MARK: Receipt handles

    @Test(
        "a handle comes back from its bytes",
        arguments: [
            (1, 2, 3, 4, 5), (Int64.max, Int64.max, Int64.max, Int(UInt32.max), Int64.max),
            (0x0102_0304_0506_0708, 1, 1 << 40, 1000, 1_700_000_000_000),
        ] as [(Int64, Int64, Int64, Int, Int64)], [0, 1, 1 << 40, Int64.max])
    func handle(of numbers: (Int64, Int64, Int64, Int, Int64), group: Int64) {
        let (queue, backlog, message, receiveCount, receivedAt) = numbers
        let handle = ReceiptHandle(
            queue: QueueID(queue), backlog: BacklogID(backlog), message: SequenceNumber(message),
            group: GroupNumber(group), receiveCount: receiveCount, receivedAt: Timestamp(milliseconds: receivedAt))
        #expect(handle.encoded.count == (group == 0 ? 37 : 45))
        #expect(ReceiptHandle(encoded: handle.encoded) == handle)
    }

    @Test("other bytes are no handle", arguments: [GroupNumber.none, GroupNumber(6)])
    func otherBytes(group: GroupNumber) {
        let handle = ReceiptHandle(
            queue: QueueID(1), backlog: BacklogID(2), message: SequenceNumber(3), group: group, receiveCount: 4,
            receivedAt: Timestamp(milliseconds: 5))
        let bytes = handle.encoded
        #expect(ReceiptHandle(encoded: []) == nil)
        #expect(ReceiptHandle(encoded: Array(bytes.dropLast())) == nil)
        #expect(ReceiptHandle(encoded: bytes + [0]) == nil)
        for version in 0...UInt8.max where version != bytes[0] {
            #expect(ReceiptHandle(encoded: [version] + bytes.dropFirst()) == nil)
        }
    }

    @Test func `a handle without a group is encoded in one way only`() {
        let handle = ReceiptHandle(
            queue: QueueID(1), backlog: BacklogID(2), message: SequenceNumber(3), group: .none, receiveCount: 4,
            receivedAt: Timestamp(milliseconds: 5))
        #expect(ReceiptHandle(encoded: [2] + handle.encoded.dropFirst() + [UInt8](repeating: 0, count: 8)) == nil)
    }

    // MARK: Time

    @Test func `moments are milliseconds, shown to queues in whole seconds`() {
        let moment = Timestamp(milliseconds: 1_999)
        #expect(moment.seconds == 1)
        #expect(moment.adding(seconds: 2) == Timestamp(milliseconds: 3_999))
        #expect(moment.adding(milliseconds: -1_000) == Timestamp(milliseconds: 999))
        #expect(moment.adding(seconds: 5).since(moment) == 5_000)
        #expect(moment < moment.adding(milliseconds: 1))
    }
}
