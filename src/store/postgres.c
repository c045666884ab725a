/* The PostgreSQL engine: statements and cells. Connections and errors are in postgres_connection.c, writing
 * in postgres_writer.c.
 *
 * Statements are prepared on the server once per connection and per types of parameters. Parameters go as
 * text (only bytea as bytes) with a declared type, except texts: their type is inferred, so that a text may
 * be a key or a JSON document, as on SQLite. */
#include "store/postgres.h"
#include "store/sql.h"
#include "base/arena.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { STACK_PARAMETERS = 64, FETCH_ROWS = 500, NUMBER_SIZE = 32 };

/* From pg_type.dat; they never change. */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_JSON = 114,
    OID_OID = 26
};
enum { OID_FLOAT4 = 700, OID_FLOAT8 = 701, OID_NUMERIC = 1700, OID_JSONB = 3802 };

typedef struct PostgresStatement {
    Statement head; /* first */
    unsigned name;
    int parameters;
    PGresult *result;
    int row, row_count;
    unsigned cursor; /* its name; 0: none */
} PostgresStatement;

static PostgresDb *of(Db *db)
{
    return (PostgresDb *)db;
}

static PostgresStatement *stmt(Statement *statement)
{
    return (PostgresStatement *)statement;
}

static _Noreturn void fail(Db *db, PGresult *result, const char *sql)
{
    Fault fault;
    postgres_fault(of(db), result, sql, &fault);
    PQclear(result);
    statement_failed(db, &fault);
}

static void done_or_fail(Db *db, PGresult *result, const char *sql)
{
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail(db, result, sql);
}

/* ---- Parameters ---- */

static Oid oid_of(const Value *value)
{
    static const Oid oids[] = { [VALUE_INT] = OID_INT8,
                                [VALUE_REAL] = OID_FLOAT8,
                                [VALUE_BOOL] = OID_BOOL,
                                [VALUE_BYTES] = OID_BYTEA,
                                [VALUE_JSON] = OID_JSONB };
    return oids[value->type == VALUE_NULL ? value->i : (int64_t)value->type];
}

/* As libpq wants them. */
typedef struct Parameters {
    int count;
    Oid *oids;
    const char **values;
    int *sizes, *formats;
    char (*numbers)[NUMBER_SIZE];
} Parameters;

typedef struct Room {
    Oid oids[STACK_PARAMETERS];
    const char *values[STACK_PARAMETERS];
    int sizes[STACK_PARAMETERS], formats[STACK_PARAMETERS];
    char numbers[STACK_PARAMETERS][NUMBER_SIZE];
} Room;

static void set_parameter(Parameters *p, int i, const Value *value)
{
    p->oids[i] = oid_of(value);
    p->formats[i] = value->type == VALUE_BYTES;
    p->sizes[i] = (int)value->size;
    p->values[i] = p->numbers[i];
    if (value->type == VALUE_NULL)
        p->values[i] = NULL;
    else if (value->type == VALUE_INT)
        snprintf(p->numbers[i], NUMBER_SIZE, "%lld", (long long)value->i);
    else if (value->type == VALUE_REAL)
        snprintf(p->numbers[i], NUMBER_SIZE, "%.17g", value->r);
    else if (value->type == VALUE_BOOL)
        snprintf(p->numbers[i], NUMBER_SIZE, "%s", value->i ? "t" : "f");
    else
        p->values[i] = value->at ? value->at : "";
}

static Parameters parameters_of(const Value *values, Room *room)
{
    Parameters p = { 0, room->oids, room->values, room->sizes, room->formats, room->numbers };
    while (values[p.count].type != VALUE_END)
        p.count++;
    if (p.count > STACK_PARAMETERS) {
        size_t n = (size_t)p.count;
        p.oids = alloc_array(n, sizeof *p.oids);
        p.values = alloc_array(n, sizeof *p.values);
        p.sizes = alloc_array(n, sizeof *p.sizes);
        p.formats = alloc_array(n, sizeof *p.formats);
        p.numbers = alloc_array(n, sizeof *p.numbers);
    }
    for (int i = 0; i < p.count; i++)
        set_parameter(&p, i, &values[i]);
    return p;
}

/* ---- Running ---- */

static void prepare(Db *db, Statement *statement, const Value *values)
{
    PostgresStatement *s = stmt(statement);
    char name[16], *sql = sql_for_postgres(statement->sql, &s->parameters);
    Room room;
    Parameters p = parameters_of(values, &room);
    s->name = ++of(db)->names;
    snprintf(name, sizeof name, "s%u", s->name);
    PGresult *result = PQprepare(of(db)->conn, name, sql, p.count, p.oids);
    done_or_fail(db, result, statement->sql);
    PQclear(result);
}

static void check_count(Db *db, const PostgresStatement *s, int count)
{
    Fault fault = { .kind = FAULT_INTERNAL, .code = "store.parameters" };
    if (count == s->parameters)
        return;
    snprintf(fault.message, sizeof fault.message, "the number of parameters differs in: %.400s", s->head.sql);
    statement_failed(db, &fault);
}

static void take_result(Statement *statement, PGresult *result)
{
    PostgresStatement *s = stmt(statement);
    PQclear(s->result);
    s->result = result;
    s->row = -1;
    s->row_count = PQntuples(result);
}

static bool can_have_cursor(const char *sql)
{
    sql += strspn(sql, " \t\r\n");
    return strncasecmp(sql, "select", 6) == 0 || strncasecmp(sql, "with", 4) == 0;
}

static void fetch(Db *db, Statement *statement)
{
    char sql[48];
    snprintf(sql, sizeof sql, "fetch %d from c%u", FETCH_ROWS, stmt(statement)->cursor);
    PGresult *result = PQexec(of(db)->conn, sql);
    done_or_fail(db, result, statement->sql);
    take_result(statement, result);
}

/* libpq keeps a whole result in memory; a cursor hands it out in pieces, and other queries can run in
 * between. */
static void start_cursor(Db *db, Statement *statement, const Parameters *p)
{
    int count;
    unsigned cursor = ++of(db)->names;
    char *sql = fmt("declare c%u no scroll cursor for %s", cursor, sql_for_postgres(statement->sql, &count));
    PGresult *result = PQexecParams(of(db)->conn, sql, p->count, p->oids, p->values, p->sizes, p->formats, 0);
    done_or_fail(db, result, statement->sql);
    PQclear(result);
    stmt(statement)->cursor = cursor;
    fetch(db, statement);
}

static void start(Db *db, Statement *statement, const Value *values)
{
    PostgresStatement *s = stmt(statement);
    char name[16];
    Room room;
    Parameters p = parameters_of(values, &room);
    check_count(db, s, p.count);
    if (statement->stream && can_have_cursor(statement->sql)) {
        start_cursor(db, statement, &p);
        return;
    }
    snprintf(name, sizeof name, "s%u", s->name);
    PGresult *result = PQexecPrepared(of(db)->conn, name, p.count, p.values, p.sizes, p.formats, 0);
    done_or_fail(db, result, statement->sql);
    take_result(statement, result);
}

static bool step(Db *db, Statement *statement)
{
    PostgresStatement *s = stmt(statement);
    if (++s->row < s->row_count)
        return true;
    if (!s->cursor || s->row_count < FETCH_ROWS)
        return false;
    fetch(db, statement);
    return ++s->row < s->row_count;
}

static int64_t finish(Db *db, Statement *statement)
{
    PostgresStatement *s = stmt(statement);
    char sql[32];
    int64_t changed = 0;
    if (s->result && PQresultStatus(s->result) == PGRES_COMMAND_OK)
        changed = strtoll(PQcmdTuples(s->result), NULL, 10);
    else if (s->result && strncmp(PQcmdStatus(s->result), "SELECT", 6) != 0) /* insert … returning */
        changed = strtoll(PQcmdTuples(s->result), NULL, 10);
    PQclear(s->result);
    s->result = NULL;
    snprintf(sql, sizeof sql, "close c%u", s->cursor);
    if (s->cursor && PQtransactionStatus(of(db)->conn) == PQTRANS_INTRANS)
        PQclear(PQexec(of(db)->conn, sql));
    s->cursor = 0;
    return changed;
}

static void drop(Db *db, Statement *statement)
{
    char sql[32];
    PGTransactionStatusType status = PQtransactionStatus(of(db)->conn);
    snprintf(sql, sizeof sql, "deallocate s%u", stmt(statement)->name);
    if (status == PQTRANS_IDLE || status == PQTRANS_INTRANS)
        PQclear(PQexec(of(db)->conn, sql));
}

static void script(Db *db, const char *sql)
{
    PGresult *result = PQexec(of(db)->conn, sql);
    done_or_fail(db, result, sql);
    PQclear(result);
}

/* ---- Cells ---- */

/* VALUE_END stands for numeric: what sum() of bigint gives. */
static ValueType type_of(Oid oid)
{
    static const struct {
        Oid oid;
        ValueType type;
    } types[] = { { OID_INT8, VALUE_INT },    { OID_INT4, VALUE_INT },    { OID_INT2, VALUE_INT },
                  { OID_OID, VALUE_INT },     { OID_BOOL, VALUE_BOOL },   { OID_JSONB, VALUE_JSON },
                  { OID_JSON, VALUE_JSON },   { OID_BYTEA, VALUE_BYTES }, { OID_FLOAT8, VALUE_REAL },
                  { OID_FLOAT4, VALUE_REAL }, { OID_NUMERIC, VALUE_END } };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].oid == oid)
            return types[i].type;
    return VALUE_TEXT;
}

static void describe(Db *db, Statement *statement)
{
    const PGresult *result = stmt(statement)->result;
    int count = PQnfields(result);
    size_t size = 0;
    (void)db;
    for (int i = 0; i < count; i++)
        size += strlen(PQfname(result, i)) + 1;
    columns_make(statement, count, size);
    char *room = (char *)(statement->columns + count);
    for (int i = 0; i < count; i++) {
        column_name(statement, i, &room, PQfname(result, i));
        statement->columns[i].type = type_of(PQftype(result, i));
    }
}

static void numeric_cell(const char *text, Value *out)
{
    int64_t i;
    if (text_int(text, INT64_MIN, INT64_MAX, &i))
        *out = I(i);
    else
        *out = R(strtod(text, NULL));
}

/* "\x0123…" */
static void bytes_cell(const char *text, size_t size, Value *out)
{
    size_t n = size > 2 ? (size - 2) / 2 : 0;
    unsigned char *bytes = alloc(n + 1);
    if (n && !hex_decode(text_copy_n(text + 2, n * 2), bytes, n))
        raise_fault(FAULT_STORE, "store.bytes", "a bytea cell is not in hex");
    *out = X(bytes, n);
}

static void cell(Statement *statement, int column, Value *out)
{
    const PostgresStatement *s = stmt(statement);
    const char *text = PQgetvalue(s->result, s->row, column);
    *out = (Value){ .type = statement->columns[column].type };
    if (PQgetisnull(s->result, s->row, column))
        *out = N();
    else if (out->type == VALUE_INT)
        out->i = strtoll(text, NULL, 10);
    else if (out->type == VALUE_REAL)
        out->r = strtod(text, NULL);
    else if (out->type == VALUE_BOOL)
        out->i = *text == 't';
    else if (out->type == VALUE_END)
        numeric_cell(text, out);
    else if (out->type == VALUE_BYTES)
        bytes_cell(text, (size_t)PQgetlength(s->result, s->row, column), out);
    else {
        out->at = text;
        out->size = (size_t)PQgetlength(s->result, s->row, column);
    }
}

/* ---- The store ---- */

static bool complete(const char *sql)
{
    (void)sql;
    return true;
}

static Db *connect_reader(Store *store)
{
    return &postgres_db(store, false)->db; /* begin() connects */
}

static void end_read(Db *db)
{
    postgres_rollback(of(db)); /* nothing to keep */
}

static void backup(Store *store, const char *path)
{
    (void)store;
    raise_fault(FAULT_STORE, "store.backup",
                "%s: PostgreSQL is backed up with its own tools (pg_basebackup, pg_dump)", path);
}

static const char integrity_sql[] =
    "select string_agg(complaint, '; ') from ("
    " select 'index ' || indexrelid::regclass || ' is not valid' as complaint from pg_index where not "
    "indisvalid"
    " union all select checksum_failures || ' pages with a wrong checksum' from pg_stat_database"
    " where datname = current_database() and checksum_failures > 0) as complaints";

static char *integrity(Store *store)
{
    Db *db = store_read_begin(store);
    char *volatile complaint = NULL;
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        complaint = db_text(db, integrity_sql);
        guard_leave(&guard);
    }
    store_read_end(db);
    if (guard.fault.kind)
        raise_again(&guard.fault);
    return complaint ? complaint : text_copy("");
}

static void close_store(Store *store)
{
    postgres_writers_join(store->engine);
}

static const EngineCalls postgres_calls = {
    .engine = ENGINE_POSTGRES,
    .statement_size = sizeof(PostgresStatement),
    .connect = connect_reader,
    .disconnect = postgres_disconnect,
    .begin = postgres_begin,
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
    .backup = backup,
    .integrity = integrity,
};

void postgres_start(Store *store)
{
    store->calls = &postgres_calls;
    store->engine = postgres_writers_start(store);
}
