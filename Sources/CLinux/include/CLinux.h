/// What Swift's Glibc module lacks: epoll, eventfd, signalfd and the calls hidden behind _GNU_SOURCE.

#ifndef CLINUX_H
#define CLINUX_H

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

/// `accept4` with SOCK_NONBLOCK and SOCK_CLOEXEC.
int clinux_accept(int listener, struct sockaddr *address, socklen_t *length);

/// `pipe2` with O_CLOEXEC.
int clinux_pipe(int descriptors[2]);

/// Names the calling thread; the kernel keeps at most 15 bytes, the rest is cut off.
void clinux_name_this_thread(const char *name);

/// Blocks `first` and `second` in the calling thread (and the threads it starts later) and returns a signalfd for
/// them, or -1 with errno set.
int clinux_signalfd(int first, int second);

/// `signal(SIGPIPE, SIG_IGN)`; SIG_IGN is a cast that Swift cannot import.
void clinux_ignore_sigpipe(void);

/// Memory in pieces of 256 KiB and more goes back to the system when it is freed. By itself glibc keeps it once it has seen
/// some, for the next of that size, and pieces in between are in its way (mallopt(3), M_MMAP_THRESHOLD).
void clinux_return_large_memory(void);

/// Freed memory goes back to the system as far as it makes up whole pages: `malloc_trim(0)`.
void clinux_return_freed_memory(void);

/// The soft limit of open descriptors is raised to the hard limit. Returns the limit that holds now, or -1.
int64_t clinux_raise_descriptor_limit(void);

/// Sends a part of a file to the disk and waits for it: `sync_file_range`.
int clinux_flush(int descriptor, int64_t offset, int64_t count);

/// Lets the calling thread have the processor and the disk only when nobody else wants them.
void clinux_yield_to_others(void);

/// Timeouts of the calling thread end within microseconds of their time; by itself Linux lets them be 50 µs late.
void clinux_wake_exactly(void);

#endif
