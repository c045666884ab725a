/* The SQLite engine: connections, statements, and what its errors mean.
 *
 * Every connection runs in WAL mode with synchronous=FULL: a commit has been fsynced when it returns. Where
 * SQLite is laxer than PostgreSQL it is told to be as strict: LIKE minds case, double quotes are for names
 * only, text must be valid UTF-8. */
#include "store/sqlite.h"
#include "base/arena.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

typedef struct SqliteStatement {
    Statement head; /* first */
    sqlite3_stmt *handle;
    int64_t changes_before;
} SqliteStatement;

static SqliteDb *of(Db *db)
{
    return (SqliteDb *)db;
}

static SqliteStatement *stmt(Statement *statement)
{
    return (SqliteStatement *)statement;
}

/* ---- Errors ---- */

typedef struct Meaning {
    int code, mask; /* extended codes have their kind in the low byte */
    FaultKind kind;
    const char *name;
} Meaning;

static const Meaning meanings[] = {
    { SQLITE_CONSTRAINT_UNIQUE, -1, FAULT_CONFLICT, "store.unique" },
    { SQLITE_CONSTRAINT_PRIMARYKEY, -1, FAULT_CONFLICT, "store.unique" },
    { SQLITE_CONSTRAINT_ROWID, -1, FAULT_CONFLICT, "store.unique" },
    { SQLITE_CONSTRAINT_FOREIGNKEY, -1, FAULT_CONFLICT, "store.reference" },
    { SQLITE_CONSTRAINT_NOTNULL, -1, FAULT_CONFLICT, "store.not-null" },
    { SQLITE_CONSTRAINT_TRIGGER, -1, FAULT_CONFLICT, "store.refused" },
    { SQLITE_CONSTRAINT, 0xff, FAULT_CONFLICT, "store.check" },
    { SQLITE_NOMEM, 0xff, FAULT_MEMORY, "store.memory" },
    { SQLITE_FULL, 0xff, FAULT_STORE, "store.full" },
    { SQLITE_IOERR_NOMEM, -1, FAULT_MEMORY, "store.memory" },
    { SQLITE_IOERR, 0xff, FAULT_STORE, "store.io" },
    { SQLITE_CORRUPT, 0xff, FAULT_STORE, "store.corrupt" },
    { SQLITE_NOTADB, 0xff, FAULT_STORE, "store.corrupt" },
    { SQLITE_CANTOPEN, 0xff, FAULT_STORE, "store.open" },
    { SQLITE_BUSY, 0xff, FAULT_STORE, "store.busy" },
    { SQLITE_LOCKED, 0xff, FAULT_STORE, "store.busy" },
    { SQLITE_PROTOCOL, 0xff, FAULT_STORE, "store.busy" },
    { SQLITE_TOOBIG, 0xff, FAULT_LIMIT, "store.size" },
    { 0, 0, FAULT_INTERNAL, "store.sql" },
};

void sqlite_fault(sqlite3 *handle, int rc, const char *sql, Fault *fault)
{
    const Meaning *meaning = meanings;
    while ((rc & meaning->mask) != meaning->code)
        meaning++;
    fault->kind = meaning->kind;
    snprintf(fault->code, sizeof fault->code, "%s", meaning->name);
    snprintf(fault->message, sizeof fault->message, "%.200s (%d)%s%.250s",
             handle ? sqlite3_errmsg(handle) : sqlite3_errstr(rc), rc, sql ? " in: " : "", sql ? sql : "");
}

static _Noreturn void fail(Db *db, int rc, const char *sql)
{
    Fault fault;
    sqlite_fault(of(db)->handle, rc, sql, &fault);
    statement_failed(db, &fault);
}

static _Noreturn void misuse(Db *db, const char *code, const char *what, const char *sql)
{
    Fault fault = { .kind = FAULT_INTERNAL };
    snprintf(fault.code, sizeof fault.code, "%s", code);
    snprintf(fault.message, sizeof fault.message, "%s in: %.400s", what, sql);
    statement_failed(db, &fault);
}

/* ---- Connections ---- */

/* The writer's cache is large because it walks every index; readers share the operating system's through
 * mmap. */
static const char common_settings[] =
    "pragma busy_timeout = 10000;"
    "pragma synchronous = full;"
    "pragma foreign_keys = on;"
    "pragma case_sensitive_like = on;"
    "pragma trusted_schema = off;"
    "pragma temp_store = memory;" /* what savepoints keep to undo; else a file as soon as it is more than 64
                                     KB */
    "pragma mmap_size = 1073741824;"
    "pragma journal_size_limit = 67108864;"
    "pragma wal_autocheckpoint = 0;"; /* the writer does it between batches */
static const char writer_settings[] =
    "pragma journal_mode = wal; pragma cache_size = -32768; pragma analysis_limit = 400;";
static const char reader_settings[] = "pragma query_only = on; pragma cache_size = -8192;";

static const char *const controls[CONTROLS] = {
    [BEGIN_READ] = "begin",  [BEGIN_WRITE] = "begin immediate",   [SAVEPOINT] = "savepoint w",
    [RELEASE] = "release w", [ROLLBACK_TO] = "rollback to w",     [COMMIT] = "commit",
    [ROLLBACK] = "rollback", [SPOIL] = "pragma user_version = 1", [ANALYZE] = "analyze",
};

static int open_handle(SqliteDb *db, bool writing)
{
    const char *path = db->db.store->url + strlen("sqlite:");
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (writing ? SQLITE_OPEN_CREATE : 0);
    int rc = sqlite3_open_v2(path, &db->handle, flags, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        if (writing) /* what its statements need while they run comes from here, not from malloc() */
            sqlite3_db_config(db->handle, SQLITE_DBCONFIG_LOOKASIDE, NULL, 1200, 400);
        rc = sqlite3_exec(db->handle, common_settings, NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db->handle, writing ? writer_settings : reader_settings, NULL, NULL, NULL);
    for (int i = 0; rc == SQLITE_OK && i < CONTROLS; i++)
        rc =
            sqlite3_prepare_v3(db->handle, controls[i], -1, SQLITE_PREPARE_PERSISTENT, &db->control[i], NULL);
    return rc;
}

static void close_handle(SqliteDb *db)
{
    for (int i = 0; i < CONTROLS; i++)
        sqlite3_finalize(db->control[i]);
    sqlite3_close(db->handle);
    heap_free(db);
}

SqliteDb *sqlite_connect(Store *store, bool writing)
{
    SqliteDb *db = heap_alloc(sizeof *db);
    db->db.store = store;
    db->db.calls = store->calls;
    db->db.writable = writing;
    db->db.epoch = atomic_load(&store->epoch);
    int rc = open_handle(db, writing);
    if (rc != SQLITE_OK) {
        Fault fault;
        sqlite_fault(db->handle, rc, NULL, &fault);
        close_handle(db);
        raise_again(&fault);
    }
    return db;
}

void sqlite_disconnect(Db *db)
{
    db_forget(db);
    close_handle(of(db));
}

int sqlite_control(SqliteDb *db, Control control)
{
    int rc = sqlite3_step(db->control[control]);
    sqlite3_reset(db->control[control]);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static Db *connect_reader(Store *store)
{
    return &sqlite_connect(store, false)->db;
}

static void begin(Db *db, Mode mode)
{
    int rc = sqlite_control(of(db), mode == MODE_READ ? BEGIN_READ : BEGIN_WRITE);
    Fault fault;
    if (rc == SQLITE_OK)
        return;
    sqlite_fault(of(db)->handle, rc, NULL, &fault);
    raise_again(&fault);
}

static void end_read(Db *db)
{
    if (sqlite_control(of(db), COMMIT) != SQLITE_OK && !sqlite3_get_autocommit(of(db)->handle))
        sqlite_control(of(db), ROLLBACK);
}

/* ---- Statements ---- */

static void prepare(Db *db, Statement *statement, const Value *values)
{
    const char *rest = "";
    (void)values;
    int rc = sqlite3_prepare_v3(of(db)->handle, statement->sql, -1, SQLITE_PREPARE_PERSISTENT,
                                &stmt(statement)->handle, &rest);
    if (rc != SQLITE_OK)
        fail(db, rc, statement->sql);
    bool empty = !stmt(statement)->handle;
    if (!empty && rest[strspn(rest, " \t\r\n;")] == '\0')
        return;
    sqlite3_finalize(stmt(statement)->handle);
    stmt(statement)->handle = NULL;
    misuse(db, "store.sql", empty ? "no statement" : "more than one statement", statement->sql);
}

static int bind_one(sqlite3_stmt *handle, int at, const Value *value)
{
    static const char nothing[1];
    switch (value->type) {
    case VALUE_INT:
    case VALUE_BOOL:
        return sqlite3_bind_int64(handle, at, value->i);
    case VALUE_REAL:
        return sqlite3_bind_double(handle, at, value->r);
    case VALUE_TEXT:
    case VALUE_JSON:
        if (!utf8_valid(value->at, value->size))
            return SQLITE_MISMATCH;
        return sqlite3_bind_text64(handle, at, value->at, value->size, SQLITE_STATIC, SQLITE_UTF8);
    case VALUE_BYTES:
        return sqlite3_bind_blob64(handle, at, value->size ? value->at : nothing, value->size, SQLITE_STATIC);
    default:
        return sqlite3_bind_null(handle, at);
    }
}

static void start(Db *db, Statement *statement, const Value *values)
{
    sqlite3_stmt *handle = stmt(statement)->handle;
    int count = 0, rc = SQLITE_OK;
    for (; rc == SQLITE_OK && values[count].type != VALUE_END; count++)
        rc = bind_one(handle, count + 1, &values[count]);
    if (rc == SQLITE_MISMATCH)
        misuse(db, "store.text", "a text parameter is not valid UTF-8", statement->sql);
    if (rc == SQLITE_RANGE || count != sqlite3_bind_parameter_count(handle))
        misuse(db, "store.parameters", "the number of parameters differs", statement->sql);
    if (rc != SQLITE_OK)
        fail(db, rc, statement->sql);
    stmt(statement)->changes_before = sqlite3_total_changes64(of(db)->handle);
}

static bool step(Db *db, Statement *statement)
{
    sqlite3_stmt *handle = stmt(statement)->handle;
    int rc = sqlite3_step(handle);
    if (rc == SQLITE_DONE)
        return false;
    if (rc != SQLITE_ROW)
        fail(db, rc, statement->sql);
    if (statement->columns && sqlite3_column_count(handle) != statement->column_count) {
        heap_free(statement->columns); /* another process has changed the schema */
        statement->columns = NULL;
    }
    return true;
}

static ValueType declared_type(const char *type)
{
    if (type && strcasecmp(type, "json_text") == 0)
        return VALUE_JSON;
    return type && strcasecmp(type, "boolean") == 0 ? VALUE_BOOL : VALUE_NULL;
}

static void describe(Db *db, Statement *statement)
{
    sqlite3_stmt *handle = stmt(statement)->handle;
    int count = sqlite3_column_count(handle);
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        if (!sqlite3_column_name(handle, i))
            fail(db, SQLITE_NOMEM, statement->sql);
        size += strlen(sqlite3_column_name(handle, i)) + 1;
    }
    columns_make(statement, count, size);
    char *room = (char *)(statement->columns + count);
    for (int i = 0; i < count; i++) {
        column_name(statement, i, &room, sqlite3_column_name(handle, i));
        statement->columns[i].type = declared_type(sqlite3_column_decltype(handle, i));
    }
}

static void cell(Statement *statement, int column, Value *out)
{
    sqlite3_stmt *handle = stmt(statement)->handle;
    ValueType declared = statement->columns[column].type;
    switch (sqlite3_column_type(handle, column)) {
    case SQLITE_INTEGER:
        out->type = declared == VALUE_BOOL ? VALUE_BOOL : VALUE_INT;
        out->i = sqlite3_column_int64(handle, column);
        return;
    case SQLITE_FLOAT:
        out->type = VALUE_REAL;
        out->r = sqlite3_column_double(handle, column);
        return;
    case SQLITE_TEXT:
        out->type = declared == VALUE_JSON ? VALUE_JSON : VALUE_TEXT;
        out->at = sqlite3_column_text(handle, column);
        break;
    case SQLITE_BLOB:
        out->type = VALUE_BYTES;
        out->at = sqlite3_column_blob(handle, column);
        break;
    default:
        out->type = VALUE_NULL;
        return;
    }
    out->size = (size_t)sqlite3_column_bytes(handle, column);
    if (!out->at && out->size)
        raise_fault(FAULT_MEMORY, "store.memory", "no memory for a cell");
    if (!out->at)
        out->at = "";
}

static int64_t finish(Db *db, Statement *statement)
{
    sqlite3 *handle = of(db)->handle;
    bool changed = sqlite3_total_changes64(handle) != stmt(statement)->changes_before;
    sqlite3_reset(stmt(statement)->handle);
    return changed ? sqlite3_changes64(handle) : 0;
}

static void drop(Db *db, Statement *statement)
{
    (void)db;
    sqlite3_finalize(stmt(statement)->handle);
}

static void script(Db *db, const char *sql)
{
    int rc = sqlite3_exec(of(db)->handle, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        fail(db, rc, sql);
}

/* Statements inside of a trigger end with ';', too. */
static bool complete(const char *sql)
{
    return sqlite3_complete(sql) == 1;
}

/* ---- The store ---- */

static void close_store(Store *store)
{
    sqlite_writer_join(store->engine);
}

static const EngineCalls sqlite_calls = {
    .engine = ENGINE_SQLITE,
    .statement_size = sizeof(SqliteStatement),
    .connect = connect_reader,
    .disconnect = sqlite_disconnect,
    .begin = begin,
    .end_read = end_read,
    .prepare = prepare,
    .start = start,
    .step = step,
    .describe = describe,
    .cell = cell,
    .finish = finish,
    .drop = drop,
    .script = script,
    .complete = complete,
    .close = close_store,
    .backup = sqlite_copy,
    .integrity = sqlite_integrity,
};

/* SQLite counts its memory under one lock for all connections, which nobody here asks it for. */
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

void sqlite_start(Store *store)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure);
    store->calls = &sqlite_calls;
    int file = open(store->url + strlen("sqlite:"), O_CREAT | O_RDWR | O_CLOEXEC,
                    0600); /* its log files get the same rights */
    if (file >= 0)
        close(file);
    store->engine = sqlite_writer_start(store);
}
