#include "CWriteCombining.h"

#include <string.h>

/// SQLite's VFS for Unix writes no more than 131071 bytes at a time.
enum { capacity = 65536 };

typedef struct CombiningFile {
    sqlite3_file methods;
    /// The file of the VFS below; it stands behind this structure.
    sqlite3_file *base;
    /// Bytes that belong at `offset` and have not been written yet.
    unsigned char *held;
    int held_count;
    sqlite3_int64 offset;
    /// How the writing of held bytes failed, which SQLite took for written; 0 once it writes from `lost_offset` on again.
    int lost_code;
    sqlite3_int64 lost_offset;
} CombiningFile;

static CombiningFile *combining(sqlite3_file *file) { return (CombiningFile *)file; }

static sqlite3_file *base_of(sqlite3_file *file) { return combining(file)->base; }

static int write_held(sqlite3_file *file) {
    CombiningFile *combined = combining(file);
    int count = combined->held_count;
    if (count == 0) return SQLITE_OK;
    combined->held_count = 0;
    int code = combined->base->pMethods->xWrite(combined->base, combined->held, count, combined->offset);
    if (code != SQLITE_OK) {
        combined->lost_code = code;
        combined->lost_offset = combined->offset;
    }
    return code;
}

/// Does something with the file below once it has all that was written.
#define AFTER_HELD(file, call)              \
    do {                                    \
        int code = write_held(file);        \
        if (code != SQLITE_OK) return code; \
        sqlite3_file *base = base_of(file); \
        return base->pMethods->call;        \
    } while (0)

// MARK: Methods of a file

static int file_close(sqlite3_file *file) {
    // What was not synced by now belongs to something that has failed. Another connection may have written to its place
    // since, so it must not be written any more.
    sqlite3_free(combining(file)->held);
    combining(file)->held = NULL;
    return base_of(file)->pMethods->xClose(base_of(file));
}

static int file_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    CombiningFile *combined = combining(file);
    if (combined->lost_code && offset + count > combined->lost_offset) return combined->lost_code;
    AFTER_HELD(file, xRead(base, bytes, count, offset));
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    CombiningFile *combined = combining(file);
    // A transaction must not be completed behind a gap. One that begins anew overwrites it.
    if (combined->lost_code && offset > combined->lost_offset) return combined->lost_code;
    combined->lost_code = SQLITE_OK;
    int follows = combined->held_count > 0 && offset == combined->offset + combined->held_count;
    if (!follows || combined->held_count + count > capacity) {
        int code = write_held(file);
        if (code != SQLITE_OK) return code;
        if (count > capacity) return combined->base->pMethods->xWrite(combined->base, bytes, count, offset);
        combined->offset = offset;
    }
    memcpy(combined->held + combined->held_count, bytes, (size_t)count);
    combined->held_count += count;
    return SQLITE_OK;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) { AFTER_HELD(file, xTruncate(base, size)); }

static int file_sync(sqlite3_file *file, int flags) { AFTER_HELD(file, xSync(base, flags)); }

static int file_size(sqlite3_file *file, sqlite3_int64 *size) { AFTER_HELD(file, xFileSize(base, size)); }

static int file_lock(sqlite3_file *file, int level) { return base_of(file)->pMethods->xLock(base_of(file), level); }

static int file_unlock(sqlite3_file *file, int level) { return base_of(file)->pMethods->xUnlock(base_of(file), level); }

static int file_check_reserved_lock(sqlite3_file *file, int *result) {
    return base_of(file)->pMethods->xCheckReservedLock(base_of(file), result);
}

static int file_control(sqlite3_file *file, int operation, void *argument) {
    AFTER_HELD(file, xFileControl(base, operation, argument));
}

static int file_sector_size(sqlite3_file *file) { return base_of(file)->pMethods->xSectorSize(base_of(file)); }

static int file_device_characteristics(sqlite3_file *file) {
    return base_of(file)->pMethods->xDeviceCharacteristics(base_of(file));
}

/// Version 1: a WAL has no shared memory of its own, and memory-mapped reading would pass by what is held.
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_device_characteristics,
};

// MARK: Methods of the VFS

/// The VFS below, found by its name each time: it may be another one of the same name by now.
static sqlite3_vfs *below(sqlite3_vfs *vfs) { return sqlite3_vfs_find(vfs->pAppData); }

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags) {
    sqlite3_vfs *base = below(vfs);
    if (!base) return SQLITE_CANTOPEN;
    if (!(flags & SQLITE_OPEN_WAL)) return base->xOpen(base, name, file, flags, out_flags);
    CombiningFile *combined = combining(file);
    memset(combined, 0, sizeof *combined);
    combined->held = sqlite3_malloc(capacity);
    if (!combined->held) return SQLITE_NOMEM;
    combined->base = (sqlite3_file *)(combined + 1);
    int code = base->xOpen(base, name, combined->base, flags, out_flags);
    if (code == SQLITE_OK) {
        combined->methods.pMethods = &methods;
        return SQLITE_OK;
    }
    // Methods that an xOpen has left are called upon to close, whatever it returned. https://sqlite.org/c3ref/vfs.html
    if (combined->base->pMethods) combined->base->pMethods->xClose(combined->base);
    sqlite3_free(combined->held);
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory) {
    return below(vfs)->xDelete(below(vfs), name, sync_directory);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
    return below(vfs)->xAccess(below(vfs), name, flags, result);
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int count, char *full) {
    return below(vfs)->xFullPathname(below(vfs), name, count, full);
}

static int vfs_randomness(sqlite3_vfs *vfs, int count, char *bytes) {
    return below(vfs)->xRandomness(below(vfs), count, bytes);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) { return below(vfs)->xSleep(below(vfs), microseconds); }

static int vfs_current_time(sqlite3_vfs *vfs, double *time) { return below(vfs)->xCurrentTime(below(vfs), time); }

static int vfs_get_last_error(sqlite3_vfs *vfs, int count, char *text) {
    return below(vfs)->xGetLastError ? below(vfs)->xGetLastError(below(vfs), count, text) : 0;
}

static const char prefix[] = "write-combining-";

int write_combining_register(const char *base_name, const char **name) {
    sqlite3_vfs *base = sqlite3_vfs_find(base_name);
    if (!base) return SQLITE_ERROR;
    char *own_name = sqlite3_mprintf("%s%s", prefix, base->zName);
    if (!own_name) return SQLITE_NOMEM;
    sqlite3_vfs *registered = sqlite3_vfs_find(own_name);
    if (registered) {
        sqlite3_free(own_name);
        *name = registered->zName;
        return SQLITE_OK;
    }
    // Lives as long as the process: a connection that is open may use it at any time.
    sqlite3_vfs *vfs = sqlite3_malloc(sizeof *vfs);
    if (!vfs) return SQLITE_NOMEM;
    memset(vfs, 0, sizeof *vfs);
    vfs->iVersion = 1;
    vfs->szOsFile = (int)sizeof(CombiningFile) + base->szOsFile;
    vfs->mxPathname = base->mxPathname;
    vfs->zName = own_name;
    vfs->pAppData = own_name + sizeof prefix - 1;
    vfs->xOpen = vfs_open;
    vfs->xDelete = vfs_delete;
    vfs->xAccess = vfs_access;
    vfs->xFullPathname = vfs_full_pathname;
    vfs->xRandomness = vfs_randomness;
    vfs->xSleep = vfs_sleep;
    vfs->xCurrentTime = vfs_current_time;
    vfs->xGetLastError = vfs_get_last_error;
    *name = own_name;
    return sqlite3_vfs_register(vfs, 0);
}
