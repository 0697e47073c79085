/// An error as a client sees it, whichever protocol it speaks.
package struct WireError: Error, Equatable, Sendable {
    package let kind: WireErrorKind
    package let message: String
    /// What the Query protocol says instead, where the recorded texts differ.
    private var queryMessage: String?

    package init(_ kind: WireErrorKind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// Whether the client did something wrong, as batch entries report it.
    package var senderFault: Bool { kind.fault == .sender }

    func message(in wireProtocol: WireProtocol) -> String {
        wireProtocol == .query ? queryMessage ?? message : message
    }
}

extension WireError {
    /// The queue is not there.
    package static let queueDoesNotExist: WireError = {
        var error = WireError(.queueDoesNotExist, "The specified queue does not exist.")
        error.queryMessage = "The specified queue does not exist for this wsdl version."
        return error
    }()

    /// A required parameter is absent or empty.
    package static func missingParameter(_ name: String) -> WireError {
        WireError(.missingParameter, "The request must contain the parameter \(name).")
    }

    /// A request parameter has a value that it cannot have.
    package static func invalidParameterValue(_ value: String, for name: String, reason: String) -> WireError {
        WireError(.invalidParameterValue, "Value \(value) for parameter \(name) is invalid. Reason: \(reason)")
    }

    /// The request cannot be read, or holds values of the wrong type.
    package static func serialization(_ message: String) -> WireError {
        WireError(.serialization, message)
    }

    /// There is no such action, or not here.
    package static func invalidAction(_ name: String) -> WireError {
        WireError(.unknownOperation, "The action \(name) is not valid for this endpoint.")
    }

    /// Something failed that is no business of the client's.
    package static let internalFailure = WireError(
        .internalFailure, "We encountered an internal error. Please try again.")
}
