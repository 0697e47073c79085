/// Carries a value into the thread that owns it from then on, or until it has ended.
package struct Handover<Value>: @unchecked Sendable {  // made on one thread, used by one other, never by both at a time
    package let value: Value

    package init(_ value: Value) { self.value = value }
}
