/* The relational store: one API, two engines (SQLite by default, PostgreSQL to scale).
 *
 * All work happens in a transaction, and a transaction is a function:
 *   - a read transaction sees one unchanging snapshot: store_read_begin() … store_read_end();
 *   - a write transaction is a WriteFn given to store_write(). It may be run more than once (PostgreSQL:
 *     serialisation failures; SQLite: a neighbour met a full disk), so it must not do anything that cannot be
 *     undone except through the Db. `done` is called only when the commit is on disk.
 *
 * On SQLite one writer thread runs the queued WriteFns one after another, each in a savepoint, and commits
 * them together: one fsync serves all of them (group commit). On PostgreSQL each runs on a connection of its
 * own, serialisable.
 *
 * SQL is one portable dialect. Parameters are ?1, ?2 …; types in migrations are bigint, integer, text,
 * boolean, double precision, bytea, jsonb, and `id bigint primary key`. Upsert (on conflict … do update),
 * returning, ->>, window functions and CTEs exist in both engines. What differs (full text, partitions)
 * belongs into a platform service, never into a solution.
 *
 * What goes wrong raises a fault (base/fault.h): FAULT_CONFLICT for a unique key or a reference, FAULT_STORE
 * for disk or connection, FAULT_INTERNAL for wrong SQL. A transaction in which a statement failed can only be
 * undone, also when somebody caught the fault: every further statement raises it again. Values returned live
 * in the current arena. */
#ifndef SEN_STORE_STORE_H
#define SEN_STORE_STORE_H

#include "base/fault.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Store Store;
typedef struct Db Db; /* one open transaction; used by one thread at a time */

typedef enum Engine { ENGINE_SQLITE, ENGINE_POSTGRES } Engine;

typedef struct StoreOptions {
    const char *url; /* "sqlite:PATH", "postgresql://…" or "host=… dbname=…" */
    int readers;     /* read connections (SQLite) or pool size (PostgreSQL); 0: twice the processors */
    int slow_ms;     /* statements slower than this are logged; 0: never */
} StoreOptions;

/* Opens, creating an SQLite file that is missing. Raises FAULT_STORE. Owned by the caller until
 * store_close(). */
Store *store_open(const StoreOptions *options);
/* Waits for running transactions, refuses new ones. */
void store_close(Store *store);
Engine store_engine(const Store *store);

typedef struct StoreStats {
    int64_t reads, writes, commits, retries, queries, busy_us;
} StoreStats;
StoreStats store_stats(const Store *store);

/* Copies the whole SQLite database, as of now, into a new file, while work goes on (backup API); PostgreSQL:
 * raises FAULT_STORE. */
void store_backup(Store *store, const char *path);
/* The engine's own check of its files ("" when sound, else its complaint). */
char *store_integrity(Store *store);

/* ---- Transactions ---- */

Db *store_read_begin(Store *store);
void store_read_end(Db *db);

typedef void WriteFn(Db *db, void *argument);
/* Called on a store thread once durable (fault NULL) or given up (fault says why; nothing of it stands). Must
 * be quick. One fault says less: FAULT_STORE "store.unknown", when disk or server broke at the commit and
 * cannot be asked: the write may stand. */
typedef void DoneFn(void *argument, const Fault *fault);

/* Queues a write. `argument` must live until `done` has been called. The WriteFn sets the arena it works in
 * itself (arena_use); the store restores its own afterwards. */
void store_write(Store *store, WriteFn *write, DoneFn *done, void *argument);

/* Does it and waits, in the caller's arena. Raises what the write raised. Never from inside a transaction. */
void store_write_wait(Store *store, WriteFn *write, void *argument);

/* Inside a WriteFn: undo everything that this transaction did, but let it end in order (a refusal is an
 * ordinary answer). */
void db_reject(Db *db);
bool db_rejected(const Db *db);

/* Called after this transaction's commit is durable (not if it is undone), on a store thread, in order.
 * `argument` is not arena memory. */
void db_after_commit(Db *db, void (*call)(void *argument), void *argument);

/* The number of this run of a write, never 0; 0 in a read. What was remembered of rows in one run holds in no
 * other: it may have been undone. */
int64_t db_run(const Db *db);
bool db_writable(const Db *db);
Engine db_engine(const Db *db);
Store *db_store(const Db *db);
/* For the request log: statements run in this transaction and the microseconds they took. */
int64_t db_queries(const Db *db);
int64_t db_time_us(const Db *db);

/* ---- Parameters ---- */

typedef enum ValueType {
    VALUE_END,
    VALUE_NULL,
    VALUE_INT,
    VALUE_REAL,
    VALUE_BOOL,
    VALUE_TEXT,
    VALUE_BYTES,
    VALUE_JSON
} ValueType;

typedef struct Value {
    ValueType type;
    int64_t i; /* also: of a null, the type that it would have had */
    double r;
    const void *at;
    size_t size;
} Value;

Value I(int64_t i);
Value R(double r);
Value B(bool b);
Value T(const char *text); /* NULL becomes SQL null */
Value X(const void *bytes, size_t size);
Value J(Json json);    /* as text of a jsonb column; NULL becomes SQL null */
Value N(void);         /* null */
Value ID(int64_t key); /* a key or reference; 0 becomes SQL null */

#define VALUES(...) ((const Value[]){ __VA_ARGS__ __VA_OPT__(, ){ .type = VALUE_END } })

/* ---- Queries: JSON rows, for view models ----
 * Column → member of the same name. Columns "id" and "…_id" become decimal strings, jsonb columns parsed
 * JSON, boolean ones true/false, bytea ones base64, null null. */
#define db_row(db, sql, ...)  db_row_values((db), (sql), VALUES(__VA_ARGS__))  /* first row, or NULL */
#define db_rows(db, sql, ...) db_rows_values((db), (sql), VALUES(__VA_ARGS__)) /* all rows, never NULL */
#define db_int(db, sql, ...)                                                                                 \
    db_int_values((db), (sql), VALUES(__VA_ARGS__)) /* first column of first row, or 0 */
#define db_text(db, sql, ...)                                                                                \
    db_text_values((db), (sql), VALUES(__VA_ARGS__))                           /* the same as text, or NULL  \
                                                                                */
#define db_exec(db, sql, ...) db_exec_values((db), (sql), VALUES(__VA_ARGS__)) /* rows changed */
Json db_row_values(Db *db, const char *sql, const Value *values);
Json db_rows_values(Db *db, const char *sql, const Value *values);
int64_t db_int_values(Db *db, const char *sql, const Value *values);
char *db_text_values(Db *db, const char *sql, const Value *values);
int64_t db_exec_values(Db *db, const char *sql, const Value *values);

/* Rows one by one without keeping them: for exports and verification. Stops when `each` returns false.
 * The row is valid only during the call. */
typedef bool RowFn(Json row, void *argument);
void db_each(Db *db, const char *sql, const Value *values, RowFn *each, void *argument);

/* ---- Queries: typed rows, for rules ----
 * A struct is described once by a table of fields; nothing is copied by hand. */
typedef enum FieldType {
    FIELD_END,
    FIELD_INT,
    FIELD_REAL,
    FIELD_BOOL,
    FIELD_TEXT,
    FIELD_JSON,
    FIELD_ID
} FieldType;

typedef struct Field {
    const char *name; /* column */
    FieldType type;   /* int64_t, double, bool, const char *, Json, int64_t (0 ↔ null) */
    size_t offset;
} Field;

#define FIELD(type, struct_name, member)                                                                     \
    {                                                                                                        \
#member, FIELD_##type, offsetof(struct_name, member)                                                 \
    }

/* Fills `out` from the first row of a query whose columns include the fields' names (others are ignored);
 * false when there is none. */
#define db_get(db, fields, out, sql, ...) db_get_values((db), (fields), (out), (sql), VALUES(__VA_ARGS__))
bool db_get_values(Db *db, const Field *fields, void *out, const char *sql, const Value *values);
/* All rows as an array of structs of `size` bytes in the arena; returns the count. */
#define db_all(db, fields, size, out, sql, ...)                                                              \
    db_all_values((db), (fields), (size), (out), (sql), VALUES(__VA_ARGS__))
size_t db_all_values(Db *db, const Field *fields, size_t size, void *out, const char *sql,
                     const Value *values);
/* insert into table (fields…) values (…). */
void db_insert(Db *db, const char *table, const Field *fields, const void *row);
/* update table set (all fields but id) where id = …; rows changed. */
int64_t db_update(Db *db, const char *table, const Field *fields, const void *row);

/* The same for the fields alone that differ from `before`: an index is written only when one of its columns
 * is named. 0, and no statement, when nothing differs. */
int64_t db_update_changed(Db *db, const char *table, const Field *fields, const void *before,
                          const void *row);

/* A comma-separated list of the fields' columns, each with `prefix` before it ("d."). */
char *field_columns(const Field *fields, const char *prefix);

/* ---- Migrations ----
 * Each is applied once, in the given order, in one transaction with its record in table `schema_migration`
 * (name, sha256, applied_at). A file that changed after it was applied raises FAULT_STORE
 * "store.migration.changed". Statements are separated by ';' at line ends. A block between lines "-- engine:
 * sqlite" (or postgres) and "-- engine: all" is for that engine only. */
typedef struct Migration {
    const char *name; /* "procedures/0001-dossiers" */
    const char *sql;
} Migration;

void store_migrate(Store *store, const Migration *migrations, size_t count);
/* How many of them are still to be applied. */
size_t store_pending(Store *store, const Migration *migrations, size_t count);

#endif
