import Platform
import QueueEngine
import QueueModel
import QueueStore
import TestSupport
import Testing

@testable import SQSProtocol

struct ActionTableTests {
    @Test func `every action of SQS is there`() throws {
        let directory = TemporaryDirectory()
        let options = StoreOptions(
            path: directory.file("store.db"), durability: .relaxed, inFlightMax: Limits.inFlightMax)
        let engine = try QueueEngine(store: options, clock: ManualClock()) { Issue.record("\($0)") }
        defer { engine.stop() }
        let table = ActionTable.all(Backend(engine: engine), logger: Logger(sink: { _ in }))
        #expect(ActionName.allCases.filter { table[$0] == nil } == [])
        #expect(ActionName.allCases.count == 23)
    }
}
