import CLinux
import Glibc

/// Regular files, read and written at given places.
extension FileDescriptor {
    /// Opens a file. `flags` as for open(2); the descriptor is not inherited by other programs.
    package static func open(
        _ path: String, _ flags: Int32, mode: mode_t = 0o600
    ) throws(SystemError) -> FileDescriptor {
        FileDescriptor(
            rawValue: try retryingInterrupted("open") { Glibc.open(path, flags | O_CLOEXEC, mode) })
    }

    /// Fills `buffer` from `offset` on. Returns how many bytes there were; fewer than asked for are the end of the file.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(SystemError) -> Int {
        var count = 0
        while count < buffer.count {
            let got = try retryingInterrupted("read") {
                pread(rawValue, buffer.baseAddress.map { $0 + count }, buffer.count - count, offset + count)
            }
            if got == 0 { break }
            count += got
        }
        return count
    }

    /// At most `count` bytes from `offset` on; fewer at the end of the file.
    package func bytes(at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var result = Result<Int, SystemError>.success(0)
        bytes.withUnsafeMutableBytes { buffer in
            result = Result { () throws(SystemError) in try read(into: buffer, at: offset) }
        }
        bytes.removeLast(count - (try result.get()))
        return bytes
    }

    /// Writes all of `bytes` from `offset` on.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
        var count = 0
        while count < bytes.count {
            count += try retryingInterrupted("write") {
                pwrite(rawValue, bytes.baseAddress.map { $0 + count }, bytes.count - count, offset + count)
            }
        }
    }

    /// What the system knows of the file.
    package func status() throws(SystemError) -> stat {
        var status = stat()
        _ = try retryingInterrupted("fstat") { fstat(rawValue, &status) }
        return status
    }

    package func truncate(to size: Int) throws(SystemError) {
        _ = try retryingInterrupted("ftruncate") { ftruncate(rawValue, size) }
    }

    package func setMode(_ mode: mode_t) throws(SystemError) {
        _ = try retryingInterrupted("fchmod") { fchmod(rawValue, mode) }
    }

    package func setOwner(_ user: uid_t, _ group: gid_t) throws(SystemError) {
        _ = try retryingInterrupted("fchown") { fchown(rawValue, user, group) }
    }

    /// Returns when everything written is on stable storage.
    package func sync() throws(SystemError) {
        _ = try retryingInterrupted("fsync") { fsync(rawValue) }
    }

    /// Sends a part of what was written to the disk and waits for it, without the journal commit of an fsync: nothing
    /// is promised, but a later ``sync()`` has little left to do.
    package func flush(from offset: Int, count: Int) throws(SystemError) {
        _ = try retryingInterrupted("sync_file_range") { clinux_flush(rawValue, Int64(offset), Int64(count)) }
    }

    /// Gives back the memory in which the system keeps a part of the file that is on the disk, as it would by itself only when
    /// memory is short. A hint: what cannot be given back stays. `posix_fadvise`, `POSIX_FADV_DONTNEED`.
    package func forget(from offset: Int, count: Int) {
        _ = posix_fadvise(rawValue, offset, count, POSIX_FADV_DONTNEED)
    }

    /// Takes flock(2)'s lock on the file, `LOCK_SH` or `LOCK_EX`, if it is free. It lasts until the descriptor is closed.
    package func tryLock(_ kind: Int32) throws(SystemError) -> Bool {
        do throws(SystemError) {
            _ = try retryingInterrupted("flock") { flock(rawValue, kind | LOCK_NB) }
            return true
        } catch {
            if error.code == EWOULDBLOCK { return false }
            throw error
        }
    }

    /// Whether the path still names this file. The lock of one that has been renamed or replaced is worth nothing.
    package func isStill(at path: String) throws(SystemError) -> Bool {
        let ours = try status()
        guard let named = try FileName.status(of: path) else { return false }
        return named.st_ino == ours.st_ino && named.st_dev == ours.st_dev
    }

    /// Gives up the lock of ``tryLock(_:)`` and closes. A process that is being started by another thread just now has the
    /// descriptor too, and would keep a lock that is not given up.
    package func unlockAndClose() {
        _ = flock(rawValue, LOCK_UN)
        close()
    }

    package func unlock() throws(SystemError) {
        _ = try retryingInterrupted("flock") { flock(rawValue, LOCK_UN) }
    }
}

/// Names of files: what is done with them is on stable storage when ``syncDirectory(of:)`` has returned.
package enum FileName {
    /// The directory part of a path; `.` if it has none.
    package static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// What follows the last slash.
    package static func last(of path: String) -> String {
        String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...])
    }

    /// The name of the file itself, if the path is that of a symbolic link to it.
    package static func resolvingLinks(_ path: String) -> String {
        var path = path
        // As many as Linux follows (path_resolution(7)).
        for _ in 0..<40 {
            let target = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
                let length = readlink(path, buffer.baseAddress!, buffer.count)
                return length > 0
                    ? String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
            }
            guard let target else { break }
            path = target.hasPrefix("/") ? target : directory(of: path) + "/" + target
        }
        return path
    }

    /// What the system knows of the file of that name; nil if there is none.
    package static func status(of path: String) throws(SystemError) -> stat? {
        var status = stat()
        do throws(SystemError) {
            _ = try retryingInterrupted("stat") { stat(path, &status) }
            return status
        } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw error
        }
    }

    /// Removes a file, if it is there.
    package static func remove(_ path: String) throws(SystemError) {
        do throws(SystemError) {
            _ = try retryingInterrupted("unlink") { unlink(path) }
        } catch {
            if error.code != ENOENT { throw error }
        }
    }

    /// Gives a file another name, and replaces the file that has it.
    package static func rename(_ old: String, to new: String) throws(SystemError) {
        _ = try retryingInterrupted("rename") { Glibc.rename(old, new) }
    }

    package static func syncDirectory(of path: String) throws(SystemError) {
        let opened = try FileDescriptor.open(directory(of: path), O_RDONLY | O_DIRECTORY)
        defer { opened.close() }
        try opened.sync()
    }

    /// The names in a directory, sorted.
    package static func list(_ directory: String) throws(SystemError) -> [String] {
        guard let stream = opendir(directory) else { throw SystemError(code: errno, call: "opendir") }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
