import CLinux
import Glibc
import Platform
import Testing

@Suite struct SystemCallTests {
    private func read(from descriptor: FileDescriptor) throws -> IOResult {
        try withUnsafeTemporaryAllocation(byteCount: 100, alignment: 1) { try descriptor.read(into: $0) }
    }

    @discardableResult
    private func write(_ bytes: [UInt8], to descriptor: FileDescriptor) throws -> IOResult {
        try bytes.withUnsafeBytes { bytes in try descriptor.write(bytes) }
    }

    @Test func `bytes written into a pipe are read, and its end is a read of nothing`() throws {
        let pipe = try FileDescriptor.pipe()
        defer { pipe.read.close() }
        #expect(try write([1, 2, 3], to: pipe.write) == .processed(3))
        pipe.write.close()
        #expect(try read(from: pipe.read) == .processed(3))
        #expect(try read(from: pipe.read) == .processed(0))
    }

    @Test func `a descriptor that is not ready is a value and not an error`() throws {
        let signal = try EventSignal()
        defer { signal.close() }
        #expect(try read(from: signal.descriptor) == .wouldBlock)
        signal.raise()
        #expect(try read(from: signal.descriptor) == .processed(8))
        #expect(try read(from: signal.descriptor) == .wouldBlock)
    }

    @Test func `a failed call tells its name and its reason`() {
        let closed = FileDescriptor(rawValue: -1)
        let error = #expect(throws: SystemError.self) {
            try write([0], to: closed)
        }
        #expect(error == SystemError(code: EBADF, call: "write"))
        #expect(error?.description == "write: Bad file descriptor (errno 9)")
    }

    @Test func `a thread runs its closure to the end before the join returns`() throws {
        let mailbox = Mailbox<Int>(capacity: 1)
        let thread = try Thread.start(named: "a name that is longer than fifteen bytes") { _ = mailbox.post(1) }
        thread.join()
        #expect(mailbox.takeAll(timeoutMilliseconds: 0) == [1])
    }

    @Test func `a terminating signal is something to wait for`() throws {
        let seen = Mailbox<Int32>(capacity: 1)
        let thread = try Thread.start(named: "signals") {
            // On its own thread, because the signal mask it sets stays with the thread.
            do {
                let waiter = try SignalWaiter()
                pthread_kill(pthread_self(), SIGTERM)
                _ = seen.post(try waiter.wait())
                waiter.close()
            } catch {
                Issue.record(error)
                seen.close()
            }
        }
        thread.join()
        #expect(seen.takeAll(timeoutMilliseconds: nil) == [SIGTERM])
    }

    @Test func `a link stands for the file that it leads to, be that there or not`() throws {
        var template = Array("/tmp/links-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        for (name, target) in [
            ("first", "sub/second"), ("sub/second", "../third"), ("third", "/nowhere/file"), ("loop", "loop"),
        ] {
            mkdir(folder + "/sub", 0o700)
            #expect(symlink(target, folder + "/" + name) == 0)
        }
        #expect(FileName.resolvingLinks(folder + "/first") == "/nowhere/file")
        #expect(FileName.resolvingLinks(folder + "/sub") == folder + "/sub")
        #expect(FileName.resolvingLinks("file-that-is-not-there") == "file-that-is-not-there")
        #expect(FileName.resolvingLinks(folder + "/loop") == folder + "/loop")
        for name in ["first", "sub/second", "third", "loop", "sub"] { #expect(remove(folder + "/" + name) == 0) }
        rmdir(folder)
    }

    @Test func `the limit of descriptors can be raised`() throws {
        #expect(try FileDescriptor.raiseLimit() > 0)
    }
}
