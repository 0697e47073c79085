#ifndef HOLDFAST_FAULT_VFS_H
#define HOLDFAST_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

/// A SQLite VFS in memory whose disk fails on demand, in the manner of SQLite's own test6.c. For tests only.
///
/// Files are what a file system promises and no more: what was written is read back at once, but only a sync makes it
/// survive a power cut, and only a sync of the directory the names of files. For one thread at a time.
typedef struct FaultDisk FaultDisk;

/// Kinds of calls, as bits.
enum {
    FAULT_CALL_OPEN = 1,
    FAULT_CALL_READ = 2,
    FAULT_CALL_WRITE = 4,
    FAULT_CALL_SYNC = 8,
    FAULT_CALL_TRUNCATE = 16,
    FAULT_CALL_DELETE = 32,
    FAULT_CALL_LOCK = 64,
    FAULT_CALL_SHARED_MEMORY = 128,
    /// What changes the disk.
    FAULT_CALLS_OF_CHANGE = 1 | 4 | 8 | 16 | 32,
};

/// How a call fails.
enum {
    FAULT_KIND_NONE = 0,
    FAULT_KIND_IO_ERROR = 1,
    /// Of writes: nothing is written, there is no room.
    FAULT_KIND_DISK_FULL = 2,
    /// Of writes: a part is written, then there is no room.
    FAULT_KIND_SHORT_WRITE = 3,
    /// Of locks: someone else holds it.
    FAULT_KIND_BUSY = 4,
};

/// What a power cut leaves of changes that were not synced.
enum {
    FAULT_FATE_ALL = 0,
    FAULT_FATE_NONE = 1,
    /// Each write and truncation arrived or did not.
    FAULT_FATE_SOME = 2,
    /// Each sector of 512 bytes arrived, did not, or holds rubbish.
    FAULT_FATE_TORN = 3,
};

/// Makes an empty disk and registers its VFS. NULL if the name is taken or memory is short.
FaultDisk *fault_disk_create(const char *vfs_name, uint64_t seed);

/// Unregisters the VFS; the memory goes with the last open file.
void fault_disk_destroy(FaultDisk *disk);

/// Lets the `nth` call from now (1 is the next) of these kinds fail, and every later one too if `lasts`.
/// `nth` 0 ends all failing.
void fault_disk_fail(FaultDisk *disk, int calls, int64_t nth, int kind, bool lasts);

/// While paused, calls neither fail on demand nor are counted.
void fault_disk_pause(FaultDisk *disk, bool pauses);

/// Calls that have failed on demand.
int64_t fault_disk_failures(const FaultDisk *disk);

/// Cuts the power at the `nth` call from now that changes the disk; 0 is now. The call's own change is one of those
/// that may arrive or not. Without power every call fails.
void fault_disk_cut(FaultDisk *disk, int64_t nth);

/// Whether there is no power.
bool fault_disk_is_off(const FaultDisk *disk);

/// Settles what has become of unsynced changes and lets files be opened again. Files open until now stay dead.
void fault_disk_restore(FaultDisk *disk, int fate, uint64_t seed);

/// The process that has files open dies: those files stay dead, and with them the shared memory. What was written is
/// there, synced or not.
void fault_disk_kill(FaultDisk *disk);

/// Bytes that all files together may hold; negative is no limit.
void fault_disk_set_capacity(FaultDisk *disk, int64_t bytes);

/// Bytes that all files together hold.
int64_t fault_disk_used(const FaultDisk *disk);

/// Calls so far that change the disk.
int64_t fault_disk_changes(const FaultDisk *disk);

#endif
