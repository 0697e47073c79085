// Lets the thread sanitizer see the mutexes of Swift's Synchronization. Scripts/sanitize loads it into the tests.
//
// A mutex that is free is locked by code that the compiler instruments. A thread that has to wait locks it inside of the
// library, by a futex, which the sanitizer does not see: it would report a race with whoever held the mutex before. The
// two functions of the library are replaced by ones that tell it, and then call the library's.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *mutex

typedef SWIFT void LockSlow(uint32_t thread, SELF);
typedef SWIFT void UnlockSlow(SELF);

// Of the sanitizer, which not every process has that this is loaded into.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

SWIFT void lock_slow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
SWIFT void unlock_slow(SELF) __asm__(UNLOCK_SLOW);

SWIFT void lock_slow(uint32_t thread, SELF) {
    LockSlow *library = dlsym(RTLD_NEXT, LOCK_SLOW);
    library(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void unlock_slow(SELF) {
    UnlockSlow *library = dlsym(RTLD_NEXT, UNLOCK_SLOW);
    if (__tsan_release) __tsan_release(mutex);
    library(mutex);
}
