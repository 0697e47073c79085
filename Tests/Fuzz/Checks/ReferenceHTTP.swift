/// A second reader of HTTP requests (RFC 9112), of a whole input, without regard to speed. What it takes and refuses is
/// what the server should.
struct ReferenceHTTP {
    enum End {
        /// The input ends after a request, or the last request ends the connection.
        case complete
        /// The input ends within a request, which may turn out wrong.
        case incomplete
        case refused
    }

    private struct Refusal: Error {}
    private struct MissingBytes: Error {}

    private var rest: ArraySlice<UInt8>
    private let headBytesMax: Int

    static func read(_ input: [UInt8], headBytesMax: Int) -> (requests: [ReadRequest], end: End) {
        var reader = ReferenceHTTP(rest: input[...], headBytesMax: headBytesMax)
        var requests: [ReadRequest] = []
        do {
            while !reader.rest.isEmpty {
                let (request, isLast) = try reader.request()
                requests.append(request)
                if isLast { break }
            }
            return (requests, .complete)
        } catch is MissingBytes {
            return (requests, .incomplete)
        } catch {
            return (requests, .refused)
        }
    }

    private static func require(_ condition: Bool) throws {
        if !condition { throw Refusal() }
    }

    private mutating func request() throws -> (ReadRequest, isLast: Bool) {
        let head = try self.head()
        var lines = head.dropLast(3).split(separator: "\n", omittingEmptySubsequences: false).map { Array($0) }
        for index in lines.indices {
            try Self.require(lines[index].popLast() == "\r")
        }
        // Latin-1 gives every byte a character of its own.
        let parts = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
        try Self.require(parts.count == 3)
        let version = String(parts[2])
        try Self.require((0...9).contains { version == "HTTP/1.\($0)" })
        let isHTTP10 = version == "HTTP/1.0"
        let method = String(parts[0])
        try Self.require(["GET", "HEAD", "POST", "OPTIONS"].contains(method))

        try Self.require(lines.count <= 256)
        var fields: [(name: String, value: [Character])] = []
        for line in lines { fields.append(try Self.field(line)) }
        func values(_ name: String) -> [String] {
            fields.filter { $0.name.lowercased() == name }.map { String($0.value) }
        }

        let hosts = values("host")
        try Self.require(hosts.count == 1 || (hosts.isEmpty && isHTTP10))
        try Self.require(hosts.allSatisfy { $0.allSatisfy(Self.hostCharacters.contains) })
        let (authority, path, query) = try Self.target(String(parts[1]), method)
        if let authority, let index = fields.firstIndex(where: { $0.name.lowercased() == "host" }) {
            fields[index].value = Array(authority)
        }
        if let expectation = values("expect").last, !isHTTP10 {
            try Self.require(expectation.lowercased() == "100-continue")
        }
        let body = try self.body(values("content-length"), values("transfer-encoding"), isHTTP10: isHTTP10)
        let options = values("connection").flatMap { $0.split(separator: ",") }
            .map { $0.trimming { $0 == " " || $0 == "\t" }.lowercased() }
        let request = ReadRequest(
            method: method, path: path, query: query,
            fields: fields.map { "\(Self.utf8(Array($0.name))):\(Self.utf8($0.value))" }, body: body)
        return (request, options.contains("close") || (isHTTP10 && !options.contains("keep-alive")))
    }

    // MARK: Head

    /// The lines up to and with the empty one, byte for byte as characters.
    private mutating func head() throws -> [Character] {
        while rest.first == 0x0D {
            guard rest.count > 1 else { throw MissingBytes() }
            try Self.require(rest.dropFirst().first == 0x0A)
            rest = rest.dropFirst(2)
        }
        guard let first = rest.first else { throw MissingBytes() }
        try Self.require(Self.tokenCharacters.contains(Self.character(first)))
        let characters = rest.prefix(headBytesMax).map(Self.character)
        var end: Int?
        for index in characters.indices where characters[index] == "\n" {
            let line = characters[(index + 1)...].prefix(2)
            if line.first == "\n" { throw Refusal() }
            if line == ["\r", "\n"] {
                end = index + 3
                break
            }
        }
        guard let end else {
            if rest.count > headBytesMax { throw Refusal() }
            throw MissingBytes()
        }
        rest = rest.dropFirst(end)
        return Array(characters[..<end])
    }

    private static func field(_ line: [Character]) throws -> (name: String, value: [Character]) {
        guard let colon = line.firstIndex(of: ":") else { throw Refusal() }
        let name = line[..<colon]
        try require(!name.isEmpty && name.allSatisfy(tokenCharacters.contains))
        let value = line[(colon + 1)...].trimming { $0 == " " || $0 == "\t" }
        try require(value.allSatisfy { !isControl($0) || $0 == "\t" })
        return (String(name), Array(value))
    }

    private static func target(
        _ target: String, _ method: String
    ) throws -> (authority: String?, path: String, query: String) {
        try require(!target.isEmpty && target.allSatisfy { $0 > " " && $0 < "\u{7f}" && $0 != "#" })
        if target == "*", method == "OPTIONS" { return (nil, target, "") }
        if target.hasPrefix("/") {
            let (path, query) = split(target)
            return (nil, path, query)
        }
        guard let scheme = ["http://", "https://"].first(where: target.lowercased().hasPrefix) else { throw Refusal() }
        let authority = target.dropFirst(scheme.count).prefix { hostCharacters.contains($0) }
        let (path, query) = split(String(target[authority.endIndex...]))
        try require(!authority.isEmpty && (path.isEmpty || path.hasPrefix("/")))
        return (String(authority), path.isEmpty ? "/" : path, query)
    }

    private static func split(_ target: String) -> (path: String, query: String) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }

    // MARK: Body

    private mutating func body(
        _ lengths: [String], _ encodings: [String], isHTTP10: Bool
    ) throws -> [UInt8] {
        for length in lengths {
            try Self.require(!length.isEmpty && length.allSatisfy { ("0"..."9").contains($0) })
        }
        let significant = Set(lengths.map { $0.drop { $0 == "0" } })
        try Self.require(significant.count <= 1 && encodings.count <= 1)
        guard let encoding = encodings.first else {
            let length = significant.first.map { $0.isEmpty ? 0 : Int($0) ?? .max } ?? 0
            try Self.require(length <= HTTPTranscript.bodyBytesMax)
            return Array(try take(length))
        }
        try Self.require(encoding.lowercased() == "chunked" && lengths.isEmpty && !isHTTP10)
        return try chunks()
    }

    private mutating func chunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let line = try self.line(bytesMax: 1024)
            let digits = line.prefix { $0.isASCII && $0.isHexDigit }
            let rest = line[digits.endIndex...]
            try Self.require(!digits.isEmpty && (rest.first.map { ";\t ".contains($0) } ?? true))
            try Self.require(rest.allSatisfy { !Self.isControl($0) || $0 == "\t" })
            let significant = String(digits.drop { $0 == "0" })
            let size = significant.isEmpty ? 0 : Int(significant, radix: 16) ?? .max
            try Self.require(size <= HTTPTranscript.bodyBytesMax - body.count)
            if size == 0 { break }
            body += try take(size)
            try Self.require(try take(2) == [0x0D, 0x0A])
        }
        var trailerBytes = 0
        while true {
            let line = try self.line(bytesMax: headBytesMax - trailerBytes)
            trailerBytes += line.count + 1
            guard let first = line.first else { return body }
            try Self.require(Self.tokenCharacters.contains(first))
            try Self.require(line.allSatisfy { !Self.isControl($0) || $0 == "\t" })
        }
    }

    /// A line without its end. `bytesMax` are for the line and its carriage return.
    private mutating func line(bytesMax: Int) throws -> [Character] {
        guard let lineFeed = rest.firstIndex(of: 0x0A) else { throw MissingBytes() }
        let line = try take(lineFeed + 1 - rest.startIndex).dropLast()
        try Self.require(line.last == 0x0D && line.count <= bytesMax)
        return line.dropLast().map(Self.character)
    }

    private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw MissingBytes() }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    // MARK: Characters

    private static func character(_ byte: UInt8) -> Character { Character(Unicode.Scalar(byte)) }

    /// What the bytes behind characters say in UTF-8.
    private static func utf8(_ characters: [Character]) -> String {
        characters.flatMap(\.unicodeScalars).map { UInt8($0.value) }.text
    }

    private static func isControl(_ character: Character) -> Bool { character < " " || character == "\u{7f}" }

    private static let alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    private static let tokenCharacters = Set(alphanumeric + "!#$%&'*+-.^_`|~")
    private static let hostCharacters = Set(alphanumeric + "-._~!$&'()*+,;=%:[]")
}

extension BidirectionalCollection {
    /// The collection without the elements at its ends that fit.
    fileprivate func trimming(_ isDropped: (Element) -> Bool) -> SubSequence {
        var slice = self[...]
        while let first = slice.first, isDropped(first) { slice = slice.dropFirst() }
        while let last = slice.last, isDropped(last) { slice = slice.dropLast() }
        return slice
    }
}
