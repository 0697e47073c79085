import Crypto
import Foundation
import QueueModel
import QueueStore
import TestSupport

@testable import SQSProtocol

/// Any text that opens is the one that its handle seals to; a handle comes back as it was; and nothing that was changed,
/// cut or sealed with another key opens. Base64 and the handles of move tasks have one spelling each.
@Sendable func checkReceiptHandles(_ input: [UInt8]) throws {
    let sealer = ReceiptHandleSealer(key: Array(repeating: 7, count: 32))
    if let handle = sealer.open(input) {
        try expect(sealer.seal(handle) == input, "opens, but seals to \(sealer.seal(handle).text)")
    }
    try checkBase64(input)
    try checkMoveTaskHandle(input.text)

    // With and without a message group.
    try checkHandle(of: 37, version: 1, input)
    try checkHandle(of: 45, version: 2, input)
}

private func checkHandle(of length: Int, version: UInt8, _ input: [UInt8]) throws {
    let sealer = ReceiptHandleSealer(key: Array(repeating: 7, count: 32))
    var encoded = Array((input + Array(repeating: 0, count: length)).prefix(length))
    if let handle = ReceiptHandle(encoded: encoded) {
        try expect(handle.encoded == encoded, "\(encoded) encodes to \(handle.encoded)")
    }
    encoded[0] = version
    // No group has the number 0.
    if version == 2 { encoded[length - 1] |= 1 }
    let handle = try require(ReceiptHandle(encoded: encoded), "\(encoded) is not taken")
    let sealed = sealer.seal(handle)
    try expect(sealer.open(sealed) == handle, "\(sealed.text) does not open to what was sealed")
    let stranger = ReceiptHandleSealer(key: Array(repeating: 8, count: 32))
    try expect(stranger.open(sealed) == nil, "\(sealed.text) opens with another key")
    // Which forgeries are tried follows from the input.
    let seed = input.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF }
    for forged in forgeries(of: sealed, seed: seed) {
        try expect(sealer.open(forged) == nil, "\(forged.text), made from \(sealed.text), opens")
    }
}

/// A sealed text with one bit changed before and after the coding, cut, lengthened, and spelled differently.
private func forgeries(of sealed: [UInt8], seed: Int) -> [[UInt8]] {
    var bytes = Base64.decode(sealed) ?? []
    bytes[seed % bytes.count] ^= 1 << UInt8(seed % 8)
    var text = sealed
    text[seed % text.count] ^= 1 << UInt8(seed % 8)
    return [
        Base64.encode(bytes), text, Array(sealed.dropLast()), Array(sealed.dropLast(4)), sealed + [0x3D], sealed + [0],
        [0x20] + sealed, sealed + Array("AAAA".utf8),
    ]
}

private func checkBase64(_ input: [UInt8]) throws {
    let foundation = Data(base64Encoded: Data(input))
    if let decoded = Base64.decode(input) {
        try expect(Base64.encode(decoded) == input, "taken as base64, but \(decoded) has another spelling")
        try expect(foundation.map { Array($0) } == decoded, "taken as base64 for \(decoded), unlike Foundation")
    } else if let foundation {
        try expect(Array(foundation.base64EncodedData()) != input, "refused as base64, though it is")
    }
    let encoded = Base64.encode(input)
    try expect(encoded == Array(Data(input).base64EncodedData()), "base64 \(encoded.text), unlike Foundation")
    try expect(Base64.decode(encoded) == input, "base64 \(encoded.text) says something else")
}

private func checkMoveTaskHandle(_ text: String) throws {
    // The text inside is easier to mutate than the base64 around it, so the input is tried as either.
    for text in [text, Base64.encode(Array(text.utf8)).text] {
        guard let handle = MessageMoveTaskHandle(text) else { continue }
        try expect(MessageMoveTaskHandle(handle.text) == handle, "\(handle) does not come back from \(handle.text)")
        guard case .success = QueueName.parse(arn: handle.sourceARN) else {
            throw Finding(description: "\(handle) is about no queue")
        }
    }
}
