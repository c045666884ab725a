/* Finding things by what people type: without marks, by beginnings of words, in any order, and never by
 * anything else. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/test.h"
#include "base/text.h"
#include "platform/search/search.h"
#include "store/test_store.h"

#include <stdio.h>
#include <string.h>

static Store *store;

typedef struct Thing {
    const char *kind;
    int64_t id;
    const char *title, *text;
} Thing;

static const Thing things[] = {
    { "procedure", 1, "Chứng thực bản sao từ bản chính giấy tờ, văn bản",
      "Ủy ban nhân dân cấp xã, tổ chức hành nghề công chứng" },
    { "procedure", 2, "Đăng ký khai sinh",
      "Giấy chứng sinh; trường hợp không có giấy chứng sinh thì văn bản của người làm chứng" },
    { "procedure", 3, "Đăng ký kết hôn", "Tờ khai đăng ký kết hôn" },
    { "procedure", 4, "Đăng ký lại khai sinh", "Bản sao giấy khai sinh cũ" },
    { "dossier", 3, "H20.17-20261120-0000123", "Nguyễn Thị Bản Sao" },
    { "dossier", 5, "H20.17-20261120-0000456", "Trần Văn Đức, Đồng Tháp" },
    { 0 },
};

static void put_all(Db *db, void *unused)
{
    (void)unused;
    for (const Thing *t = things; t->kind; t++)
        search_put(db, t->kind, t->id, t->title, t->text);
}

static void open_filled(void)
{
    store = test_store_open();
    test_store_migrate(store, (const char *const[]){ "src/platform/search", NULL });
    store_write_wait(store, put_all, NULL);
}

/* "1 4": the ids found, best first. */
static const char *found(const char *kind, const char *typed)
{
    int64_t *ids;
    char *text = "";
    Db *db = store_read_begin(store);
    size_t count = search_find(db, kind, typed, 10, &ids);
    store_read_end(db);
    for (size_t i = 0; i < count; i++)
        text = fmt("%s%s%lld", text, i ? " " : "", (long long)ids[i]);
    return text;
}

/* The same through a condition of a list. */
static const char *listed(const char *kind, const char *typed)
{
    char *text = "";
    Db *db = store_read_begin(store);
    Json rows = db_rows(
        db, fmt("with t(id) as (values (1), (2), (3), (4), (5)) select id from t where %s order by id",
                search_sql(db, kind, typed, "t.id")));
    store_read_end(db);
    json_each (rows, i, row)
        text = fmt("%s%s%lld", text, i ? " " : "", (long long)json_id(row, "id"));
    return text;
}

TEST(words_without_marks_find_words_with_marks)
{
    open_filled();
    CHECK_TEXT(found("procedure", "chung thuc ban sao"), "1");
    CHECK_TEXT(found("procedure", "CHỨNG THỰC BẢN SAO"), "1");
    CHECK_TEXT(found("procedure", "dang ky ket hon"), "3");
    CHECK_TEXT(found("dossier", "dong thap"), "5");
    CHECK_TEXT(found("dossier", "duc dong"), "5");
    test_store_close(store);
}

TEST(the_beginning_of_a_word_is_enough)
{
    open_filled();
    CHECK_TEXT(found("procedure", "chu thu"), "1");
    CHECK_TEXT(found("procedure", "ket ho"), "3");
    CHECK_TEXT(found("procedure", "hon"), "3");
    CHECK_TEXT(found("procedure", "on"), ""); /* the end of a word is not */
    CHECK_TEXT(found("dossier", "0000123"), "3");
    CHECK_TEXT(found("dossier", "h20.17-20261120-00004"), "5");
    test_store_close(store);
}

TEST(words_may_come_in_any_order_and_all_must_be_there)
{
    open_filled();
    CHECK_TEXT(found("procedure", "sao ban"), "1 4");
    CHECK_TEXT(found("procedure", "hon ket"), "3");
    CHECK_TEXT(found("procedure", "hon sinh"), "");
    test_store_close(store);
}

TEST(a_word_in_the_title_weighs_more_than_one_in_the_text)
{
    open_filled();
    CHECK_TEXT(found("procedure", "bản sao"), "1 4");
    CHECK_TEXT(found("procedure", "chứng"), "1 2");
    test_store_close(store);
}

TEST(one_kind_does_not_find_another)
{
    open_filled();
    CHECK_TEXT(found("dossier", "ban sao"), "3");
    CHECK_TEXT(found("doss", "ban sao"), "");
    CHECK_TEXT(found("dossierh20", ""), "");
    CHECK_TEXT(listed("dossier", "ban sao"), "3");
    CHECK_TEXT(listed("procedure", "ban sao"), "1 4");
    test_store_close(store);
}

static void put_wrong_kind(Db *db, void *unused)
{
    (void)unused;
    search_put(db, "procedure' or 1=1", 1, "a", "b");
}

TEST(what_looks_like_a_query_language_is_only_text)
{
    static const char *const nasty[] = {
        "zz' or '1'='1",
        "\"zz\" OR procedure",
        "zz* OR chung",
        "zz NOT ban",
        "title : zz",
        "{title} : zz",
        "zz') or 1=1 --",
        "zz; drop table search_text",
        "zz':* | 'procedure·ban",
        "procedure·ban",
        "zz ?1",
        "zz\\' or 1",
        "^zz",
        "NEAR(zz ban)",
        "zz:A",
        "zz & !ban",
    };
    open_filled();
    for (size_t i = 0; i < sizeof nasty / sizeof *nasty; i++) {
        CHECK_TEXT(found("procedure", nasty[i]), "");
        CHECK_TEXT(listed("procedure", nasty[i]), "");
    }
    CHECK_TEXT(found("procedure", "chung"), "1 2"); /* and everything is still there */
    CHECK_FAULT(FAULT_INTERNAL, store_write_wait(store, put_wrong_kind, NULL));
    test_store_close(store);
}

TEST(nothing_searchable_finds_nothing_and_filters_nothing)
{
    open_filled();
    CHECK_TEXT(found("procedure", ""), "");
    CHECK_TEXT(found("procedure", " \"*' -- "), "");
    CHECK_TEXT(listed("procedure", "…"), "1 2 3 4 5");
    test_store_close(store);
}

static void change(Db *db, void *unused)
{
    (void)unused;
    search_put(db, "procedure", 3, "Ly hôn", NULL);
    search_remove(db, "procedure", 1);
    search_remove(db, "procedure", 999);
}

TEST(new_text_replaces_the_old_and_removed_things_are_gone)
{
    open_filled();
    store_write_wait(store, change, NULL);
    CHECK_TEXT(found("procedure", "ket hon"), "");
    CHECK_TEXT(found("procedure", "ly hon"), "3");
    CHECK_TEXT(found("procedure", "chung thuc"), "");
    CHECK_TEXT(listed("procedure", "khai sinh"), "2 4");
    store_write_wait(store, put_all, NULL);
    CHECK_TEXT(found("procedure", "ket hon"), "3");
    CHECK_TEXT(found("procedure", "ly"), "");
    CHECK_TEXT(store_integrity(store), "");
    test_store_close(store);
}

static void put_long(Db *db, void *unused)
{
    (void)unused;
    Buf text = { 0 };
    for (int i = 0; i < 100000; i++)
        buf_text(&text, i % 7 ? "chữ " : "từ ở ");
    search_put(db, "page", 1, "Trang dài", buf_end(&text));
    char *word = alloc(2001);
    memset(word, 'w', 2000);
    search_put(db, "page", 2, word, "語彙 ελληνικά");
}

TEST(long_texts_long_words_and_other_scripts_are_taken)
{
    open_filled();
    store_write_wait(store, put_long, NULL);
    CHECK_TEXT(found("page", "trang dai"), "1");
    CHECK_TEXT(found("page", "wwww"), "2");
    CHECK_TEXT(found("page", "語 ελληνικα"), "2");
    char *word = alloc(301);
    memset(word, 'w', 300);
    CHECK_TEXT(found("page", word), "2");
    test_store_close(store);
}

enum { MANY = 60000 };

static void put_many(Db *db, void *unused)
{
    static const char *const family[] = { "Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh" }, *const given[] = {
        "An", "Bình", "Đức", "Hoa", "Yến", "Tú", "Thảo"
    };
    (void)unused;
    for (int i = 0; i < MANY; i++)
        search_put(db, "dossier", 1000 + i, fmt("H20.17-20261120-%07d", i),
                   fmt("%s Thị %s, Chứng thực bản sao từ bản chính", family[i % 5], given[i % 7]));
}

TEST(sixty_thousand_things_are_put_in_seconds_and_found_in_milliseconds)
{
    open_filled();
    int64_t began = monotonic_us();
    store_write_wait(store, put_many, NULL);
    int64_t put = monotonic_us();
    store_write_wait(store, put_all, NULL); /* SQLite's writer first moves its log into the database */
    int64_t ready = monotonic_us();
    CHECK_TEXT(found("dossier", "0059999"), "60999");
    int64_t rare = monotonic_us();
    CHECK(strlen(found("dossier", "nguyen thi duc")) > 0);
    int64_t few = monotonic_us();
    CHECK(text_starts(found("dossier", "thi"), "60999 60998 60997")); /* more than are ranked: the newest */
    int64_t many = monotonic_us();
    CHECK(text_starts(found("dossier", "2026"), "60999 60998")); /* in titles */
    int64_t titles = monotonic_us();
    printf("# put %d: %lld ms; found in us: one %lld, some %lld, all %lld, all by title %lld\n", MANY,
           (long long)(put - began) / 1000, (long long)(rare - ready), (long long)(few - rare),
           (long long)(many - few), (long long)(titles - many));
    CHECK(put - began < 60 * 1000000ll); /* generous: sanitizers and loaded machines */
    test_store_close(store);
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(words_without_marks_find_words_with_marks),
        TEST_CASE(the_beginning_of_a_word_is_enough),
        TEST_CASE(words_may_come_in_any_order_and_all_must_be_there),
        TEST_CASE(a_word_in_the_title_weighs_more_than_one_in_the_text),
        TEST_CASE(one_kind_does_not_find_another),
        TEST_CASE(what_looks_like_a_query_language_is_only_text),
        TEST_CASE(nothing_searchable_finds_nothing_and_filters_nothing),
        TEST_CASE(new_text_replaces_the_old_and_removed_things_are_gone),
        TEST_CASE(long_texts_long_words_and_other_scripts_are_taken),
        TEST_CASE(sixty_thousand_things_are_put_in_seconds_and_found_in_milliseconds),
        { 0 },
    });
}
