import Glibc

/// Hands values from any thread to one consumer thread, which takes everything that is there at once.
///
/// A mutex and condition of pthreads: the condition waits on CLOCK_MONOTONIC and is signalled only if the consumer is
/// waiting, so that posting to a busy consumer costs no system call.
package final class Mailbox<Element: Sendable>: @unchecked Sendable {  // all state is guarded by `mutex`
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private let capacity: Int
    private var elements: [Element] = []
    /// `elements` are those the consumer had taken and is done with, to be dropped by whoever posts next.
    private var areSpent = false
    private var consumerWaits = false
    private var gathers = false
    private var closed = false

    /// - Parameter capacity: the most values that wait to be taken.
    package init(capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Adds a value; false if the mailbox is full or closed.
    package func post(_ element: Element) -> Bool {
        pthread_mutex_lock(mutex)
        dropSpent()
        guard !closed, elements.count < capacity else {
            pthread_mutex_unlock(mutex)
            return false
        }
        elements.append(element)
        unlockAndSignal()
        return true
    }

    /// From now until ``handOver()`` the consumer gets nothing, so that it is given together what belongs together.
    package func gather() {
        pthread_mutex_lock(mutex)
        gathers = true
        pthread_mutex_unlock(mutex)
    }

    /// Lets the consumer have what was posted since ``gather()``.
    package func handOver() {
        pthread_mutex_lock(mutex)
        gathers = false
        unlockAndSignal()
    }

    private func unlockAndSignal() {
        let mustSignal = consumerWaits && hasSomethingToTake
        if mustSignal { consumerWaits = false }
        pthread_mutex_unlock(mutex)
        if mustSignal { pthread_cond_signal(condition) }
    }

    // `isEmpty` of an array whose element is not known here would look up its types at each call; `count` does not.
    private var hasSomethingToTake: Bool { elements.count > 0 && !areSpent && !gathers }

    private func dropSpent() {
        guard areSpent else { return }
        elements.removeAll(keepingCapacity: true)
        areSpent = false
    }

    /// Takes everything that is there, in the order of the posts. Waits until there is something, the time has passed
    /// or the mailbox is closed; in the last two cases the answer may be empty.
    /// - Parameter timeoutMilliseconds: nil waits without end, 0 and less not at all.
    package func takeAll(timeoutMilliseconds: Int64?) -> [Element] {
        var taken: [Element] = []
        takeAll(into: &taken, timeoutMilliseconds: timeoutMilliseconds)
        return taken
    }

    /// Like `takeAll(timeoutMilliseconds:)`, but swaps the values with those of `taken`, which the consumer is done with. It
    /// is spared to drop them: the next post does, unless there is none for some time. A consumer that passes the same array
    /// again and again lets two arrays take turns, so that nothing is allocated.
    ///
    /// The mailbox is locked while values are dropped: what they do then must not come back to it.
    package func takeAll(into taken: inout [Element], timeoutMilliseconds: Int64?) {
        pthread_mutex_lock(mutex)
        var timeout = timeoutMilliseconds
        if taken.count > 0, mustWait {
            let pause = min(timeout ?? .max, Self.spentMilliseconds)
            wait(timeoutMilliseconds: pause)
            timeout = timeout.map { $0 - pause }
        }
        if mustWait {
            taken.removeAll(keepingCapacity: true)
            dropSpent()
            wait(timeoutMilliseconds: timeout)
        }
        if gathers, !closed {
            taken.removeAll(keepingCapacity: true)
        } else {
            dropSpent()
            swap(&elements, &taken)
            areSpent = true
            // No post will come.
            if closed { dropSpent() }
        }
        pthread_mutex_unlock(mutex)
    }

    /// How long what the consumer is done with may be kept while nothing is posted.
    private static var spentMilliseconds: Int64 { 100 }

    private var mustWait: Bool { !hasSomethingToTake && !closed }

    /// Refuses further posts. What is there can still be taken.
    package func close() {
        pthread_mutex_lock(mutex)
        closed = true
        dropSpent()
        pthread_mutex_unlock(mutex)
        pthread_cond_broadcast(condition)
    }

    /// Posts are refused for good.
    package var isClosed: Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return closed
    }

    /// The mailbox is closed and everything has been taken: the consumer's work is done.
    package var isFinished: Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return closed && (elements.isEmpty || areSpent)
    }

    private func wait(timeoutMilliseconds: Int64?) {
        defer { consumerWaits = false }
        guard let timeoutMilliseconds else {
            while !hasSomethingToTake, !closed {
                consumerWaits = true
                pthread_cond_wait(condition, mutex)
            }
            return
        }
        var deadline = timespec(monotonicMillisecondsFromNow: timeoutMilliseconds)
        while !hasSomethingToTake, !closed {
            consumerWaits = true
            if pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT { return }
        }
    }
}

extension timespec {
    /// A moment on CLOCK_MONOTONIC; a time too far away to be told is cut to a century.
    fileprivate init(monotonicMillisecondsFromNow milliseconds: Int64) {
        let century: Int64 = 3_155_760_000_000
        let nanoseconds = MonotonicTime.nanoseconds() + min(max(0, milliseconds), century) * 1_000_000
        self.init(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }
}
