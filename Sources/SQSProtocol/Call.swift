import HTTPServer

/// What an HTTP request asks for, and in which protocol (SQS reference, 1.1).
enum Call {
    case json(ActionName)
    case query(ActionName, FormParameters)
    case refused(WireError, WireProtocol)
    /// It names no action and does not look like JSON either.
    case nothing

    init(_ request: HTTPRequest) {
        guard request.method == .get || request.method == .post else {
            self = .nothing
            return
        }
        let mediaType = MediaType(request.headers.bytes(of: "content-type"))
        let target = request.headers.bytes(of: "x-amz-target")
        // Some clients send a target and a form: then the form decides, if it names an action.
        if let target, mediaType != .form {
            self = Self.json(target: target)
            return
        }
        do {
            let form = try Self.form(request, mediaType)
            if let action = form["Action"], !action.isEmpty {
                self = Self.query(String(decoding: action, as: UTF8.self), form, on: request.path)
            } else if let target {
                self = Self.json(target: target)
            } else {
                self = mediaType == .json ? .refused(.invalidAction(""), .json) : .nothing
            }
        } catch {
            self = .refused(error, .query)
        }
    }

    private static func json(target: ArraySlice<UInt8>) -> Call {
        guard target.hasPrefix("AmazonSQS.") else {
            return .refused(.invalidAction(String(decoding: target, as: UTF8.self)), .json)
        }
        let name = target.dropFirst("AmazonSQS.".utf8.count)
        guard let action = ActionName(utf8: name) else {
            return .refused(.invalidAction(String(decoding: name, as: UTF8.self)), .json)
        }
        return .json(action)
    }

    private static func query(_ name: String, _ form: FormParameters, on path: String) -> Call {
        guard let action = ActionName(rawValue: name),
            action.isAllowedOnQueuePath || QueueAddress(url: Array(path.utf8)) == nil
        else { return .refused(.invalidAction(name), .query) }
        return .query(action, form)
    }

    /// The parameters of the query string and of a form in the body, which wins. A body of unstated type is a form.
    private static func form(_ request: HTTPRequest, _ mediaType: MediaType?) throws(WireError) -> FormParameters {
        var form = FormParameters()
        try form.append(Array(request.query.utf8))
        if mediaType == .form || mediaType == nil { try form.append(request.body) }
        return form
    }
}

/// The media types that tell the protocols apart, without their parameters.
private enum MediaType {
    case form
    case json
    case other

    /// `nil` if the header is absent.
    init?(_ contentType: ArraySlice<UInt8>?) {
        guard let contentType else { return nil }
        let type = contentType.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") && $0 != 0x09 }
        if type.equalsIgnoringCase("application/x-www-form-urlencoded") {
            self = .form
        } else if type.equalsIgnoringCase("application/x-amz-json-1.0")
            || type.equalsIgnoringCase("application/x-amz-json-1.1") || type.equalsIgnoringCase("application/json")
        {
            self = .json
        } else {
            self = .other
        }
    }
}
