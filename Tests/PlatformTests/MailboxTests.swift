import Platform
import Synchronization
import Testing

@Suite struct MailboxTests {
    /// Whether one is still there can be told.
    private final class Value: Sendable {}

    /// Posts a value that nobody else holds, but whoever keeps the answer.
    private func postValue(to mailbox: Mailbox<Value>) -> Value? {
        let value = Value()
        #expect(mailbox.post(value))
        return value
    }

    @Test func `everything that was posted is taken at once and in order`() {
        let mailbox = Mailbox<Int>(capacity: 10)
        for number in 1...3 { #expect(mailbox.post(number)) }
        #expect(mailbox.takeAll(timeoutMilliseconds: nil) == [1, 2, 3])
        #expect(mailbox.takeAll(timeoutMilliseconds: 0) == [])
    }

    @Test func `a full mailbox refuses a post until it is emptied`() {
        let mailbox = Mailbox<Int>(capacity: 1)
        #expect(mailbox.post(1))
        #expect(!mailbox.post(2))
        _ = mailbox.takeAll(timeoutMilliseconds: 0)
        #expect(mailbox.post(3))
    }

    @Test func `what is gathered is handed over together and not before`() throws {
        let mailbox = Mailbox<Int>(capacity: 10)
        #expect(mailbox.post(1))
        mailbox.gather()
        #expect(mailbox.post(2))
        #expect(mailbox.takeAll(timeoutMilliseconds: 0) == [])
        let taken = Mailbox<[Int]>(capacity: 1)
        let consumer = try Thread.start(named: "consumer") {
            _ = taken.post(mailbox.takeAll(timeoutMilliseconds: nil))
        }
        #expect(mailbox.post(3))
        mailbox.handOver()
        #expect(taken.takeAll(timeoutMilliseconds: nil) == [[1, 2, 3]])
        consumer.join()
    }

    @Test func `a mailbox that is closed while it gathers hands out what it has`() {
        let mailbox = Mailbox<Int>(capacity: 10)
        mailbox.gather()
        #expect(mailbox.post(1))
        mailbox.close()
        #expect(mailbox.takeAll(timeoutMilliseconds: nil) == [1])
        #expect(mailbox.isFinished)
    }

    @Test func `a wait ends with nothing when its time has passed`() {
        let mailbox = Mailbox<Int>(capacity: 1)
        let before = MonotonicTime.milliseconds()
        #expect(mailbox.takeAll(timeoutMilliseconds: 5) == [])
        #expect(MonotonicTime.milliseconds() - before >= 4)
    }

    @Test func `the longest timeout does not overflow`() {
        let mailbox = Mailbox<Int>(capacity: 1)
        mailbox.close()
        #expect(mailbox.takeAll(timeoutMilliseconds: .max) == [])
        #expect(mailbox.takeAll(timeoutMilliseconds: .min) == [])
    }

    /// Posts two values one after the other, and takes them. The first is kept, but for the answer, by the mailbox alone.
    private func passTwo(through mailbox: Mailbox<Value>, into taken: inout [Value]) -> Value? {
        weak let first = postValue(to: mailbox)
        mailbox.takeAll(into: &taken, timeoutMilliseconds: nil)
        #expect(mailbox.post(Value()))
        mailbox.takeAll(into: &taken, timeoutMilliseconds: nil)
        #expect(taken.count == 1 && first != nil)
        return first
    }

    @Test func `what the consumer is done with is dropped by the next post`() {
        let mailbox = Mailbox<Value>(capacity: 1)
        var taken: [Value] = []
        weak let first = passTwo(through: mailbox, into: &taken)
        #expect(first != nil)
        #expect(mailbox.post(Value()))
        #expect(first == nil)
    }

    @Test func `what the consumer is done with is dropped when nothing comes`() {
        let mailbox = Mailbox<Value>(capacity: 1)
        weak let first = postValue(to: mailbox)
        var taken: [Value] = []
        mailbox.takeAll(into: &taken, timeoutMilliseconds: nil)
        mailbox.takeAll(into: &taken, timeoutMilliseconds: 0)
        #expect(taken.isEmpty && first == nil)
    }

    @Test func `so is what it was done with before that`() {
        let mailbox = Mailbox<Value>(capacity: 1)
        var taken: [Value] = []
        weak let first = passTwo(through: mailbox, into: &taken)
        #expect(first != nil)
        mailbox.takeAll(into: &taken, timeoutMilliseconds: 0)
        #expect(taken.isEmpty && first == nil)
    }

    @Test func `a closed mailbox keeps nothing that the consumer is done with`() {
        let mailbox = Mailbox<Value>(capacity: 1)
        weak let first = postValue(to: mailbox)
        var taken: [Value] = []
        mailbox.takeAll(into: &taken, timeoutMilliseconds: nil)
        weak let last = postValue(to: mailbox)
        mailbox.takeAll(into: &taken, timeoutMilliseconds: nil)
        #expect(first != nil)
        mailbox.close()
        #expect(first == nil)
        mailbox.takeAll(into: &taken, timeoutMilliseconds: nil)
        #expect(taken.isEmpty && last == nil)
    }

    @Test func `a closed mailbox refuses posts and hands out what it has`() {
        let mailbox = Mailbox<Int>(capacity: 10)
        #expect(mailbox.post(1))
        mailbox.close()
        #expect(!mailbox.post(2))
        #expect(!mailbox.isFinished)
        #expect(mailbox.takeAll(timeoutMilliseconds: nil) == [1])
        #expect(mailbox.isFinished)
    }

    @Test func `a waiting consumer is woken by a post and by the close`() throws {
        let requests = Mailbox<Int>(capacity: 1)
        let answers = Mailbox<[Int]>(capacity: 2)
        let consumer = try Thread.start(named: "consumer") {
            while !requests.isFinished {
                _ = answers.post(requests.takeAll(timeoutMilliseconds: nil))
            }
        }
        #expect(requests.post(7))
        #expect(answers.takeAll(timeoutMilliseconds: nil).first == [7])
        requests.close()
        consumer.join()
    }

    @Test func `no value is lost or doubled between many producers and one consumer`() throws {
        let mailbox = Mailbox<Int>(capacity: 100_000)
        let producers = try (0..<4).map { producer in
            try Thread.start(named: "producer") {
                for number in 0..<5000 { _ = mailbox.post(producer * 5000 + number) }
            }
        }
        var seen: [Int] = []
        var taken: [Int] = []
        while seen.count < 20_000 {
            mailbox.takeAll(into: &taken, timeoutMilliseconds: nil)
            seen += taken
        }
        for producer in producers { producer.join() }
        #expect(seen.sorted() == Array(0..<20_000))
    }
}
