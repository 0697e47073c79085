#include <sqlite3.h>

/// A SQLite VFS over another one that hands writes which follow each other in a WAL down as one.
///
/// SQLite writes two calls a page into the WAL; to the system most of a call's price is the call. What is held back is
/// written before anything else is done with the file, at the latest when it is synced. Only what is synced before
/// others may look at it can stand this: connections must have `synchronous=FULL`, with which SQLite syncs the WAL
/// before it tells other connections of a commit (https://sqlite.org/wal.html). The database itself is written through:
/// other connections may read its pages before a checkpoint has synced them.
///
/// A write that was held back and fails is reported by the call that needed it, usually the sync.

/// Registers the VFS over the one of the given name, or over the default one if that is NULL, and stores its name in
/// `name`; once for each, later calls find it registered. Returns an SQLite result code.
int write_combining_register(const char *base_name, const char **name);
