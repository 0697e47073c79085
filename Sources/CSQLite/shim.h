#include <sqlite3.h>

/// `sqlite3_db_config` takes variable arguments, which Swift cannot pass.
/// https://sqlite.org/c3ref/c_dbconfig_defensive.html#sqlitedbconfignockptonclose
static inline int csqlite_keep_wal_on_close(sqlite3 *connection, int keep) {
    return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep, (int *)0);
}

/// `sqlite3_config` takes variable arguments too. The statistics cost a mutex for each piece of memory; nothing here reads
/// them. https://sqlite.org/c3ref/c_config_covering_index_scan.html#sqliteconfigmemstatus
static inline int csqlite_keep_no_memory_statistics(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }
