import Foundation
import HTTPServer
import JSON
import QueueModel

@testable import SQSProtocol

/// The first line of the input is a queue URL or an ARN, the second a Host. A URL that names a queue which can exist is
/// given back by rendering it, under that host too, and accounts are always twelve digits.
@Sendable func checkQueueURLs(_ input: [UInt8]) throws {
    let lines = input.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
    let url = Array(lines.first ?? [])
    let host = lines.count > 1 ? lines[1].text : "localhost"
    try checkARN(url.text)
    try checkPath(url)

    let exchange = HTTPExchange { _ in }
    let request = HTTPRequest(
        id: "the-id", method: .post, path: "/", headers: HTTPHeaders([("Host", host)]), localPort: 9324)
    let settings = SQSSettings(account: "000000000000", region: "us-east-1")
    let context = RequestContext(request, .json, nil, exchange, settings)
    func read(_ url: [UInt8]) -> QueueName? {
        try? context.queueName(RequestParameters([JSONMember(key: "QueueUrl", value: .string(url))], in: .json))
    }
    guard !url.isEmpty, let name = read(url) else { return }
    try expect(!name.name.isEmpty && AccountID.isValid(name.account), "\(name) is read")
    guard (try? QueueName.validate(name.name, isFIFO: name.name.hasSuffix(".fifo"))) != nil else { return }
    try checkARN(name.arn)
    // The server takes hosts of these characters only, and whether they are one is not its business.
    guard host.utf8.allSatisfy({ $0.isQueueNameCharacter || ".:[]".utf8.contains($0) }) else { return }
    let rendered = context.queueURL(name)
    try expect(read(Array(rendered.utf8)) == name, "\(name) has the URL \(rendered), which is another's")
}

/// A path that is read says the same when its segments are spelled anew.
private func checkPath(_ url: [UInt8]) throws {
    guard let address = QueueAddress(url: url) else { return }
    try expect(!address.name.isEmpty && address.account != "", "\(url.text) is read as \(address)")
    let segments = [address.account, address.name].compactMap { $0 }
    let spelled = segments.map { segment in
        segment.utf8.map { byte in byte.isQueueNameCharacter ? [byte].text : "%" + hex(byte) }.joined()
    }
    let again = QueueAddress(url: Array("http://[::1]:1/a/\(spelled.joined(separator: "/"))?x#y".utf8))
    let expected = address.account == nil ? QueueAddress(account: "a", name: address.name) : address
    try expect(again == expected, "\(address) spelled anew is \(again.map { "\($0)" } ?? "nothing")")
}

private func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

/// An ARN that is read is made of its parts, and the ARN of a name reads as that name.
private func checkARN(_ arn: String) throws {
    guard case .success(let name) = QueueName.parse(arn: arn) else { return }
    for part in [name.account, name.region, name.name] {
        try expect(!part.isEmpty && !part.contains(":"), "\(arn) is read as \(name)")
    }
    guard case .success(name) = QueueName.parse(arn: name.arn) else {
        throw Finding(description: "\(name) has the ARN \(name.arn), which is another's")
    }
}
