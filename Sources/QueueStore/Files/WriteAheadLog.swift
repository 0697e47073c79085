import Glibc
import Platform

/// The write-ahead log beside a database file, read past SQLite. https://sqlite.org/fileformat2.html#walformat
///
/// SQLite takes the first frame whose checksum is wrong for the end of the log, as it must after a power cut. But a
/// power cut can only harm the last transaction if each is synced before the next one is written. If others follow then,
/// the log was damaged later: what they hold would be lost, and what checkpoints had put into the file would be overwritten
/// with older pages.
struct WriteAheadLog {
    private static let headerLength: Int = 32
    private static let frameHeaderLength: Int = 24

    static func path(of database: String) -> String { database + "-wal" }

    /// Bytes of the log; 0 if there is none.
    static func size(of database: String) throws(SystemError) -> Int {
        try FileName.status(of: path(of: database)).map { $0.st_size } ?? 0
    }

    private let file: FileDescriptor
    private let size: Int

    /// Whether transactions are lost behind a damaged place.
    static func isDamaged(of database: String) throws(SystemError) -> Bool {
        let file = try FileDescriptor.open(path(of: database), O_RDONLY)
        defer { file.close() }
        return try WriteAheadLog(file: file, size: file.status().st_size).isDamaged()
    }

    private func isDamaged() throws(SystemError) -> Bool {
        let header = try file.bytes(at: 0, count: Self.headerLength)
        guard header.count == Self.headerLength else { return true }
        let pageSize = Int(header.bigEndianWord(at: 8))
        let isBigEndian = header.bigEndianWord(at: 0) & 1 == 1
        var checksum = Checksum(isBigEndian: isBigEndian)
        checksum.add(header[0..<24])
        guard checksum.equals(header[24..<32]), (512...65536).contains(pageSize) else { return true }
        let salts = header[16..<24]
        let frameLength = Self.frameHeaderLength + pageSize
        var offset = Self.headerLength
        // The valid frames.
        while offset + frameLength <= size {
            let frame = try file.bytes(at: offset, count: frameLength)
            var next = checksum
            next.add(frame[0..<8])
            next.add(frame[24...])
            guard frame[8..<16].elementsEqual(salts), next.equals(frame[16..<24]) else { break }
            checksum = next
            offset += frameLength
        }
        return try goesOn(behind: offset, frameLength, salts, isBigEndian)
    }

    /// Whether from `start` on there is a transaction that was written behind the end of another. What batches that failed
    /// have left may stand there too, but then one does not begin with the checksum that the other ends with.
    private func goesOn(
        behind start: Int, _ frameLength: Int, _ salts: ArraySlice<UInt8>, _ isBigEndian: Bool
    ) throws(SystemError) -> Bool {
        var offset = start
        var lastOfTransaction: [UInt8]?
        while offset + frameLength <= size {
            let frame = try file.bytes(at: offset, count: frameLength)
            guard frame.count == frameLength else { break }
            offset += frameLength
            guard frame[8..<16].elementsEqual(salts) else {
                lastOfTransaction = nil
                continue
            }
            if let lastOfTransaction {
                var checksum = Checksum(isBigEndian: isBigEndian, storedIn: lastOfTransaction[16..<24])
                checksum.add(frame[0..<8])
                checksum.add(frame[24...])
                if checksum.equals(frame[16..<24]) { return true }
            }
            lastOfTransaction = frame.bigEndianWord(at: 4) != 0 ? frame : nil
        }
        return false
    }

    /// SQLite's running checksum over pairs of words.
    private struct Checksum {
        let isBigEndian: Bool
        var first: UInt32 = 0
        var second: UInt32 = 0

        init(isBigEndian: Bool) { self.isBigEndian = isBigEndian }

        init(isBigEndian: Bool, storedIn bytes: ArraySlice<UInt8>) {
            self.isBigEndian = isBigEndian
            first = Array(bytes).bigEndianWord(at: 0)
            second = Array(bytes).bigEndianWord(at: 4)
        }

        mutating func add(_ bytes: ArraySlice<UInt8>) {
            bytes.withUnsafeBytes { buffer in
                for offset in stride(from: 0, to: buffer.count, by: 8) {
                    let pair = buffer.loadUnaligned(fromByteOffset: offset, as: (UInt32, UInt32).self)
                    first &+= word(pair.0) &+ second
                    second &+= word(pair.1) &+ first
                }
            }
        }

        private func word(_ raw: UInt32) -> UInt32 {
            isBigEndian ? UInt32(bigEndian: raw) : UInt32(littleEndian: raw)
        }

        func equals(_ stored: ArraySlice<UInt8>) -> Bool {
            let bytes = Array(stored)
            return bytes.bigEndianWord(at: 0) == first && bytes.bigEndianWord(at: 4) == second
        }
    }
}

extension [UInt8] {
    fileprivate func bigEndianWord(at index: Int) -> UInt32 {
        self[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
