import CSQLite

/// A value that can stand for a `?` in a statement. SQLite copies what is bound.
@usableFromInline package protocol Bindable {
    func bind(to statement: OpaquePointer, at index: Int32)
}

/// SQLite makes its own copy before the bind call returns. https://sqlite.org/c3ref/c_static.html
private nonisolated(unsafe) let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

extension Int64: Bindable {
    @inlinable
    package func bind(to statement: OpaquePointer, at index: Int32) { sqlite3_bind_int64(statement, index, self) }
}

extension Int: Bindable {
    @inlinable
    package func bind(to statement: OpaquePointer, at index: Int32) {
        sqlite3_bind_int64(statement, index, Int64(self))
    }
}

extension Bool: Bindable {
    @inlinable
    package func bind(to statement: OpaquePointer, at index: Int32) {
        sqlite3_bind_int64(statement, index, self ? 1 : 0)
    }
}

extension String: Bindable {
    @usableFromInline
    package func bind(to statement: OpaquePointer, at index: Int32) {
        var copy = self
        copy.withUTF8 { utf8 in
            _ = utf8.withMemoryRebound(to: CChar.self) { characters in
                // An empty buffer has no address, and a null address would bind NULL.
                characters.baseAddress.map {
                    sqlite3_bind_text(statement, index, $0, Int32(characters.count), transient)
                }
                    ?? sqlite3_bind_text(statement, index, "", 0, transient)
            }
        }
    }
}

/// Bytes bound as a BLOB.
extension [UInt8]: Bindable {
    @usableFromInline
    package func bind(to statement: OpaquePointer, at index: Int32) {
        withUnsafeBytes { buffer in
            _ =
                buffer.baseAddress.map { sqlite3_bind_blob64(statement, index, $0, UInt64(buffer.count), transient) }
                ?? sqlite3_bind_zeroblob(statement, index, 0)
        }
    }
}

/// UTF-8 bytes bound as TEXT.
package struct UTF8Text: Bindable {
    let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    @usableFromInline
    package func bind(to statement: OpaquePointer, at index: Int32) {
        bytes.withUnsafeBytes { buffer in
            let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            _ =
                start.map { sqlite3_bind_text(statement, index, $0, Int32(buffer.count), transient) }
                ?? sqlite3_bind_text(statement, index, "", 0, transient)
        }
    }
}

extension Optional: Bindable where Wrapped: Bindable {
    @inlinable
    package func bind(to statement: OpaquePointer, at index: Int32) {
        if let value = self { value.bind(to: statement, at: index) } else { sqlite3_bind_null(statement, index) }
    }
}
