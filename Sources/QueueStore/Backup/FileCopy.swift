import Glibc
import Platform

/// Makes one file equal to another that may be written to meanwhile: pass after pass, each of which only writes what
/// differs. After a pass during which nobody wrote, the files are equal.
struct FileCopy {
    /// What is compared, a page of most databases and file systems.
    private static let blockLength = 4096
    private static let chunkLength = 256 * 1024

    let source: FileDescriptor
    let target: FileDescriptor

    /// One pass. `step` is called after each part with the place reached; it may throw to give up.
    /// - Returns: how many bytes had to be written.
    func pass(step: (_ end: Int) throws -> Void) throws -> Int {
        var written: Int = 0
        var offset: Int = 0
        let targetSize = try target.status().st_size
        try withUnsafeTemporaryAllocation(byteCount: 2 * Self.chunkLength, alignment: Self.blockLength) { buffer in
            let new = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Self.chunkLength])
            let old = UnsafeMutableRawBufferPointer(rebasing: buffer[Self.chunkLength...])
            while true {
                let count = try source.read(into: new, at: offset)
                if count == 0 { break }
                let known = offset < targetSize ? try target.read(into: old, at: offset) : 0
                written += try writeDifferences(
                    UnsafeRawBufferPointer(rebasing: new[..<count]), UnsafeRawBufferPointer(rebasing: old[..<known]),
                    at: offset)
                offset += count
                try step(offset)
            }
        }
        try target.truncate(to: offset)
        return written
    }

    private func writeDifferences(
        _ new: UnsafeRawBufferPointer, _ old: UnsafeRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        if old.isEmpty {
            try target.write(new, at: offset)
            return new.count
        }
        var written: Int = 0
        for start in stride(from: 0, to: new.count, by: Self.blockLength) {
            let block = UnsafeRawBufferPointer(rebasing: new[start..<min(start + Self.blockLength, new.count)])
            if start + block.count <= old.count, block.equals(old, at: start) { continue }
            try target.write(block, at: offset + start)
            written += block.count
        }
        return written
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func equals(_ other: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        guard let first = baseAddress, let second = other.baseAddress else { return isEmpty }
        return memcmp(first, second + offset, count) == 0
    }
}
