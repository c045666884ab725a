/* Connections to PostgreSQL: making them, making them again when they are lost, beginning transactions, and
 * what errors mean.
 *
 * A lost connection is noticed by the next statement. Before a transaction has done anything it is simply
 * replaced; later the work has to be done again, which readers leave to their caller and writers do
 * themselves (postgres_writer.c). */
#include "store/postgres.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { LEAST_VERSION = 130000 };

/* ---- Errors ---- */

typedef struct Meaning {
    const char *state; /* SQLSTATE, or the beginning of it */
    FaultKind kind;
    const char *name;
} Meaning;

static const Meaning meanings[] = {
    { "23505", FAULT_CONFLICT, "store.unique" },
    { "23P01", FAULT_CONFLICT, "store.unique" },
    { "23503", FAULT_CONFLICT, "store.reference" },
    { "23001", FAULT_CONFLICT, "store.reference" },
    { "23502", FAULT_CONFLICT, "store.not-null" },
    { "23", FAULT_CONFLICT, "store.check" },
    { "P0001", FAULT_CONFLICT, "store.refused" }, /* raise exception, in a trigger */
    { "40", FAULT_RETRY, "store.retry" },         /* serialisation failure, deadlock */
    { "55P03", FAULT_RETRY, "store.retry" },      /* lock not available */
    { "26000", FAULT_RETRY, "store.statements" }, /* a prepared statement is gone */
    { "0A000", FAULT_RETRY,
      "store.statements" }, /* … or its result has another type since a migration elsewhere */
    { "53100", FAULT_STORE, "store.full" },
    { "53200", FAULT_MEMORY, "store.memory" },
    { "53", FAULT_STORE, "store.busy" },
    { "08", FAULT_STORE, "store.lost" },
    { "57014", FAULT_LIMIT, "store.time" },
    { "57", FAULT_STORE, "store.lost" },
    { "58", FAULT_STORE, "store.io" },
    { "XX00", FAULT_STORE, "store.corrupt" },
    { "54", FAULT_LIMIT, "store.size" },
    { "22021", FAULT_INTERNAL, "store.text" },
    { "22P05", FAULT_INTERNAL, "store.text" },
    { "", FAULT_INTERNAL, "store.sql" },
};

/* The server's first line names tables and constraints, but for class 22 (data exceptions) it quotes the
 * value: not for the log. */
static const char *safe_message(const PGresult *result, const char *state)
{
    const char *message = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    return text_starts(state, "22") ? "a value does not fit its type" : message ? message : "no answer";
}

static uint64_t add_digest(uint64_t h, const char *text)
{
    for (; text && *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    return h;
}

/* The values themselves are people's data and are kept nowhere. */
static uint64_t conflict_key(const PGresult *result)
{
    uint64_t h = add_digest(14695981039346656037u, PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME));
    return add_digest(h, PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL)) | 1;
}

void postgres_fault(PostgresDb *db, const PGresult *result, const char *sql, Fault *fault)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    if (PQstatus(db->conn) == CONNECTION_BAD || !state)
        state = "08006";
    const Meaning *meaning = meanings;
    while (!text_starts(state, meaning->state))
        meaning++;
    const char *message = safe_message(result, state);
    if (text_is(state, "0A000") && !text_starts(message, "cached plan"))
        meaning = &meanings[sizeof meanings / sizeof *meanings - 1];
    fault->kind = meaning->kind;
    db->key = fault->kind == FAULT_CONFLICT && result ? conflict_key(result) : 0;
    snprintf(fault->code, sizeof fault->code, "%s", meaning->name);
    snprintf(fault->message, sizeof fault->message, "%.200s (%s)%s%.250s", message, state, sql ? " in: " : "",
             sql ? sql : "");
    if (text_is(meaning->name, "store.statements"))
        db->db.epoch--; /* all are prepared anew before the next transaction */
}

/* ---- Connecting ---- */

static void ignore_notice(void *argument, const char *message)
{
    (void)argument;
    (void)message;
}

/* The URL's own settings come later and win. A dead network is noticed within a minute. */
static PGconn *open_connection(const char *url)
{
    static const char *const names[] = { "connect_timeout",  "keepalives_idle",  "keepalives_interval",
                                         "keepalives_count", "tcp_user_timeout", "application_name",
                                         "dbname",           "client_encoding",  NULL };
    const char *const values[] = { "10", "20", "10", "3", "40000", "sen", url, "UTF8", NULL };
    return PQconnectdbParams(names, values, 1);
}

static const char session_sql[] = "set timezone = 'UTC'; set standard_conforming_strings = on; set "
                                  "bytea_output = 'hex'; set client_min_messages = warning;"
                                  "select set_config('synchronous_commit', 'on', false) where "
                                  "current_setting('synchronous_commit') = 'off'";

static void check_session(PGconn *conn)
{
    Fault fault = { .kind = FAULT_STORE, .code = "store.open" };
    if (PQstatus(conn) == CONNECTION_OK && PQserverVersion(conn) < LEAST_VERSION)
        snprintf(fault.message, sizeof fault.message, "PostgreSQL %d is too old, 13 is the least",
                 PQserverVersion(conn) / 10000);
    PGresult *result = fault.message[0] ? NULL : PQexec(conn, session_sql);
    if (!fault.message[0] && PQresultStatus(result) != PGRES_TUPLES_OK)
        snprintf(fault.message, sizeof fault.message, "%.400s", PQerrorMessage(conn));
    PQclear(result);
    if (fault.message[0]) {
        PQfinish(conn);
        raise_again(&fault);
    }
}

static void leave(PostgresDb *db)
{
    PQfinish(db->conn);
    db->conn = NULL;
    statements_forget(&db->db); /* the server has forgotten them */
}

void postgres_connect(PostgresDb *db)
{
    if (PQstatus(db->conn) == CONNECTION_OK)
        return;
    leave(db);
    PGconn *conn = open_connection(db->db.store->url);
    if (!conn)
        raise_fault(FAULT_MEMORY, "store.memory", "no memory for a connection");
    PQsetNoticeProcessor(conn, ignore_notice, NULL);
    check_session(conn);
    db->conn = conn;
}

PostgresDb *postgres_db(Store *store, bool writing)
{
    PostgresDb *db = heap_alloc(sizeof *db);
    db->db.store = store;
    db->db.calls = store->calls;
    db->db.writable = writing;
    db->db.epoch = atomic_load(&store->epoch);
    return db;
}

void postgres_disconnect(Db *db)
{
    leave((PostgresDb *)db);
    db_forget(db);
    heap_free(db);
}

/* ---- Transactions ---- */

/* The number of a write transaction tells, when the connection breaks at the commit, how it ended. Migrations
 * see what others committed while they waited for the lock, hence "read committed". */
static const char *const begins[] = {
    [MODE_READ] = "begin isolation level repeatable read, read only",
    [MODE_WRITE] = "begin isolation level serializable; select pg_current_xact_id()",
    [MODE_SCHEMA] =
        "begin isolation level read committed; select pg_current_xact_id(), pg_advisory_xact_lock(7310599)",
};

static bool try_begin(PostgresDb *db, Mode mode, Fault *fault)
{
    postgres_connect(db);
    PGresult *result = PQexec(db->conn, begins[mode]);
    ExecStatusType status = PQresultStatus(result);
    bool begun = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!begun)
        postgres_fault(db, result, NULL, fault);
    else if (mode != MODE_READ)
        snprintf(db->xact, sizeof db->xact, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return begun;
}

void postgres_begin(Db *db, Mode mode)
{
    PostgresDb *own = (PostgresDb *)db;
    Fault fault;
    bool was_connected = own->conn;
    if (try_begin(own, mode, &fault))
        return;
    postgres_rollback(own);
    if (was_connected && PQstatus(own->conn) == CONNECTION_BAD && try_begin(own, mode, &fault))
        return;
    raise_again(&fault);
}

void postgres_rollback(PostgresDb *db)
{
    PGTransactionStatusType status = PQtransactionStatus(db->conn);
    if (status == PQTRANS_INTRANS || status == PQTRANS_INERROR)
        PQclear(PQexec(db->conn, "rollback"));
}
