#include "CFaultVFS.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

// MARK: Bytes

typedef struct Bytes {
    uint8_t *start;
    int64_t count;
    int64_t capacity;
} Bytes;

/// A test that runs out of memory has nothing left to say.
static void *grown(void *old, size_t size) {
    void *new = realloc(old, size);
    if (!new) abort();
    return new;
}

static void reserve(Bytes *bytes, int64_t count) {
    if (count <= bytes->capacity) return;
    bytes->capacity = count * 2;
    bytes->start = grown(bytes->start, (size_t)bytes->capacity);
}

static void resize(Bytes *bytes, int64_t count) {
    reserve(bytes, count);
    if (count > bytes->count) memset(bytes->start + bytes->count, 0, (size_t)(count - bytes->count));
    bytes->count = count;
}

static void put(Bytes *bytes, int64_t offset, const void *source, int64_t count) {
    if (count == 0) return;
    if (offset > bytes->count) resize(bytes, offset);
    reserve(bytes, offset + count);
    memcpy(bytes->start + offset, source, (size_t)count);
    if (offset + count > bytes->count) bytes->count = offset + count;
}

// MARK: Files and names

/// A write, or a truncation to `offset`.
typedef struct Edit {
    bool is_truncation;
    int64_t offset;
    /// Where the bytes stand among those of all edits.
    int64_t start;
    int64_t count;
} Edit;

typedef struct Handle Handle;

typedef struct Inode {
    int references;
    Bytes current;
    /// What has been synced, and the changes since.
    Bytes durable;
    Edit *edits;
    int edit_count, edit_capacity;
    Bytes edited;
    Handle *handles;
    void **regions;
    int region_count;
} Inode;

typedef struct Entry {
    char *name;
    Inode *inode;
} Entry;

/// Names in use, few: a database, its journal, its WAL.
typedef struct Directory {
    Entry *entries;
    int count, capacity;
} Directory;

struct FaultDisk {
    sqlite3_vfs vfs;
    /// One for the owner, one for each open file.
    int references;
    char *vfs_name;
    Directory names;
    Directory durable_names;
    /// Changes of `names` since the directory was synced, in their order; a NULL inode is a removal.
    Directory name_changes;
    uint64_t random;
    /// Rises with every restored power: files of an earlier one are dead.
    int epoch;
    bool is_off;
    bool is_paused;
    int64_t capacity;
    int64_t changes;
    int64_t cut_countdown;
    int failing_calls;
    int64_t failure_countdown;
    int failure_kind;
    bool failure_lasts;
    int64_t failures;
};

struct Handle {
    sqlite3_file base;
    FaultDisk *disk;
    Inode *inode;
    Handle *next;
    int epoch;
    int lock;
    int shared_slots, exclusive_slots;
    bool uses_shared_memory;
    bool is_read_only;
    /// The first sync is one of the directory too, as in SQLite's unix VFS for journals and WALs that may be new.
    bool syncs_directory;
    char *delete_on_close;
};

static uint64_t next_random(FaultDisk *disk) {
    disk->random += 0x9E3779B97F4A7C15u;
    uint64_t mixed = disk->random;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
}

static Inode *retain(Inode *inode) {
    if (inode) inode->references++;
    return inode;
}

static void forget_edits(Inode *inode) {
    inode->edit_count = 0;
    inode->edited.count = 0;
}

static void forget_regions(Inode *inode) {
    for (int index = 0; index < inode->region_count; index++) free(inode->regions[index]);
    free(inode->regions);
    inode->regions = NULL;
    inode->region_count = 0;
}

static void release(Inode *inode) {
    if (!inode || --inode->references > 0) return;
    forget_edits(inode);
    forget_regions(inode);
    free(inode->edits);
    free(inode->edited.start);
    free(inode->current.start);
    free(inode->durable.start);
    free(inode);
}

static Inode *new_inode(void) {
    Inode *inode = grown(NULL, sizeof(Inode));
    memset(inode, 0, sizeof(Inode));
    inode->references = 1;
    return inode;
}

static Entry *find(const Directory *directory, const char *name) {
    for (int index = 0; index < directory->count; index++) {
        if (strcmp(directory->entries[index].name, name) == 0) return &directory->entries[index];
    }
    return NULL;
}

static void append(Directory *directory, const char *name, Inode *inode) {
    if (directory->count == directory->capacity) {
        directory->capacity = directory->capacity * 2 + 4;
        directory->entries = grown(directory->entries, sizeof(Entry) * (size_t)directory->capacity);
    }
    char *copy = grown(NULL, strlen(name) + 1);
    strcpy(copy, name);
    directory->entries[directory->count++] = (Entry){copy, retain(inode)};
}

static void erase(Directory *directory, Entry *entry) {
    free(entry->name);
    release(entry->inode);
    *entry = directory->entries[--directory->count];
}

static void empty(Directory *directory) {
    while (directory->count > 0) erase(directory, &directory->entries[directory->count - 1]);
}

/// Gives a name to a file, or takes it away if `inode` is NULL.
static void set_name(Directory *directory, const char *name, Inode *inode) {
    Entry *entry = find(directory, name);
    if (entry) erase(directory, entry);
    if (inode) append(directory, name, inode);
}

static void change_name(FaultDisk *disk, const char *name, Inode *inode) {
    append(&disk->name_changes, name, inode);
    set_name(&disk->names, name, inode);
}

/// The first `count` changes of names become durable, the others are forgotten. A file system keeps their order.
static void settle_names(FaultDisk *disk, int count) {
    for (int index = 0; index < count; index++) {
        Entry *change = &disk->name_changes.entries[index];
        set_name(&disk->durable_names, change->name, change->inode);
    }
    empty(&disk->name_changes);
}

int64_t fault_disk_used(const FaultDisk *disk) {
    int64_t used = 0;
    for (int index = 0; index < disk->names.count; index++) used += disk->names.entries[index].inode->current.count;
    return used;
}

// MARK: What becomes of changes

static void add_edit(Inode *inode, bool is_truncation, int64_t offset, const void *bytes, int64_t count) {
    if (inode->edit_count == inode->edit_capacity) {
        inode->edit_capacity = inode->edit_capacity * 2 + 16;
        inode->edits = grown(inode->edits, sizeof(Edit) * (size_t)inode->edit_capacity);
    }
    int64_t start = inode->edited.count;
    put(&inode->edited, start, bytes, count);
    inode->edits[inode->edit_count++] = (Edit){is_truncation, offset, start, count};
}

static void apply(Inode *inode, const Edit *edit) {
    if (edit->is_truncation) {
        resize(&inode->durable, edit->offset);
    } else {
        put(&inode->durable, edit->offset, inode->edited.start + edit->start, edit->count);
    }
}

static bool holds(const Bytes *bytes, int64_t offset, const uint8_t *source, int64_t count) {
    return offset + count <= bytes->count && memcmp(bytes->start + offset, source, (size_t)count) == 0;
}

/// A write of which each sector has its own fate. Bytes beside the write are safe, as SQLite takes for granted
/// (https://sqlite.org/psow.html), and so are bytes written over themselves, in whatever part of the sector.
static void apply_torn(FaultDisk *disk, Inode *inode, const Edit *edit) {
    int64_t end = edit->offset + edit->count;
    for (int64_t start = edit->offset; start < end;) {
        int64_t stop = (start / 512 + 1) * 512;
        if (stop > end) stop = end;
        uint64_t fate = next_random(disk) % 8;
        const uint8_t *bytes = inode->edited.start + edit->start + (start - edit->offset);
        if (fate < 4) put(&inode->durable, start, bytes, stop - start);
        if (fate == 7 && !holds(&inode->durable, start, bytes, stop - start)) {
            uint8_t rubbish[512];
            for (int index = 0; index < 512; index++) rubbish[index] = (uint8_t)next_random(disk);
            put(&inode->durable, start, rubbish, stop - start);
        }
        start = stop;
    }
}

static void settle_edit(FaultDisk *disk, Inode *inode, const Edit *edit, int fate) {
    switch (fate) {
    case FAULT_FATE_ALL: apply(inode, edit); break;
    case FAULT_FATE_NONE: break;
    default:
        if (fate == FAULT_FATE_TORN && !edit->is_truncation && next_random(disk) % 2) {
            apply_torn(disk, inode, edit);
        } else if (next_random(disk) % 2) {
            apply(inode, edit);
        }
    }
}

static void settle(FaultDisk *disk, Inode *inode, int fate) {
    for (int index = 0; index < inode->edit_count; index++) settle_edit(disk, inode, &inode->edits[index], fate);
    forget_edits(inode);
}

static void replace(Directory *directory, Inode *old, Inode *new) {
    for (int index = 0; index < directory->count; index++) {
        Entry *entry = &directory->entries[index];
        if (entry->inode != old) continue;
        entry->inode = retain(new);
        release(old);
    }
}

/// Lets a file live on without those who have it open.
static void cut_off(FaultDisk *disk, Inode *old) {
    Inode *fresh = new_inode();
    retain(old);
    fresh->current = old->current;
    fresh->durable = old->durable;
    fresh->edits = old->edits;
    fresh->edit_count = old->edit_count;
    fresh->edit_capacity = old->edit_capacity;
    fresh->edited = old->edited;
    old->current = old->durable = old->edited = (Bytes){0};
    old->edits = NULL;
    old->edit_count = old->edit_capacity = 0;
    replace(&disk->names, old, fresh);
    replace(&disk->durable_names, old, fresh);
    replace(&disk->name_changes, old, fresh);
    release(old);
    release(fresh);
}

void fault_disk_kill(FaultDisk *disk) {
    const Directory *directories[] = {&disk->names, &disk->durable_names, &disk->name_changes};
    for (int which = 0; which < 3; which++) {
        for (int index = 0; index < directories[which]->count; index++) {
            Inode *inode = directories[which]->entries[index].inode;
            if (inode && inode->handles) cut_off(disk, inode);
        }
    }
    disk->epoch++;
}

void fault_disk_restore(FaultDisk *disk, int fate, uint64_t seed) {
    disk->random = seed;
    int changes = disk->name_changes.count;
    int kept = (int)(next_random(disk) % (uint64_t)(changes + 1));
    if (fate == FAULT_FATE_ALL) kept = changes;
    if (fate == FAULT_FATE_NONE) kept = 0;
    settle_names(disk, kept);
    empty(&disk->names);
    fault_disk_kill(disk);
    for (int index = 0; index < disk->durable_names.count; index++) {
        Entry *entry = &disk->durable_names.entries[index];
        settle(disk, entry->inode, fate);
        resize(&entry->inode->current, 0);
        put(&entry->inode->current, 0, entry->inode->durable.start, entry->inode->durable.count);
        append(&disk->names, entry->name, entry->inode);
    }
    disk->is_off = false;
    disk->cut_countdown = 0;
}

// MARK: Faults

/// Counts a call and tells how it has to fail. A power cut happens in the middle: the change may still be on its way.
static int fault(FaultDisk *disk, int call) {
    if (disk->is_paused) return FAULT_KIND_NONE;
    if (call & FAULT_CALLS_OF_CHANGE) {
        disk->changes++;
        if (disk->cut_countdown > 0 && --disk->cut_countdown == 0) disk->is_off = true;
    }
    if (!(disk->failing_calls & call) || disk->failure_countdown == 0) return FAULT_KIND_NONE;
    if (disk->failure_countdown > 1) {
        disk->failure_countdown--;
        return FAULT_KIND_NONE;
    }
    if (!disk->failure_lasts) disk->failure_countdown = 0;
    disk->failures++;
    return disk->failure_kind;
}

static bool is_dead(const Handle *file) { return file->disk->is_off || file->epoch != file->disk->epoch; }

void fault_disk_fail(FaultDisk *disk, int calls, int64_t nth, int kind, bool lasts) {
    disk->failing_calls = calls;
    disk->failure_countdown = nth;
    disk->failure_kind = kind;
    disk->failure_lasts = lasts;
}

void fault_disk_cut(FaultDisk *disk, int64_t nth) {
    disk->cut_countdown = nth;
    if (nth == 0) disk->is_off = true;
}

void fault_disk_pause(FaultDisk *disk, bool pauses) { disk->is_paused = pauses; }
int64_t fault_disk_failures(const FaultDisk *disk) { return disk->failures; }
int64_t fault_disk_changes(const FaultDisk *disk) { return disk->changes; }
bool fault_disk_is_off(const FaultDisk *disk) { return disk->is_off; }
void fault_disk_set_capacity(FaultDisk *disk, int64_t bytes) { disk->capacity = bytes; }

// MARK: Files, as SQLite sees them

static int vfs_close(sqlite3_file *base);

static int vfs_read(sqlite3_file *base, void *target, int count, sqlite3_int64 offset) {
    Handle *file = (Handle *)base;
    if (is_dead(file)) return SQLITE_IOERR_READ;
    if (fault(file->disk, FAULT_CALL_READ)) return SQLITE_IOERR_READ;
    int64_t there = file->inode->current.count - offset;
    if (there >= count) {
        memcpy(target, file->inode->current.start + offset, (size_t)count);
        return SQLITE_OK;
    }
    memset(target, 0, (size_t)count);
    if (there > 0) memcpy(target, file->inode->current.start + offset, (size_t)there);
    return SQLITE_IOERR_SHORT_READ;
}

static void write_bytes(Handle *file, const void *source, int64_t count, int64_t offset) {
    put(&file->inode->current, offset, source, count);
    add_edit(file->inode, false, offset, source, count);
}

static int vfs_write(sqlite3_file *base, const void *source, int count, sqlite3_int64 offset) {
    Handle *file = (Handle *)base;
    FaultDisk *disk = file->disk;
    if (is_dead(file)) return SQLITE_IOERR_WRITE;
    if (file->is_read_only) return SQLITE_READONLY;
    // The unix VFS does not write more at a time.
    if (count > 0x1ffff) return SQLITE_FULL;
    int kind = fault(disk, FAULT_CALL_WRITE);
    if (kind == FAULT_KIND_SHORT_WRITE) write_bytes(file, source, count / 2, offset);
    if (kind) return kind == FAULT_KIND_IO_ERROR ? SQLITE_IOERR_WRITE : SQLITE_FULL;
    int64_t growth = offset + count - file->inode->current.count;
    if (disk->capacity >= 0 && growth > 0) {
        int64_t missing = fault_disk_used(disk) + growth - disk->capacity;
        if (missing > 0) {
            if (missing < count) write_bytes(file, source, count - missing, offset);
            return SQLITE_FULL;
        }
    }
    write_bytes(file, source, count, offset);
    return disk->is_off ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

static int vfs_truncate(sqlite3_file *base, sqlite3_int64 size) {
    Handle *file = (Handle *)base;
    if (is_dead(file)) return SQLITE_IOERR_TRUNCATE;
    if (fault(file->disk, FAULT_CALL_TRUNCATE)) return SQLITE_IOERR_TRUNCATE;
    resize(&file->inode->current, size);
    add_edit(file->inode, true, size, NULL, 0);
    return file->disk->is_off ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

static int vfs_sync(sqlite3_file *base, int flags) {
    Handle *file = (Handle *)base;
    FaultDisk *disk = file->disk;
    if (is_dead(file)) return SQLITE_IOERR_FSYNC;
    int kind = fault(disk, FAULT_CALL_SYNC);
    if (disk->is_off) return SQLITE_IOERR_FSYNC;
    if (kind) {
        // As Linux does it: the pages count as clean from now on, whether they reached the disk or not, and the next
        // sync succeeds without them.
        settle(disk, file->inode, FAULT_FATE_SOME);
        return SQLITE_IOERR_FSYNC;
    }
    settle(disk, file->inode, FAULT_FATE_ALL);
    if (file->syncs_directory) settle_names(disk, disk->name_changes.count);
    file->syncs_directory = false;
    return SQLITE_OK;
}

static int vfs_file_size(sqlite3_file *base, sqlite3_int64 *size) {
    Handle *file = (Handle *)base;
    if (is_dead(file)) return SQLITE_IOERR_FSTAT;
    *size = file->inode->current.count;
    return SQLITE_OK;
}

static int vfs_lock(sqlite3_file *base, int level) {
    Handle *file = (Handle *)base;
    if (file->lock >= level) return SQLITE_OK;
    if (is_dead(file)) return SQLITE_IOERR_LOCK;
    int kind = fault(file->disk, FAULT_CALL_LOCK);
    if (kind) return kind == FAULT_KIND_BUSY ? SQLITE_BUSY : SQLITE_IOERR_LOCK;
    int highest = SQLITE_LOCK_NONE;
    for (Handle *other = file->inode->handles; other; other = other->next) {
        if (other != file && other->lock > highest) highest = other->lock;
    }
    if (highest >= (level == SQLITE_LOCK_SHARED ? SQLITE_LOCK_PENDING : SQLITE_LOCK_RESERVED)) return SQLITE_BUSY;
    if (level == SQLITE_LOCK_EXCLUSIVE && highest >= SQLITE_LOCK_SHARED) {
        file->lock = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
    }
    file->lock = level;
    return SQLITE_OK;
}

static int vfs_unlock(sqlite3_file *base, int level) {
    Handle *file = (Handle *)base;
    if (file->lock > level) file->lock = level;
    return SQLITE_OK;
}

static int vfs_check_reserved_lock(sqlite3_file *base, int *is_reserved) {
    Handle *file = (Handle *)base;
    *is_reserved = 0;
    for (Handle *other = file->inode->handles; other; other = other->next) {
        if (other->lock >= SQLITE_LOCK_RESERVED) *is_reserved = 1;
    }
    return SQLITE_OK;
}

static int vfs_file_control(sqlite3_file *base, int operation, void *argument) { return SQLITE_NOTFOUND; }
static int vfs_sector_size(sqlite3_file *base) { return 4096; }
static int vfs_device_characteristics(sqlite3_file *base) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

// MARK: Shared memory

static int vfs_shm_map(sqlite3_file *base, int region, int size, int extends, void volatile **address) {
    Handle *file = (Handle *)base;
    Inode *inode = file->inode;
    *address = NULL;
    if (is_dead(file)) return SQLITE_IOERR_SHMMAP;
    if (fault(file->disk, FAULT_CALL_SHARED_MEMORY)) return SQLITE_IOERR_SHMMAP;
    file->uses_shared_memory = true;
    if (region >= inode->region_count) {
        if (!extends) return SQLITE_OK;
        inode->regions = grown(inode->regions, sizeof(void *) * (size_t)(region + 1));
        while (inode->region_count <= region) {
            void *memory = grown(NULL, (size_t)size);
            memset(memory, 0, (size_t)size);
            inode->regions[inode->region_count++] = memory;
        }
    }
    *address = inode->regions[region];
    return SQLITE_OK;
}

static int vfs_shm_lock(sqlite3_file *base, int offset, int count, int flags) {
    Handle *file = (Handle *)base;
    int slots = ((1 << count) - 1) << offset;
    if (flags & SQLITE_SHM_UNLOCK) {
        file->shared_slots &= ~slots;
        file->exclusive_slots &= ~slots;
        return SQLITE_OK;
    }
    if (is_dead(file)) return SQLITE_IOERR_SHMLOCK;
    int kind = fault(file->disk, FAULT_CALL_LOCK);
    if (kind) return kind == FAULT_KIND_BUSY ? SQLITE_BUSY : SQLITE_IOERR_SHMLOCK;
    for (Handle *other = file->inode->handles; other; other = other->next) {
        if (other == file) continue;
        if (other->exclusive_slots & slots) return SQLITE_BUSY;
        if ((flags & SQLITE_SHM_EXCLUSIVE) && (other->shared_slots & slots)) return SQLITE_BUSY;
    }
    if (flags & SQLITE_SHM_EXCLUSIVE) {
        file->exclusive_slots |= slots;
    } else {
        file->shared_slots |= slots;
    }
    return SQLITE_OK;
}

static void vfs_shm_barrier(sqlite3_file *base) {}

static int vfs_shm_unmap(sqlite3_file *base, int deletes) {
    Handle *file = (Handle *)base;
    file->uses_shared_memory = false;
    file->shared_slots = 0;
    file->exclusive_slots = 0;
    for (Handle *other = file->inode->handles; other; other = other->next) {
        if (other->uses_shared_memory) return SQLITE_OK;
    }
    // The first to come starts with an empty index and recovers it from the WAL.
    forget_regions(file->inode);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_file_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_check_reserved_lock,
    .xFileControl = vfs_file_control,
    .xSectorSize = vfs_sector_size,
    .xDeviceCharacteristics = vfs_device_characteristics,
    .xShmMap = vfs_shm_map,
    .xShmLock = vfs_shm_lock,
    .xShmBarrier = vfs_shm_barrier,
    .xShmUnmap = vfs_shm_unmap,
};

// MARK: The VFS

static void let_go(FaultDisk *disk) {
    if (--disk->references > 0) return;
    empty(&disk->names);
    empty(&disk->durable_names);
    empty(&disk->name_changes);
    free(disk->names.entries);
    free(disk->durable_names.entries);
    free(disk->name_changes.entries);
    free(disk->vfs_name);
    free(disk);
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *flags_out) {
    FaultDisk *disk = vfs->pAppData;
    Handle *file = (Handle *)base;
    memset(file, 0, sizeof(Handle));
    if (disk->is_off) return SQLITE_CANTOPEN;
    if (fault(disk, FAULT_CALL_OPEN)) return SQLITE_CANTOPEN;
    Entry *entry = name ? find(&disk->names, name) : NULL;
    if (entry) {
        if (flags & SQLITE_OPEN_EXCLUSIVE) return SQLITE_CANTOPEN;
        file->inode = retain(entry->inode);
    } else {
        if (!(flags & SQLITE_OPEN_CREATE)) return SQLITE_CANTOPEN;
        file->inode = new_inode();
        if (name) change_name(disk, name, file->inode);
    }
    if (disk->is_off) {
        release(file->inode);
        return SQLITE_CANTOPEN;
    }
    if (name && (flags & SQLITE_OPEN_DELETEONCLOSE)) {
        file->delete_on_close = grown(NULL, strlen(name) + 1);
        strcpy(file->delete_on_close, name);
    }
    file->disk = disk;
    file->epoch = disk->epoch;
    file->is_read_only = flags & SQLITE_OPEN_READONLY;
    file->syncs_directory = (flags & SQLITE_OPEN_CREATE)
        && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL));
    file->next = file->inode->handles;
    file->inode->handles = file;
    file->base.pMethods = &methods;
    disk->references++;
    if (flags_out) *flags_out = flags;
    return SQLITE_OK;
}

static int vfs_close(sqlite3_file *base) {
    Handle *file = (Handle *)base;
    Handle **link = &file->inode->handles;
    while (*link != file) link = &(*link)->next;
    *link = file->next;
    if (file->delete_on_close) {
        if (!is_dead(file)) change_name(file->disk, file->delete_on_close, NULL);
        free(file->delete_on_close);
    }
    release(file->inode);
    let_go(file->disk);
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int syncs_directory) {
    FaultDisk *disk = vfs->pAppData;
    if (disk->is_off) return SQLITE_IOERR_DELETE;
    if (fault(disk, FAULT_CALL_DELETE)) return SQLITE_IOERR_DELETE;
    if (!find(&disk->names, name)) return SQLITE_IOERR_DELETE_NOENT;
    change_name(disk, name, NULL);
    if (disk->is_off) return SQLITE_IOERR_DELETE;
    if (syncs_directory) settle_names(disk, disk->name_changes.count);
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
    FaultDisk *disk = vfs->pAppData;
    if (disk->is_off) return SQLITE_IOERR_ACCESS;
    Entry *entry = find(&disk->names, name);
    // As in the unix VFS, an empty file counts as none: a journal of no bytes is not hot.
    *result = entry && (flags != SQLITE_ACCESS_EXISTS || entry->inode->current.count > 0);
    return SQLITE_OK;
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int count, char *target) {
    sqlite3_snprintf(count, target, "%s", name);
    return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int count, char *target) {
    FaultDisk *disk = vfs->pAppData;
    for (int index = 0; index < count; index++) target[index] = (char)next_random(disk);
    return count;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) { return microseconds; }

static int vfs_current_time(sqlite3_vfs *vfs, sqlite3_int64 *milliseconds) {
    // 2023-11-14 in milliseconds of the Julian day; nothing of ours asks.
    *milliseconds = INT64_C(212566836800000);
    return SQLITE_OK;
}

FaultDisk *fault_disk_create(const char *vfs_name, uint64_t seed) {
    // SQLite would count its memory under a mutex. Of no effect if SQLite is in use already.
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    FaultDisk *disk = grown(NULL, sizeof(FaultDisk));
    memset(disk, 0, sizeof(FaultDisk));
    disk->references = 1;
    disk->random = seed;
    disk->capacity = -1;
    disk->vfs_name = grown(NULL, strlen(vfs_name) + 1);
    strcpy(disk->vfs_name, vfs_name);
    disk->vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = sizeof(Handle),
        .mxPathname = 512,
        .zName = disk->vfs_name,
        .pAppData = disk,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_pathname,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTimeInt64 = vfs_current_time,
    };
    if (sqlite3_vfs_find(vfs_name) || sqlite3_vfs_register(&disk->vfs, 0) != SQLITE_OK) {
        let_go(disk);
        return NULL;
    }
    return disk;
}

void fault_disk_destroy(FaultDisk *disk) {
    sqlite3_vfs_unregister(&disk->vfs);
    let_go(disk);
}
