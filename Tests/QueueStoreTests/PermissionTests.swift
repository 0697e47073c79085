import QueueModel
import QueueStore
import TestSupport
import Testing

/// The policy of a queue as AddPermission and RemovePermission change it. Reference: 8.1.
struct PermissionTests {
    let fixture: StoreFixture
    let queue: QueueName

    init() throws {
        fixture = try StoreFixture()
        queue = try fixture.createQueue("q", ["DelaySeconds": "7"])
    }

    private func add(_ label: String) throws {
        let permission = try Permission(label: label, accounts: ["111111111111"], actions: ["SendMessage"])
        try fixture.perform(AddPermission(name: queue, permission: permission))
    }

    @Test func `permissions change the policy, the time of the last change, and nothing else`() throws {
        let created = fixture.now
        fixture.advance(seconds: 10)
        try add("label")
        let description = try fixture.description(of: queue)
        #expect(description.settings.policy?.contains(#""Sid":"label""#) == true)
        #expect(description.settings.delaySeconds == 7)
        #expect(description.createdAt == created)
        #expect(description.modifiedAt == fixture.now)
        fixture.advance(seconds: 10)
        try fixture.perform(RemovePermission(name: queue, label: "label"))
        #expect(try fixture.description(of: queue).settings.policy == nil)
        #expect(try fixture.description(of: queue).modifiedAt == fixture.now)
    }

    @Test func `permissions survive a crash`() throws {
        try add("one")
        try add("two")
        try fixture.perform(RemovePermission(name: queue, label: "one"))
        let policy = try fixture.description(of: queue).settings.policy
        try fixture.crash()
        #expect(try fixture.description(of: queue).settings.policy == policy)
    }

    @Test func `a refused permission changes nothing`() throws {
        try add("label")
        let before = try fixture.description(of: queue)
        fixture.advance(seconds: 10)
        #expect(throws: QueueError.self) { try add("label") }
        #expect(try fixture.description(of: queue).settings == before.settings)
        #expect(try fixture.description(of: queue).modifiedAt == before.modifiedAt)
    }
}
