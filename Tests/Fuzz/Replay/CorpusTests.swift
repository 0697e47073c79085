import Foundation
import Testing

/// The seed corpus of the fuzzer, and every input it has found something with. One after the other, since a check is for
/// one thread only.
@Suite(.serialized)
struct CorpusTests {
    struct Input: CustomTestStringConvertible {
        let check: Check
        let file: URL

        var testDescription: String { "\(check.name)/\(file.lastPathComponent)" }
    }

    static let corpus = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Corpus").standardized

    static let inputs: [Input] = Check.all.flatMap { check in
        let folder = corpus.appending(path: check.name)
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.sorted { $0.path < $1.path }.map { Input(check: check, file: $0) }
    }

    @Test("keeps its promises", arguments: inputs)
    func promises(_ input: Input) throws {
        try input.check.run(Array(Data(contentsOf: input.file)))
    }

    @Test("every check has inputs", arguments: Check.all.map(\.name))
    func hasInputs(_ check: String) {
        #expect(Self.inputs.contains { $0.check.name == check })
    }
}
