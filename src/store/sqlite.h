/* Shared by the files of the SQLite engine. */
#ifndef SEN_STORE_SQLITE_H
#define SEN_STORE_SQLITE_H

#include "store/engine.h"

#include <sqlite3.h>

/* Statements of the engine itself, prepared with the connection. */
typedef enum Control {
    BEGIN_READ,
    BEGIN_WRITE,
    SAVEPOINT,
    RELEASE,
    ROLLBACK_TO,
    COMMIT,
    ROLLBACK,
    SPOIL,
    ANALYZE,
    CONTROLS
} Control;

typedef struct SqliteDb {
    Db db; /* first */
    sqlite3 *handle;
    sqlite3_stmt *control[CONTROLS];
} SqliteDb;

/* Opens a connection; `writing` ones may create the file. Raises. */
SqliteDb *sqlite_connect(Store *store, bool writing);
void sqlite_disconnect(Db *db);
/* SQLITE_OK or the extended error. */
int sqlite_control(SqliteDb *db, Control control);
/* What an error of SQLite means. `sql` may be NULL. */
void sqlite_fault(sqlite3 *handle, int rc, const char *sql, Fault *fault);

/* sqlite_backup.c */
void sqlite_copy(Store *store, const char *path);
char *sqlite_integrity(Store *store);

/* The writer thread: sqlite_writer.c. */
typedef struct SqliteWriter SqliteWriter;
SqliteWriter *sqlite_writer_start(Store *store); /* raises */
/* Returns when the queue has been closed and is empty. */
void sqlite_writer_join(SqliteWriter *writer);

#endif
