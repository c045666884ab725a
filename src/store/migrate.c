/* Migrations: SQL files, each applied once, in one transaction with the record of it. What a file said when
 * it was applied is remembered by its SHA-256: a file that has changed since would mean that two machines
 * have different schemas, so the program does not start. */
#include "store/engine.h"
#include "store/sql.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"

#include <string.h>

static const char record_table[] = "create table if not exists schema_migration (name text primary key, "
                                   "sha256 text not null, applied_at bigint not null)";

/* ---- Splitting ---- */

/* The end of the statement at `at`: behind the first ';' that stands at the end of a line and ends a whole
 * statement. */
static const char *statement_end(const EngineCalls *calls, const char *at)
{
    for (const char *token = at; *token;) {
        const char *end = sql_token(token);
        const char *rest = end + strspn(end, " \t\r");
        bool line_ends = *rest == '\n' || !*rest || (rest[0] == '-' && rest[1] == '-');
        if (*token == ';' && line_ends && calls->complete(text_copy_n(at, (size_t)(end - at))))
            return end;
        token = end;
    }
    return at + strlen(at);
}

static bool has_words(const char *sql)
{
    for (const char *end; *sql; sql = end) {
        end = sql_token(sql);
        bool comment = text_starts(sql, "--") || text_starts(sql, "/*");
        if (!comment && !strchr(" \t\r\n;", *sql))
            return true;
    }
    return false;
}

static void run_statements(Db *db, const char *sql)
{
    for (const char *end; *sql; sql = end) {
        end = statement_end(db->calls, sql);
        char *one = text_copy_n(sql, (size_t)(end - sql));
        if (has_words(one))
            db->calls->script(db, one);
    }
}

/* ---- Applying ---- */

static bool is_applied(Db *db, const Migration *migration)
{
    char *sha256 = sha256_hex(migration->sql, strlen(migration->sql));
    char *then = db_text(db, "select sha256 from schema_migration where name = ?1", T(migration->name));
    if (then && !text_is(then, sha256))
        raise_fault(FAULT_STORE, "store.migration.changed", "%s has changed since it was applied",
                    migration->name);
    return then;
}

static void apply(Db *db, void *argument)
{
    const Migration *migration = argument;
    if (is_applied(db, migration)) {
        db_reject(db);
        return;
    }
    char *sql = sql_for_engine(migration->sql, db_engine(db));
    run_statements(db, db_engine(db) == ENGINE_SQLITE ? sql_types_for_sqlite(sql) : sql);
    db_exec(db, "insert into schema_migration (name, sha256, applied_at) values (?1, ?2, ?3)",
            T(migration->name), T(sha256_hex(migration->sql, strlen(migration->sql))), I(now_ms()));
}

static void make_record_table(Db *db, void *argument)
{
    (void)argument;
    db->calls->script(db, record_table);
}

static bool has_record_table(Db *db)
{
    if (db_engine(db) == ENGINE_SQLITE)
        return db_int(db, "select count(*) from sqlite_master where name = 'schema_migration'") > 0;
    return db_int(db, "select count(*) from pg_class where oid = to_regclass('schema_migration')") > 0;
}

/* Marks those that are not applied yet; the changed one among the others raises. */
static size_t find_pending(Db *db, const Migration *migrations, size_t count, bool *pending)
{
    size_t n = 0;
    bool any_record = has_record_table(db);
    for (size_t i = 0; i < count; i++) {
        pending[i] = !any_record || !is_applied(db, &migrations[i]);
        n += pending[i];
    }
    return n;
}

static size_t read_pending(Store *store, const Migration *migrations, size_t count, bool *pending)
{
    volatile size_t n = 0;
    Db *db = store_read_begin(store);
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        n = find_pending(db, migrations, count, pending);
        guard_leave(&guard);
    }
    store_read_end(db);
    if (guard.fault.kind)
        raise_again(&guard.fault);
    return n;
}

void store_migrate(Store *store, const Migration *migrations, size_t count)
{
    bool *pending = alloc_array(count + 1, sizeof *pending);
    if (!read_pending(store, migrations, count, pending))
        return;
    store_schema_wait(store, make_record_table, NULL);
    for (size_t i = 0; i < count; i++) {
        if (!pending[i])
            continue;
        store_schema_wait(store, apply, (void *)&migrations[i]);
        atomic_fetch_add(&store->epoch, 1);
        log_debug("store.migrated", "name", migrations[i].name, NULL);
    }
}

size_t store_pending(Store *store, const Migration *migrations, size_t count)
{
    return read_pending(store, migrations, count, alloc_array(count + 1, sizeof(bool)));
}

static void run_script(Db *db, void *argument)
{
    run_statements(db, argument);
}

void store_script(Store *store, const char *sql)
{
    store_schema_wait(store, run_script, (void *)sql);
    atomic_fetch_add(&store->epoch, 1);
}
