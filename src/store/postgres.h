/* Shared by the files of the PostgreSQL engine. */
#ifndef SEN_STORE_POSTGRES_H
#define SEN_STORE_POSTGRES_H

#include "store/engine.h"

#include <libpq-fe.h>

typedef struct PostgresDb {
    Db db;          /* first */
    PGconn *conn;   /* NULL: not connected (yet, or any more) */
    unsigned names; /* of statements and cursors given out so far */
    uint64_t key;   /* of the last conflict: a digest of constraint and values; 0: no conflict */
    char xact[24];  /* the number of the write transaction */
} PostgresDb;

PostgresDb *postgres_db(Store *store, bool writing); /* not connected yet; raises for memory only */
/* Connects anew when the connection is missing or lost. Raises FAULT_STORE. */
void postgres_connect(PostgresDb *db);
void postgres_disconnect(Db *db);
/* Begins, connecting first if need be, and once more when the connection turns out to be dead. Raises. */
void postgres_begin(Db *db, Mode mode);
void postgres_rollback(PostgresDb *db);
/* What a failed result means. `sql` may be NULL. Does not free it. */
void postgres_fault(PostgresDb *db, const PGresult *result, const char *sql, Fault *fault);

typedef struct PostgresWriters PostgresWriters;
PostgresWriters *postgres_writers_start(Store *store); /* raises */
void postgres_writers_join(PostgresWriters *writers);

#endif
