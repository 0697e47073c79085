import Glibc

/// A directory of its own for a test, gone with the object.
package final class TemporaryDirectory {
    package let path: String

    package init() {
        var template = Array("/tmp/holdfast-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { preconditionFailure("no temporary directory: errno \(errno)") }
        path = String(cString: made)
    }

    deinit {
        for name in files { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    /// The names of the files in it, sorted.
    package var files: [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    package func file(_ name: String) -> String { "\(path)/\(name)" }

    package func remove(_ name: String) { unlink(file(name)) }

    /// What a file holds; nil if there is none.
    package func contents(_ name: String) -> [UInt8]? {
        guard let stream = fopen(file(name), "r") else { return nil }
        defer { fclose(stream) }
        fseek(stream, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: ftell(stream))
        rewind(stream)
        let count = fread(&bytes, 1, bytes.count, stream)
        precondition(count == bytes.count, "cannot read \(name)")
        return bytes
    }

    /// How many pages of a file the system keeps in memory.
    package func pagesInMemory(_ name: String) -> Int {
        let descriptor = open(file(name), O_RDONLY)
        precondition(descriptor >= 0, "no \(name)")
        defer { close(descriptor) }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        guard size > 0 else { return 0 }
        guard let pages = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), pages != MAP_FAILED else {
            preconditionFailure("cannot map \(name)")
        }
        defer { munmap(pages, size) }
        let pageSize = Int(getpagesize())
        var marks = [UInt8](repeating: 0, count: (size + pageSize - 1) / pageSize)
        let result = mincore(pages, size, &marks)
        precondition(result == 0, "cannot look at the pages of \(name)")
        return marks.count { $0 & 1 == 1 }
    }

    /// Whether the memory of a file that is on the disk can be given back: not where files live in memory alone.
    package static let givesMemoryBack: Bool = {
        let directory = TemporaryDirectory()
        directory.write([UInt8](repeating: 1, count: 1 << 20), to: "file")
        let descriptor = open(directory.file("file"), O_RDWR)
        defer { close(descriptor) }
        fsync(descriptor)
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        return directory.pagesInMemory("file") == 0
    }()

    package func write(_ bytes: [UInt8], to name: String) {
        guard let stream = fopen(file(name), "w") else { preconditionFailure("cannot write \(name)") }
        defer { fclose(stream) }
        let count = fwrite(bytes, 1, bytes.count, stream)
        precondition(count == bytes.count, "cannot write \(name)")
    }
}
