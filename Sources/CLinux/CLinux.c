#define _GNU_SOURCE

#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_accept(int listener, struct sockaddr *address, socklen_t *length) {
    return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int clinux_pipe(int descriptors[2]) {
    return pipe2(descriptors, O_CLOEXEC);
}

void clinux_name_this_thread(const char *name) {
    char short_name[16];
    strncpy(short_name, name, sizeof short_name - 1);
    short_name[sizeof short_name - 1] = '\0';
    pthread_setname_np(pthread_self(), short_name);
}

int clinux_signalfd(int first, int second) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, first);
    sigaddset(&set, second);
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (error != 0) {
        errno = error;
        return -1;
    }
    return signalfd(-1, &set, SFD_CLOEXEC);
}

void clinux_ignore_sigpipe(void) {
    signal(SIGPIPE, SIG_IGN);
}

void clinux_return_large_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
}

void clinux_return_freed_memory(void) {
    malloc_trim(0);
}

int64_t clinux_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return -1;
    }
    rlim_t soft = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return (int64_t)soft;
    }
    return (int64_t)limit.rlim_cur;
}

int clinux_flush(int descriptor, int64_t offset, int64_t count) {
    return sync_file_range(
        descriptor, offset, count,
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

void clinux_yield_to_others(void) {
    // On Linux both hold for the thread alone; whether they work or not, nothing depends on it.
    setpriority(PRIO_PROCESS, 0, 19);
    // ioprio_set(IOPRIO_WHO_PROCESS, this thread, best effort, lowest); the C library has no name for it.
    syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 7);
}

void clinux_wake_exactly(void) {
    // Cannot fail for a positive number of nanoseconds (prctl(2)).
    prctl(PR_SET_TIMERSLACK, 1UL);
}
