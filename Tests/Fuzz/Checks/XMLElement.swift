import Foundation
import FoundationXML

/// An element of an XML document, as libxml2 reads it.
final class XMLElement {
    let name: String
    fileprivate(set) var text = ""
    fileprivate(set) var children: [XMLElement] = []

    fileprivate init(name: String) { self.name = name }

    /// The root of a document; nil if it is not well-formed.
    static func read(_ document: [UInt8]) -> XMLElement? {
        let reader = Reader()
        let parser = XMLParser(data: Data(document))
        parser.delegate = reader
        return parser.parse() ? reader.root : nil
    }

    /// The first element of that name, on whatever level.
    func first(_ name: String) -> XMLElement? {
        if self.name == name { return self }
        return children.lazy.compactMap { $0.first(name) }.first
    }

    /// All children of that name, on whatever level.
    func all(_ name: String) -> [XMLElement] {
        (self.name == name ? [self] : []) + children.flatMap { $0.all(name) }
    }
}

private final class Reader: NSObject, XMLParserDelegate {
    var root: XMLElement?
    private var open: [XMLElement] = []

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        let element = XMLElement(name: name)
        open.last?.children.append(element)
        root = root ?? element
        open.append(element)
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        open.removeLast()
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        open.last?.text += text
    }
}
