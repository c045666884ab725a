/* The chain against the specification's own hashes (spec 19 §7.6), and against every way of breaking it. */
#include "platform/audit/audit.h"
#include "platform/audit/chain.h"
#include "platform/identity/identity.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/test.h"
#include "base/text.h"
#include "store/test_store.h"

#include <stdlib.h>
#include <string.h>

/* ---- the specification's example ---- */

static Json example(int64_t seq, const char *ts, const char *action, const char *object, const char *prev)
{
    int64_t at;
    Json row = json_new();
    CHECK(time_parse(ts, &at));
    at += strstr(ts, ".250Z") ? 250 : 0; /* time_parse() drops fractions of a second */
    CHECK_TEXT(time_iso(at), ts);
    json_set_int(row, "seq", seq);
    json_set_int(row, "at", at);
    json_set_str(row, "actor", "u:1001");
    json_set_str(row, "action", action);
    json_set_str(row, "object", object);
    json_set_str(row, "result", "ok");
    json_set_str(row, "prev", prev);
    return row;
}

TEST(the_worked_example_of_the_specification_comes_out)
{
    const char *first = "560a0ce5389504badc38f69f6b3b9c1f453d3fa417de0ccddd8935dc48ae27ce";
    CHECK_TEXT(audit_hash(example(1, "2026-01-05T01:30:00.000Z", "auth.login", "session:77", audit_genesis)),
               first);
    CHECK_TEXT(audit_hash(example(2, "2026-01-05T01:31:12.250Z", "store.read", "doc:9f3a", first)),
               "b09332df4ddd56c8443a59c06c0ef228018ea9da80a2cd8ac026083c0f8a5313");
}

/* The other way to the same hash: the members into an object, canonical JSON of it, SHA-256. */
TEST(the_seal_is_the_hash_of_canonical_json_whatever_the_text_holds)
{
    Json row =
             example(7, "2026-01-05T01:30:00.000Z", "thử.\"nghiệm\"", "a\\b\n\x7f Đồng Tháp", audit_genesis),
         entry = json_new();
    json_set_id(row, "id", 250016447277826048);
    json_set_int(row, "case_id", 9007199254740993);
    json_set_int(row, "stream", 3);
    json_set(row, "details", json_set_int(json_set_str(json_new(), "b", "é"), "a", -1));
    static const char *const same[] = { "actor", "action", "object",  "result", "prev",
                                        "seq",   "stream", "details", "id" };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        json_set(entry, same[i], json_deep_copy(json_at(row, same[i])));
    json_set_str(entry, "case", "9007199254740993");
    json_set_str(entry, "ts", "2026-01-05T01:30:00.000Z");
    const char *text = json_canonical(entry);
    CHECK_TEXT(audit_hash(row), sha256_hex(text, strlen(text)));
}

TEST(secrets_and_personal_numbers_do_not_get_into_the_details)
{
    Json details = json_parse_own(
        "{\"password\":\"hunter22\",\"note\":\"CCCD 087199912345, ĐT 0912345678\",\"list\":[{\"api_token\":"
        "\"abc\"},\"082199912345\"],\"n\":7,\"r\":1.5}",
        strlen("{\"password\":\"hunter22\",\"note\":\"CCCD 087199912345, ĐT "
               "0912345678\",\"list\":[{\"api_token\":"
               "\"abc\"},\"082199912345\"],\"n\":7,\"r\":1.5}"),
        "test");
    CHECK_TEXT(json_canonical(audit_scrub(details)),
               "{\"list\":[{\"api_token\":\"***\"},\"082******345\"],\"n\":7,"
               "\"note\":\"CCCD 087******345, ĐT 0912345678\",\"password\":\"***\",\"r\":\"1.5\"}");
}

/* ---- in a store ---- */

static const Actor an_official = { .kind = ACTOR_OFFICIAL, .account_id = 77, .org_id = 5, .session_id = 9 };

static void append_rows(Db *db, void *argument)
{
    for (int i = 1; i <= *(int *)argument; i++)
        audit_as(db, &an_official, "test.write", fmt("thing:%d", i), "ok",
                 json_set_int(json_new(), "number", i));
}

static Store *store_with(int rows)
{
    static const char *const rooms[] = { "src/platform/audit", NULL };
    Store *store = test_store_open();
    test_store_migrate(store, rooms);
    if (rows)
        store_write_wait(store, append_rows, &rows);
    return store;
}

static void run_sql(Db *db, void *sql)
{
    db_exec(db, sql);
}

static const char *verified(Store *store)
{
    Db *db = store_read_begin(store);
    Json complaints = json_list();
    bool sound = audit_verify(db, complaints);
    store_read_end(db);
    CHECK(sound == !json_array_size(complaints));
    return json_text(complaints);
}

static Json row_numbered(Store *store, int seq)
{
    Db *db = store_read_begin(store);
    Json row = db_row(db, "select * from audit where seq = ?1", I(seq));
    store_read_end(db);
    CHECK(row != NULL);
    return row;
}

TEST(an_untouched_chain_is_sound)
{
    Store *store = store_with(7);
    CHECK_TEXT(verified(store), "[]");
    Json first = row_numbered(store, 1), second = row_numbered(store, 2);
    CHECK_TEXT(json_str(first, "prev"), audit_genesis);
    CHECK_TEXT(json_str(second, "prev"), json_str(first, "hash"));
    CHECK_TEXT(json_str(second, "actor"), "u:77");
    CHECK_INT(json_id(second, "org_id"), 5);
    test_store_close(store);
}

TEST(a_change_in_any_column_is_named_with_its_row)
{
    static const struct {
        const char *column, *value;
    } changes[] = {
        { "at", "at + 1" },     { "actor", "'u:78'" },        { "on_behalf_of", "'u:1'" },
        { "org_id", "6" },      { "org_id", "null" },         { "org_id", "0" },
        { "session_id", "10" }, { "action", "'test.writf'" }, { "object", "'thing:40'" },
        { "case_id", "1" },     { "result", "'denied'" },     { "ip_prefix", "'10.0.0.0/24'" },
        { "trace_id", "''" },   { "details", "null" },        { "details", "'{\"number\":41}'" },
        { "prev_id", "1" },     { "prev", "hash" },           { "hash", "prev" },
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        Store *store = store_with(6);
        Json row = row_numbered(store, 4);
        store_write_wait(store, run_sql,
                         fmt("update audit set %s = %s where seq = 4", changes[i].column, changes[i].value));
        CHECK_TEXT(verified(store), fmt("[\"audit row %s (stream %lld, seq 4): content was changed\"]",
                                        json_str(row, "id"), (long long)json_int(row, "stream")));
        test_store_close(store);
    }
}

/* SQLite keeps what it is given, whatever the column's type. */
TEST(bytes_that_are_no_text_or_no_number_are_named_too)
{
    static const char *const changes[] = { "actor = cast(x'75FF37' as text)", "at = 'yesterday'",
                                           "details = '{\"number\":4'", "org_id = 5.5", "hash = x'00'" };
    if (getenv("SEN_TEST_STORE"))
        test_skip("PostgreSQL refuses such values");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        Store *store = store_with(6);
        Json row = row_numbered(store, 4);
        store_write_wait(store, run_sql, fmt("update audit set %s where seq = 4", changes[i]));
        if (!strstr(verified(store), fmt("audit row %s (stream %lld, seq 4): content was changed",
                                         json_str(row, "id"), (long long)json_int(row, "stream"))))
            CHECK_TEXT(verified(store), changes[i]);
        test_store_close(store);
    }
}

TEST(a_changed_key_is_named)
{
    Store *store = store_with(6);
    Json row = row_numbered(store, 4);
    store_write_wait(store, run_sql, (void *)"update audit set id = 12345 where seq = 4");
    CHECK(strstr(verified(store), fmt("audit row 12345 (stream %lld, seq 4): content was changed",
                                      (long long)json_int(row, "stream"))));
    test_store_close(store);
}

TEST(a_deleted_row_is_named_by_its_key)
{
    Store *store = store_with(6);
    Json row = row_numbered(store, 4);
    store_write_wait(store, run_sql, (void *)"delete from audit where seq = 4");
    CHECK_TEXT(verified(store), fmt("[\"audit row %s (stream %lld, seq 4): missing\"]", json_str(row, "id"),
                                    (long long)json_int(row, "stream")));
    test_store_close(store);
}

TEST(the_last_row_cannot_be_cut_off)
{
    Store *store = store_with(6);
    Json row = row_numbered(store, 6);
    store_write_wait(store, run_sql, (void *)"delete from audit where seq = 6");
    CHECK_TEXT(verified(store), fmt("[\"audit row %s (stream %lld, seq 6): missing\"]", json_str(row, "id"),
                                    (long long)json_int(row, "stream")));
    test_store_close(store);
}

static void rewrite(Db *db, void *argument)
{
    int seq = *(int *)argument;
    Json row = db_row(db, "select * from audit where seq = ?1", I(seq));
    json_set_str(row, "action", "test.forged");
    json_object_del(row, "hash");
    db_exec(db, "update audit set action = 'test.forged', hash = ?2 where seq = ?1", I(seq),
            T(audit_hash(row)));
}

TEST(a_row_rewritten_with_its_hash_breaks_the_chain_behind_it)
{
    Store *store = store_with(6);
    Json row = row_numbered(store, 5), forged = row_numbered(store, 4);
    store_write_wait(store, rewrite, &(int){ 4 });
    CHECK_TEXT(verified(store),
               fmt("[\"audit row %s (stream %lld, seq 5): chain broken: it does not follow row %s (seq 4), "
                   "one of the two "
                   "was rewritten\"]",
                   json_str(row, "id"), (long long)json_int(row, "stream"), json_str(forged, "id")));
    store_write_wait(store, rewrite, &(int){ 6 });
    CHECK(strstr(verified(store), "seq 6): chain broken: the head of the stream holds another hash"));
    test_store_close(store);
}

TEST(a_removed_head_is_noticed)
{
    Store *store = store_with(3);
    store_write_wait(store, run_sql, (void *)"delete from audit_head");
    CHECK(strstr(verified(store), "seq 3): the head of the stream is missing"));
    test_store_close(store);
}

static void append_rejected(Db *db, void *argument)
{
    append_rows(db, argument);
    db_reject(db);
}

TEST(a_refused_change_leaves_no_row_and_no_gap)
{
    Store *store = store_with(2);
    store_write_wait(store, append_rejected, &(int){ 3 });
    store_write_wait(store, append_rows, &(int){ 1 });
    Db *db = store_read_begin(store);
    CHECK_INT(db_int(db, "select count(*) from audit"), 3);
    store_read_end(db);
    CHECK_TEXT(verified(store), "[]");
    test_store_close(store);
}

TEST(a_read_from_a_snapshot_is_durable_after_the_flush)
{
    Store *store = store_with(0);
    Actor actor = an_official;
    Request rq = {
        .actor = &actor, .now = now_ms(), .ip = "203.0.113.9", .trace_id = "t1", .db = store_read_begin(store)
    };
    for (int i = 0; i < 20; i++)
        audit_read(&rq, "test.read", "person:087199912345");
    store_read_end(rq.db);
    audit_flush();
    Json row = row_numbered(store, 20);
    CHECK_TEXT(json_str(row, "object"), "person:087******345");
    CHECK_TEXT(json_str(row, "ip_prefix"), "203.0.113.0/24");
    CHECK_TEXT(verified(store), "[]");
    test_store_close(store);
}

static void append_case(Db *db, void *argument)
{
    (void)argument;
    Json details = json_set_id(json_set_str(json_new(), "on_behalf_of", "u:5"), "case_id", 42);
    audit_as(db, system_actor(), "test.case", "dossier:42", "ok", details);
}

TEST(the_case_and_whom_one_acts_for_have_columns_of_their_own)
{
    Store *store = store_with(0);
    store_write_wait(store, append_case, NULL);
    Json row = row_numbered(store, 1);
    CHECK_INT(json_id(row, "case_id"), 42);
    CHECK_TEXT(json_str(row, "on_behalf_of"), "u:5");
    CHECK(!json_has(row, "details"));
    CHECK_TEXT(verified(store), "[]");
    test_store_close(store);
}

TEST(an_anchor_convicts_a_chain_that_was_rewritten_as_a_whole)
{
    Store *store = store_with(4);
    Db *db = store_read_begin(store);
    Json heads = db_rows(db, "select stream, seq, row_id, hash from audit_head order by stream");
    store_read_end(db);
    store_write_wait(
        store, run_sql,
        fmt("insert into audit_anchor (day, at, rows_total, root, heads) values (1, 1, 4, '%s', '%s')",
            audit_root(heads), json_text(heads)));
    CHECK_TEXT(verified(store), "[]");
    store_write_wait(store, rewrite, &(int){ 4 });
    store_write_wait(store, run_sql,
                     (void *)"update audit_head set hash = (select hash from audit where seq = 4)");
    CHECK(strstr(verified(store), "seq 4): differs from what was anchored"));
    test_store_close(store);
}

TEST(the_root_of_three_heads_is_the_merkle_root)
{
    /* echo -n '1|1|a' | sha256sum and so on; the odd leaf goes up as it is */
    Json heads = json_list();
    const char *hashes[] = { "a", "b", "c" };
    for (int i = 0; i < 3; i++)
        json_add(heads, json_set_str(json_set_int(json_set_int(json_new(), "stream", i + 1), "seq", 1),
                                     "hash", hashes[i]));
    CHECK_TEXT(audit_root(heads), "7755275221a9d8289aa6e991a4728862a443e3418f87b92f8bdd2d39253d8414");
}

int main(void)
{
    return run_tests((Test[]){ TEST_CASE(the_worked_example_of_the_specification_comes_out),
                               TEST_CASE(the_seal_is_the_hash_of_canonical_json_whatever_the_text_holds),
                               TEST_CASE(secrets_and_personal_numbers_do_not_get_into_the_details),
                               TEST_CASE(an_untouched_chain_is_sound),
                               TEST_CASE(a_change_in_any_column_is_named_with_its_row),
                               TEST_CASE(bytes_that_are_no_text_or_no_number_are_named_too),
                               TEST_CASE(a_changed_key_is_named),
                               TEST_CASE(a_deleted_row_is_named_by_its_key),
                               TEST_CASE(the_last_row_cannot_be_cut_off),
                               TEST_CASE(a_row_rewritten_with_its_hash_breaks_the_chain_behind_it),
                               TEST_CASE(a_removed_head_is_noticed),
                               TEST_CASE(a_refused_change_leaves_no_row_and_no_gap),
                               TEST_CASE(a_read_from_a_snapshot_is_durable_after_the_flush),
                               TEST_CASE(the_case_and_whom_one_acts_for_have_columns_of_their_own),
                               TEST_CASE(an_anchor_convicts_a_chain_that_was_rewritten_as_a_whole),
                               TEST_CASE(the_root_of_three_heads_is_the_merkle_root),
                               { 0 } });
}
