/* Facts about migrations, and about the reading of SQL text that they and PostgreSQL's parameters need. */
#include "store/tests/things.h"
#include "store/sql.h"

#include <pthread.h>
#include <stdio.h>

/* ---- SQL text ---- */

TEST(parameters_become_postgres_ones_outside_of_quotes_and_comments)
{
    int count;
    CHECK_TEXT(
        sql_for_postgres("select ?1, '?2', \"a?3\", ?12 -- ?4\n, /* ?5 */ $$ ?6 $$, 'it''s ?7'", &count),
        "select $1, '?2', \"a?3\", $12 -- ?4\n, /* ?5 */ $$ ?6 $$, 'it''s ?7'");
    CHECK_INT(count, 12);
    CHECK_TEXT(sql_for_postgres("?1 is null or ?2  IS not null or ?3 isnull", &count),
               "$1::text is null or $2::text  IS not null or $3 isnull");
    CHECK_TEXT(sql_for_postgres("select 'open", &count), "select 'open");
    CHECK_INT(count, 0);
}

TEST(types_become_those_of_sqlite_outside_of_quotes_and_comments)
{
    CHECK_TEXT(sql_types_for_sqlite(
                   "id BIGINT primary key, d jsonb, r bytea, bigint_x text default 'bigint' -- jsonb\n"),
               "id integer primary key, d json_text, r blob, bigint_x text default 'bigint' -- jsonb\n");
}

TEST(blocks_for_the_other_engine_are_left_out)
{
    static const char sql[] = "a\n-- engine: sqlite\nb\n-- engine: postgres\nc\n-- engine: all\nd\n";
    CHECK_TEXT(sql_for_engine(sql, ENGINE_SQLITE), "a\nb\nd\n");
    CHECK_TEXT(sql_for_engine(sql, ENGINE_POSTGRES), "a\nc\nd\n");
}

/* ---- Migrations ---- */

static const char journal_sql[] =
    "create table journal (id bigint primary key, line text not null); -- may only grow\n"
    "insert into journal (id, line) values (1, 'a; b;\n"
    "c;');\n"
    "-- engine: sqlite\n"
    "create trigger journal_keep before update on journal begin\n"
    "    select raise(abort, 'the journal only grows');\n"
    "end;\n"
    "-- engine: postgres\n"
    "create function journal_keep() returns trigger language plpgsql as $body$\n"
    "begin\n"
    "    raise exception 'the journal only grows';\n"
    "end $body$;\n"
    "create trigger journal_keep before update on journal for each row execute function journal_keep();\n"
    "-- engine: all\n"
    "insert into journal (id, line) values (2, 'd')\n"; /* the last ';' may be missing */

static const char *refusal(Store *store, const char *sql)
{
    static char code[64];
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        WRITE(store, sql);
        guard_leave(&guard);
    }
    snprintf(code, sizeof code, "%s", guard.fault.kind ? guard.fault.code : "");
    return code;
}

TEST(migrations_are_applied_once_and_in_order)
{
    Migration two[] = { { "tests/0001-journal", journal_sql },
                        { "tests/0002-more", "alter table journal add column good boolean;" } };
    Store *store = test_store_open();
    CHECK_INT(store_pending(store, two, 2), 2);
    store_migrate(store, two, 1);
    CHECK_INT(store_pending(store, two, 2), 1);
    CHECK_INT(read_int(store, "select count(*) from journal"), 2);
    Db *db = store_read_begin(store);
    CHECK_TEXT(json_text(db_rows(db, "select * from journal where id = 1")),
               "[{\"id\":\"1\",\"line\":\"a; b;\\nc;\"}]");
    store_read_end(db);
    store_migrate(store, two, 2); /* the statement above is prepared anew: there is one column more */
    store_migrate(store, two, 2);
    CHECK_INT(store_pending(store, two, 2), 0);
    CHECK_INT(read_int(store, "select count(*) from journal"), 2);
    db = store_read_begin(store);
    CHECK_TEXT(json_text(db_rows(db, "select * from journal where id = 1")),
               "[{\"id\":\"1\",\"line\":\"a; b;\\nc;\",\"good\":null}]");
    CHECK_INT(
        db_int(db, "select count(*) from schema_migration where length(sha256) = 64 and applied_at > 1"), 2);
    store_read_end(db);
    CHECK_TEXT(refusal(store, "update journal set line = 'x'"), "store.refused");
    test_store_close(store);
}

TEST(a_migration_that_changed_later_is_noticed)
{
    Store *store = test_store_open();
    Migration migration = { "tests/0001-journal", "create table journal (id bigint primary key);" };
    store_migrate(store, &migration, 1);
    migration.sql = "create table journal (id bigint primary key); ";
    CHECK_FAULT(FAULT_STORE, store_migrate(store, &migration, 1));
    CHECK_FAULT(FAULT_STORE, store_pending(store, &migration, 1));
    test_store_close(store);
}

TEST(a_migration_that_fails_leaves_nothing)
{
    Store *store = test_store_open();
    Migration migration = { "tests/0001-half",
                            "create table half (id bigint primary key);\ninsert into nowhere values (1);\n" };
    CHECK_FAULT(FAULT_INTERNAL, store_migrate(store, &migration, 1));
    CHECK_INT(store_pending(store, &migration, 1), 1);
    migration.sql = "create table half (id bigint primary key);\n";
    store_migrate(store, &migration, 1);
    CHECK_INT(read_int(store, "select count(*) from half"), 0);
    test_store_close(store);
}

static void *migrate_thread(void *store)
{
    Arena *arena = arena_new(0);
    arena_use(arena);
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        store_migrate(store, &things_migration, 1);
        guard_leave(&guard);
    }
    arena_use(NULL);
    arena_free(arena);
    return guard.fault.kind ? store : NULL;
}

TEST(processes_that_start_together_can_all_migrate)
{
    Store *store = test_store_open();
    pthread_t threads[4];
    Store *stores[4];
    for (int i = 0; i < 4; i++) {
        stores[i] = store_open(&(StoreOptions){ .url = store->url, .readers = 1 });
        pthread_create(&threads[i], NULL, migrate_thread, stores[i]);
    }
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        CHECK(!failed);
        store_close(stores[i]);
    }
    CHECK_INT(store_pending(store, &things_migration, 1), 0);
    CHECK_INT(read_int(store, "select count(*) from counter"), 1);
    test_store_close(store);
}

TEST(a_bigint_key_is_the_own_key_of_sqlite)
{
    Store *store = open_things();
    if (store_engine(store) == ENGINE_SQLITE) {
        WRITE(store, "insert into thing (id, count) values (42, 0)");
        CHECK_INT(read_int(store, "select rowid from thing"), 42);
        CHECK_INT(
            read_int(store, "select count(*) from sqlite_master where name like 'sqlite_autoindex_thing%'"),
            1); /* name */
    }
    test_store_close(store);
}

int main(void)
{
    return run_tests((Test[]){ TEST_CASE(parameters_become_postgres_ones_outside_of_quotes_and_comments),
                               TEST_CASE(types_become_those_of_sqlite_outside_of_quotes_and_comments),
                               TEST_CASE(blocks_for_the_other_engine_are_left_out),
                               TEST_CASE(migrations_are_applied_once_and_in_order),
                               TEST_CASE(a_migration_that_changed_later_is_noticed),
                               TEST_CASE(a_migration_that_fails_leaves_nothing),
                               TEST_CASE(processes_that_start_together_can_all_migrate),
                               TEST_CASE(a_bigint_key_is_the_own_key_of_sqlite),
                               { 0 } });
}
