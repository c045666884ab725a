/* Facts about the store that hold on both engines. Run with SEN_TEST_STORE set for PostgreSQL. */
#include "store/tests/things.h"
#include "store/engine.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- Types ---- */

static void add_all_types(Db *db, void *argument)
{
    (void)argument;
    db_exec(db,
            "insert into thing (id, count, name, size, good, data, raw, small, other_id) values (?1, ?2, ?3, "
            "?4, ?5, ?6, ?7, ?8, ?9)",
            ID(INT64_MAX), I(0), T("Nguyễn Thị Đào 🌸"), R(0.1), B(true),
            J(json_parse_own("{\"a\":[1,2.5,\"x\",null]}", 22, "test")), X("\0\xff\x01", 3), I(-7), ID(0));
    db_exec(db, "insert into thing (id, count, good) values (?1, ?2, ?3)", ID(-5), I(INT64_MAX), B(false));
}

TEST(every_type_comes_back_as_it_was_given)
{
    Store *store = open_things();
    store_write_wait(store, add_all_types, NULL);
    Db *db = store_read_begin(store);
    Json row = db_row(db, "select * from thing where id = ?1", I(INT64_MAX));
    CHECK_TEXT(
        json_text(row),
        "{\"id\":\"9223372036854775807\",\"count\":0,\"name\":\"Nguyễn Thị Đào "
        "🌸\",\"size\":0.10000000000000001,"
        "\"good\":true,\"data\":{\"a\":[1,2.5,\"x\",null]},\"raw\":\"AP8B\",\"small\":-7,\"other_id\":null}");
    row = db_row(db, "select * from thing where id = ?1", I(-5));
    CHECK_TEXT(json_text(row), "{\"id\":\"-5\",\"count\":9223372036854775807,\"name\":null,\"size\":null,"
                               "\"good\":false,\"data\":null,\"raw\":null,\"small\":null,\"other_id\":null}");
    CHECK(db_row(db, "select * from thing where id = ?1", I(1)) == NULL);
    CHECK_INT(json_array_size(db_rows(db, "select * from thing where id = ?1", I(1))), 0);
    CHECK_INT(db_int(db, "select count from thing where id = ?1", I(-5)), INT64_MAX);
    CHECK_TEXT(db_text(db, "select name from thing where id = ?1", I(INT64_MAX)), "Nguyễn Thị Đào 🌸");
    CHECK(db_text(db, "select name from thing where id = ?1", I(-5)) == NULL);
    store_read_end(db);
    test_store_close(store);
}

static void insert_thing(Db *db, void *thing)
{
    db_insert(db, "thing", thing_fields, thing);
}

static void update_thing(Db *db, void *thing)
{
    CHECK_INT(db_update(db, "thing", thing_fields, thing), 1);
    CHECK_INT(db_update(db, "thing", thing_fields, &(Thing){ .id = 99 }), 0);
}

TEST(a_struct_goes_in_and_comes_out_by_its_fields)
{
    Store *store = open_things();
    Thing thing = { .id = 7,
                    .count = 3,
                    .name = "Cao Lãnh",
                    .size = -1.5,
                    .good = true,
                    .data = json_parse_own("[1]", 3, "t") };
    Thing other = { .id = 8, .other_id = 7 }, got, *all;
    store_write_wait(store, insert_thing, &thing);
    store_write_wait(store, insert_thing, &other);
    thing.name = "Sa Đéc";
    store_write_wait(store, update_thing, &thing);
    Db *db = store_read_begin(store);
    CHECK(db_get(db, thing_fields, &got, "select * from thing where id = ?1", I(7)));
    CHECK(got.id == 7 && got.count == 3 && got.size == -1.5 && got.good && got.other_id == 0);
    CHECK_TEXT(got.name, "Sa Đéc");
    CHECK_TEXT(json_text(got.data), "[1]");
    CHECK(!db_get(db, thing_fields, &got, "select * from thing where id = ?1", I(9)));
    CHECK_INT(db_all(db, thing_fields, sizeof *all, &all,
                     "select other_id, data, good, size, name, count, id from thing order by id"),
              2);
    CHECK(all[1].id == 8 && all[1].other_id == 7 && !all[1].name && !all[1].data && !all[1].good);
    CHECK_FAULT(FAULT_INTERNAL, db_get(db, thing_fields, &got, "select id from thing"));
    store_read_end(db);
    CHECK_TEXT(field_columns(thing_fields, "t."),
               "t.id, t.count, t.name, t.size, t.good, t.data, t.other_id");
    test_store_close(store);
}

static void change_thing(Db *db, void *thing)
{
    Thing before = { .id = 7, .count = 3, .name = "Cao Lãnh", .data = json_parse_own("[1]", 3, "t") };
    int64_t queries = db_queries(db);
    CHECK_INT(db_update_changed(db, "thing", thing_fields, &before, &before), 0);
    CHECK_INT(db_queries(db) - queries, 0);
    CHECK_INT(db_update_changed(db, "thing", thing_fields, &before, thing), 1);
    CHECK(db_run(db) > 0);
}

TEST(an_update_of_what_changed_leaves_the_other_columns_alone)
{
    Store *store = open_things();
    Thing thing = { .id = 7, .count = 3, .name = "Cao Lãnh", .data = json_parse_own("[1]", 3, "t") }, got;
    store_write_wait(store, insert_thing, &thing);
    WRITE(store, "update thing set count = 100 where id = 7"); /* by somebody else: not ours to put back */
    thing = (Thing){
        .id = 7, .count = 3, .name = NULL, .size = 2, .good = true, .data = json_list(), .other_id = 7
    };
    store_write_wait(store, change_thing, &thing);
    Db *db = store_read_begin(store);
    CHECK(db_get(db, thing_fields, &got, "select * from thing where id = ?1", I(7)));
    CHECK(got.count == 100 && !got.name && got.size == 2 && got.good && got.other_id == 7);
    CHECK_TEXT(json_text(got.data), "[]");
    CHECK_INT(db_run(db), 0);
    store_read_end(db);
    test_store_close(store);
}

TEST(the_dialect_means_the_same_on_both_engines)
{
    Store *store = open_things();
    WRITE(store, "insert into thing (id, count, name, data) values (1, 2, 'abc', ?1), (2, 4, null, ?2)",
          T("{\"k\":\"v\",\"n\":5}"), N());
    Db *db = store_read_begin(store);
    CHECK_TEXT(
        json_text(db_rows(db, "select sum(count) as total, avg(count) as mean, count(*) as n from thing")),
        "[{\"total\":6,\"mean\":3.0,\"n\":2}]");
    CHECK_TEXT(db_text(db, "select data ->> 'k' from thing where id = 1"), "v");
    CHECK_INT(db_int(db, "select count(*) from thing where data ->> 'k' = ?1", T("v")), 1);
    CHECK_INT(db_int(db, "select cast(data ->> 'n' as bigint) + ?1 from thing where id = 1", I(1)), 6);
    CHECK_TEXT(db_text(db, "select substr(name, cast(?1 as integer)) from thing where id = 1", I(2)), "bc");
    CHECK_TEXT(json_text(db_rows(db, "select id from thing order by name nulls first")),
               "[{\"id\":\"2\"},{\"id\":\"1\"}]");
    CHECK_INT(db_int(db, "select count(*) from thing where (?1 is null or name = ?1)", T(NULL)), 2);
    CHECK_INT(db_int(db, "select count(*) from thing where (?1 is null or name = ?1)", T("abc")), 1);
    CHECK_INT(db_int(db, "select count(*) from thing where ?1 is not null and id = ?2", ID(0), ID(1)), 0);
    CHECK_INT(db_int(db, "select count(*) from thing where name like ?1", T("ABC%")),
              0); /* LIKE minds case */
    CHECK_INT(db_int(db, "select count(*) from thing where id = ?1", T("2")),
              1); /* a key as it stands in JSON */
    CHECK_TEXT(db_text(db, "select '?1' || ?1 -- ?2\n", T("!")), "?1!");
    CHECK_TEXT(
        json_text(db_rows(db,
                          "with c as (select id, row_number() over (order by id desc) as place from thing) "
                          "select id, place from c order by place limit ?1",
                          I(1))),
        "[{\"id\":\"2\",\"place\":1}]");
    CHECK_TEXT(json_text(db_rows(db, "select id from thing where id > ?1 order by id limit ?2", I(1), I(10))),
               "[{\"id\":\"2\"}]");
    store_read_end(db);
    test_store_close(store);
}

static void returning_and_upsert(Db *db, void *argument)
{
    (void)argument;
    Json row =
        db_row(db, "insert into thing (id, count, good, data) values (1, 5, ?1, ?2) returning id, good, data",
               B(true), T("{}"));
    CHECK_TEXT(json_text(row), "{\"id\":\"1\",\"good\":true,\"data\":{}}");
    CHECK_INT(db_exec(db, "insert into thing (id, count) values (1, 6) on conflict (id) do update set count "
                          "= excluded.count"),
              1);
    CHECK_INT(db_int(db, "select count from thing where id = 1"), 6);
    CHECK_INT(db_exec(db, "insert into thing (id, count) values (1, 7) on conflict do nothing"), 0);
    CHECK_INT(db_exec(db, "update thing set count = 9 where id > 100"), 0);
    CHECK_INT(db_exec(db, "delete from thing where id = 1 returning id"), 1);
}

TEST(upsert_and_returning_count_the_rows_they_changed)
{
    Store *store = open_things();
    store_write_wait(store, returning_and_upsert, NULL);
    test_store_close(store);
}

static void many_rows(Db *db, void *argument)
{
    int64_t n = *(int64_t *)argument;
    for (int64_t i = 1; i <= n; i++)
        db_exec(db, "insert into thing (id, count) values (?1, ?2)", I(i), I(i));
}

typedef struct Seen {
    Db *db;
    int64_t rows, sum, until;
} Seen;

static bool see(Json row, void *argument)
{
    Seen *seen = argument;
    seen->rows++;
    seen->sum += json_int(row, "count");
    /* the same text while it is running, and another */
    if (json_int(row, "count") % 500 == 0)
        CHECK_INT(json_array_size(db_rows(seen->db, "select id, count from thing order by id")), 1234);
    return seen->rows != seen->until;
}

TEST(rows_one_by_one_can_be_stopped_and_have_queries_inside)
{
    Store *store = open_things();
    int64_t n = 1234;
    store_write_wait(store, many_rows, &n);
    Db *db = store_read_begin(store);
    Seen seen = { .db = db };
    db_each(db, "select id, count from thing order by id", VALUES(), see, &seen);
    CHECK(seen.rows == n && seen.sum == n * (n + 1) / 2);
    seen = (Seen){ .db = db, .until = 700 };
    db_each(db, "select id, count from thing order by id", VALUES(), see, &seen);
    CHECK_INT(seen.rows, 700);
    CHECK_INT(db_int(db, "select count(*) from thing"), n);
    store_read_end(db);
    test_store_close(store);
}

TEST(pages_by_key_meet_every_row_once)
{
    Store *store = open_things();
    int64_t n = 95, met = 0, last = 0;
    store_write_wait(store, many_rows, &n);
    Db *db = store_read_begin(store);
    for (Json page;
         json_array_size(page = db_rows(db, "select id, count from thing where id > ?1 order by id limit ?2",
                                        I(last), I(10)));) {
        met += (int64_t)json_array_size(page);
        CHECK(json_id(json_array_get(page, 0), "id") == last + 1);
        last = json_id(json_array_get(page, json_array_size(page) - 1), "id");
    }
    CHECK(met == n && last == n);
    store_read_end(db);
    test_store_close(store);
}

/* ---- What is refused ---- */

static const char *code_of(Store *store, const char *sql, FaultKind *kind)
{
    static char code[64];
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        WRITE(store, sql);
        guard_leave(&guard);
    }
    snprintf(code, sizeof code, "%s", guard.fault.kind ? guard.fault.code : "");
    *kind = guard.fault.kind;
    return code;
}

TEST(what_the_schema_forbids_is_a_conflict_with_a_name)
{
    static const struct {
        const char *sql, *code;
        FaultKind kind;
    } cases[] = {
        { "insert into thing (id, count, name) values (2, 0, 'one')", "store.unique", FAULT_CONFLICT },
        { "insert into thing (id, count) values (1, 0)", "store.unique", FAULT_CONFLICT },
        { "insert into thing (id, count, other_id) values (2, 0, 77)", "store.reference", FAULT_CONFLICT },
        { "delete from thing where id = 1", "store.reference", FAULT_CONFLICT },
        { "insert into thing (id, count) values (2, -1)", "store.check", FAULT_CONFLICT },
        { "insert into thing (id) values (2)", "store.not-null", FAULT_CONFLICT },
        { "insert into nowhere values (1)", "store.sql", FAULT_INTERNAL },
        { "selec 1", "store.sql", FAULT_INTERNAL },
        { "select 1; select 2", "store.sql", FAULT_INTERNAL },
        { "select ?1", "store.parameters", FAULT_INTERNAL },
    };
    Store *store = open_things();
    WRITE(store, "insert into thing (id, count, name) values (1, 0, 'one')");
    WRITE(store, "insert into thing (id, count, other_id) values (10, 0, 1)");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FaultKind kind;
        CHECK_TEXT(fmt("%s: %s", cases[i].sql, code_of(store, cases[i].sql, &kind)),
                   fmt("%s: %s", cases[i].sql, cases[i].code));
        CHECK_INT(kind, cases[i].kind);
    }
    CHECK_FAULT(FAULT_INTERNAL,
                WRITE(store, "insert into thing (id, count, name) values (3, 0, ?1)", T("\xff\xfe")));
    CHECK_FAULT(FAULT_INTERNAL,
                WRITE(store, "insert into thing (id, count) values (?1, ?2)", I(1), I(2), I(3)));
    Db *db = store_read_begin(store);
    CHECK_FAULT(FAULT_INTERNAL, db_exec(db, "insert into thing (id, count) values (3, 0)"));
    store_read_end(db);
    CHECK_INT(read_int(store, "select count(*) from thing"), 2);
    test_store_close(store);
}

static void catch_and_go_on(Db *db, void *argument)
{
    (void)argument;
    db_exec(db, "insert into thing (id, count) values (5, 0)");
    CHECK_FAULT(FAULT_CONFLICT, db_exec(db, "insert into thing (id, count) values (5, 0)"));
    CHECK_FAULT(FAULT_CONFLICT, db_exec(db, "insert into thing (id, count) values (6, 0)"));
}

TEST(a_failed_statement_ends_its_transaction_even_when_caught)
{
    Store *store = open_things();
    CHECK_FAULT(FAULT_CONFLICT, store_write_wait(store, catch_and_go_on, NULL));
    CHECK_INT(read_int(store, "select count(*) from thing"), 0);
    test_store_close(store);
}

static void add_and_reject(Db *db, void *argument)
{
    db_exec(db, "insert into thing (id, count) values (1, 0)");
    db_reject(db);
    *(bool *)argument = db_rejected(db) && db_int(db, "select count(*) from thing") == 1;
}

TEST(a_rejected_write_ends_in_order_and_leaves_nothing)
{
    Store *store = open_things();
    bool seen = false;
    store_write_wait(store, add_and_reject, &seen);
    CHECK(seen);
    CHECK_INT(read_int(store, "select count(*) from thing"), 0);
    test_store_close(store);
}

/* ---- Opening, closing, watching ---- */

TEST(a_store_that_cannot_be_opened_says_so)
{
    char *path = fmt("/tmp/sen-not-a-store-%d", (int)getpid());
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("This is no database. ", file);
    fclose(file);
    CHECK_FAULT(FAULT_STORE, store_open(&(StoreOptions){ .url = fmt("sqlite:%s", path) }));
    CHECK_INT(unlink(path), 0);
    CHECK_FAULT(FAULT_STORE, store_open(&(StoreOptions){ .url = "sqlite:/nowhere/at/all/sen.db" }));
    CHECK_FAULT(FAULT_STORE, store_open(&(StoreOptions){ .url = "host=/nowhere dbname=sen" }));
    CHECK_FAULT(FAULT_STORE, store_open(&(StoreOptions){ .url = "" }));
}

TEST(more_texts_than_the_cache_holds_all_work)
{
    Store *store = open_things();
    Db *db = store_read_begin(store);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 1000; i++)
            CHECK_INT(db_int(db, fmt("select %d + ?1", i), I(round)), i + round);
    CHECK_INT(db_queries(db), 2000);
    store_read_end(db);
    test_store_close(store);
}

static const char *slow_sql(const Store *store)
{
    return store_engine(store) == ENGINE_POSTGRES
               ? "select count(*) from generate_series(1, 2000000) as g(i) where ?1 <> 'x'"
               : "with recursive r(i) as (select 1 union all select i + 1 from r where i < 400000) select "
                 "count(*) from r where ?1 <> 'x'";
}

TEST(slow_statements_are_logged_without_their_parameters)
{
    char log[8000] = "", *path = fmt("/tmp/sen-log-%d", (int)getpid());
    Store *store = open_things();
    FILE *file = fopen(path, "w+");
    int before = dup(STDERR_FILENO);
    store->slow_ms = 5;
    dup2(fileno(file), STDERR_FILENO);
    Db *db = store_read_begin(store);
    db_int(db, slow_sql(store), T("Nguyễn Thị Bí Mật"));
    store_read_end(db);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    CHECK(fread(log, 1, sizeof log - 1, file) > 0);
    fclose(file);
    CHECK_INT(unlink(path), 0);
    CHECK(strstr(log, "store.slow") && strstr(log, "?1") && !strstr(log, "Nguy"));
    test_store_close(store);
}

int main(void)
{
    return run_tests((Test[]){ TEST_CASE(every_type_comes_back_as_it_was_given),
                               TEST_CASE(a_struct_goes_in_and_comes_out_by_its_fields),
                               TEST_CASE(an_update_of_what_changed_leaves_the_other_columns_alone),
                               TEST_CASE(the_dialect_means_the_same_on_both_engines),
                               TEST_CASE(upsert_and_returning_count_the_rows_they_changed),
                               TEST_CASE(rows_one_by_one_can_be_stopped_and_have_queries_inside),
                               TEST_CASE(pages_by_key_meet_every_row_once),
                               TEST_CASE(what_the_schema_forbids_is_a_conflict_with_a_name),
                               TEST_CASE(a_failed_statement_ends_its_transaction_even_when_caught),
                               TEST_CASE(a_rejected_write_ends_in_order_and_leaves_nothing),
                               TEST_CASE(a_store_that_cannot_be_opened_says_so),
                               TEST_CASE(more_texts_than_the_cache_holds_all_work),
                               TEST_CASE(slow_statements_are_logged_without_their_parameters),
                               { 0 } });
}
