import Testing

@testable import LoadGenerator

@Suite struct AnswerTextTests {
    private func handles(in text: String) -> [String] {
        var handles: [String] = []
        Array(text.utf8).withUnsafeBytes { bytes in
            AnswerText(bytes).forEachString(named: "ReceiptHandle\"") {
                handles.append(String(decoding: $0, as: UTF8.self))
            }
        }
        return handles
    }

    private func tellsOfFailedEntries(_ text: String) -> Bool {
        Array(text.utf8).withUnsafeBytes { AnswerText($0).tellsOfFailedEntries }
    }

    @Test(arguments: [
        (#"{"Messages":[{"ReceiptHandle":"a+/=","Body":"x"},{"Body":"x","ReceiptHandle":"b"}]}"#, ["a+/=", "b"]),
        ("{\"Messages\": [{\"ReceiptHandle\" :\n\t\"a\"}]}", ["a"]),
        (#"{"ReceiptHandle":"a\/b\"c\\"}"#, [#"a\/b\"c\\"#]),
        (#"{"ReceiptHandle":""}"#, [""]),
        (#"{"NoReceiptHandle":"a","R":"ReceiptHandle","ReceiptHandle":null}"#, []),
        (#"{"ReceiptHandle":"cut"#, []), (#"{"ReceiptHandle""#, []), (#"{"ReceiptHandle":"cut\"#, []),
        ("{}", []), ("", []),
    ])
    func `receipt handles are found as they stand in the text`(text: String, expected: [String]) {
        #expect(handles(in: text) == expected)
    }

    @Test(arguments: [
        (#"{"Successful":[{"Id":"0"}],"Failed":[{"Id":"1"}]}"#, true), (#"{"Failed": [ {"Id":"1"}]}"#, true),
        (#"{"Successful":[{"Id":"0"}],"Failed":[]}"#, false), (#"{"Failed": [ ]}"#, false),
        (#"{"Failed":null,"Successful":[]}"#, false), (#"{"Successful":[{"Id":"0"}]}"#, false), ("", false),
    ])
    func `a batch with failed entries is recognised`(text: String, expected: Bool) {
        #expect(tellsOfFailedEntries(text) == expected)
    }
}
