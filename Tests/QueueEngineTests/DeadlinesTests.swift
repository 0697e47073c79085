import Crypto
import QueueModel
import Testing

@testable import QueueEngine

struct DeadlinesTests {
    private func at(_ milliseconds: Int) -> Timestamp { Timestamp(milliseconds: Int64(milliseconds)) }

    @Test func `moments come out in their order, and not before their time`() {
        var deadlines = Deadlines<String>()
        #expect(deadlines.next == nil)
        for (key, due) in [("c", 30), ("a", 10), ("b", 20)] { deadlines.set(key, to: at(due)) }
        #expect(deadlines.next == at(10))
        #expect(deadlines.popDue(at: at(9)) == nil)
        #expect(deadlines.popDue(at: at(25)) == "a")
        #expect(deadlines.popDue(at: at(25)) == "b")
        #expect(deadlines.popDue(at: at(25)) == nil)
        #expect(deadlines.next == at(30))
    }

    @Test func `a key has one moment: the last that was set`() {
        var deadlines = Deadlines<String>()
        deadlines.set("a", to: at(10))
        deadlines.set("a", to: at(30))
        deadlines.set("b", to: at(20))
        #expect(deadlines.next == at(20))
        deadlines.set("a", to: at(10))
        deadlines.set("b", to: nil)
        #expect(deadlines.due(of: "a") == at(10))
        #expect(deadlines.due(of: "b") == nil)
        #expect(deadlines.popDue(at: at(99)) == "a")
        #expect(deadlines.popDue(at: at(99)) == nil)
        #expect(deadlines.next == nil)
    }

    @Test func `an earlier moment replaces a later one, not the other way round`() {
        var deadlines = Deadlines<String>()
        deadlines.setIfEarlier("a", to: at(20))
        deadlines.setIfEarlier("a", to: at(30))
        #expect(deadlines.next == at(20))
        deadlines.setIfEarlier("a", to: at(10))
        #expect(deadlines.next == at(10))
    }

    @Test("whatever is set, moved and taken, the next is the least", arguments: [1, 2, 3])
    func random(seed: UInt64) {
        let random = SeededRandom(seed: seed)
        var deadlines = Deadlines<Int>()
        var model: [Int: Timestamp] = [:]
        for _ in 0..<5000 {
            let key = Int(random.next() % 100)
            let due = at(Int(random.next() % 1000))
            switch random.next() % 10 {
            case 0..<6:
                deadlines.set(key, to: due)
                model[key] = due
            case 6..<8:
                deadlines.set(key, to: nil)
                model[key] = nil
            default:
                let popped = deadlines.popDue(at: due)
                #expect((popped != nil) == model.values.contains { $0 <= due })
                if let popped {
                    #expect(model[popped] == model.values.min())
                    model[popped] = nil
                }
            }
            #expect(deadlines.next == model.values.min())
        }
    }
}
