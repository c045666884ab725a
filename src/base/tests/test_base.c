/* base: what the rest stands on. Facts come from RFC 4648 §10, FIPS 180-4, RFC 4231, Unicode, and the
 * calendar. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/map.h"
#include "base/test.h"
#include "base/text.h"
#include "base/clock.h"

#include <string.h>

TEST(folding_removes_vietnamese_marks)
{
    CHECK_TEXT(text_fold("Đồng Tháp"), "dong thap");
    CHECK_TEXT(text_fold("  Chứng thực BẢN SAO (từ bản chính) "), "chung thuc ban sao tu ban chinh");
    CHECK_TEXT(text_fold("Nguye\xcc\x82\xcc\x83n"), "nguyen"); /* decomposed input */
    CHECK_TEXT(text_fold("1.001193"), "1 001193");
}

TEST(nfc_composes_and_drops_controls)
{
    CHECK_TEXT(text_nfc("Nguye\xcc\x82\xcc\x83n\x01 A\tB"), "Nguyễn A\tB");
}

TEST(utf8_refuses_overlong_surrogate_and_nul)
{
    CHECK(utf8_valid("Đồng", strlen("Đồng")));
    CHECK(!utf8_valid("\xc0\xaf", 2));
    CHECK(!utf8_valid("\xed\xa0\x80", 3));
    CHECK(!utf8_valid("a\0b", 3));
    CHECK(!utf8_valid("\xe1\xba", 2));
}

TEST(base64_and_base32_follow_rfc4648)
{
    size_t n;
    CHECK_TEXT(base64_encode("foobar", 6), "Zm9vYmFy");
    CHECK_TEXT(base64_encode("fooba", 5), "Zm9vYmE=");
    CHECK_TEXT(base64_encode("foob", 4), "Zm9vYg==");
    CHECK_TEXT(base32_encode("fooba", 5), "MZXW6YTB");
    CHECK_TEXT(base32_encode("foob", 4), "MZXW6YQ");
    CHECK_TEXT(base64_decode("Zm9vYg==", &n), "foob");
    CHECK_INT(n, 4);
    CHECK(base64_decode("Zm9v!g==", &n) == NULL);
}

TEST(digests_follow_fips_and_rfc4231)
{
    unsigned char mac[SHA256_SIZE];
    CHECK_TEXT(sha256_hex("abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
    CHECK_TEXT(hex_encode(mac, 32), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    char key[131]; /* test case 6: a key longer than a block is hashed first */
    memset(key, 0xaa, sizeof key);
    hmac_sha256(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, mac);
    CHECK_TEXT(hex_encode(mac, 32), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(civil_dates_go_both_ways)
{
    int y, m, d;
    CHECK_INT(days_from_civil(1970, 1, 1), 0);
    CHECK_INT(days_from_civil(2000, 3, 1), 11017);
    civil_from_days(-1, &y, &m, &d);
    CHECK(y == 1969 && m == 12 && d == 31);
    CHECK_INT(local_time(local_ms(2026, 11, 20, 16, 0, 0)).weekday, 5);
    CHECK_TEXT(time_iso(local_ms(2026, 11, 20, 16, 0, 0)), "2026-11-20T09:00:00.000Z");
    CHECK_TEXT(time_vi(local_ms(2026, 11, 20, 16, 5, 0)), "16:05 20/11/2026");
}

TEST(times_parse_as_people_and_programs_write_them)
{
    int64_t t;
    CHECK(time_parse("21/11/2026", &t) && t == local_ms(2026, 11, 21, 0, 0, 0));
    CHECK(time_parse("2026-01-05T01:30:00.000Z", &t) && t == local_ms(2026, 1, 5, 8, 30, 0));
    CHECK(time_parse("2026-11-20T15:10", &t) && t == local_ms(2026, 11, 20, 15, 10, 0));
    CHECK(!time_parse("31/02/2026", &t));
    CHECK(!time_parse("2026-13-01", &t));
    CHECK(!time_parse("2026-01-05T25:00:00Z", &t));
    CHECK(!time_parse("mai", &t));
}

TEST(json_refuses_duplicates_depth_and_bad_utf8)
{
    char e[200], deep[400];
    CHECK(json_parse("{\"a\":1,\"a\":2}", 13, e, sizeof e) == NULL);
    memset(deep, '[', 200);
    memset(deep + 200, ']', 200);
    CHECK(json_parse(deep, 400, e, sizeof e) == NULL);
    CHECK(json_parse("\"\xff\"", 3, e, sizeof e) == NULL);
    Json v = json_parse("{\"a\":{\"b\":\"90071992547409931\"}}", 31, e, sizeof e);
    CHECK(json_id(v, "a.b") == 90071992547409931);
    CHECK_TEXT(json_str(v, "a.missing"), "");
}

TEST(kept_json_outlives_the_arena)
{
    Arena *inner = arena_new(0), *outer = arena_use(inner);
    Json kept = json_keep(json_set_str(json_new(), "name", "Sen"));
    arena_use(outer);
    arena_free(inner);
    CHECK_TEXT(json_str(kept, "name"), "Sen");
    json_drop(kept);
}

TEST(map_keeps_order_and_replaces)
{
    Map map = { 0 };
    for (int i = 0; i < 1000; i++)
        map_put(&map, fmt("k%d", i), fmt("%d", i));
    map_put(&map, "k7", "seven");
    CHECK_INT(map.count, 1000);
    CHECK_TEXT(map_get(&map, "k7"), "seven");
    CHECK_TEXT(map_get(&map, "k999"), "999");
    CHECK(map_get(&map, "none") == NULL);
    CHECK_TEXT(map.entries[999].key, "k999");
}

TEST(ids_strictly_increase)
{
    int64_t before = id_new();
    for (int i = 0; i < 10000; i++) {
        int64_t next = id_new();
        CHECK(next > before);
        before = next;
    }
}

static int released;

static void count_release(void *what)
{
    (void)what;
    released++;
}

static void some_work(void)
{
    arena_defer(count_release, NULL);
    Json j = json_set_str(json_new(), "text", fmt("%0*d", 3000, 7));
    Buf b = { 0 };
    for (int i = 0; i < 50; i++)
        buf_text(&b, json_text(j));
    text_fold("Chứng thực bản sao từ bản chính giấy tờ, văn bản");
}

TEST(every_failed_allocation_is_a_fault_and_leaks_nothing)
{
    long faults = 0;
    Arena *outer = arena_current();
    for (long n = 1;; n++) {
        Guard guard;
        Arena *inner = arena_new(0);
        released = 0;
        guard_enter(&guard);
        alloc_fail_after(n);
        volatile bool done = false;
        if (setjmp(guard.at) == 0) {
            arena_use(inner);
            some_work();
            guard_leave(&guard);
            done = true;
        } else {
            CHECK_INT(guard.fault.kind, FAULT_MEMORY);
            faults++;
        }
        alloc_fail_after(0);
        arena_use(outer);
        arena_free(inner);
        CHECK(released == 1 || n <= 2);
        if (done)
            break;
    }
    CHECK(faults > 5);
}

TEST(an_arena_keeps_to_its_limit)
{
    Arena *outer = arena_current(), *small = arena_new(10000);
    arena_use(small);
    CHECK_FAULT(FAULT_MEMORY, for (;;) alloc(100));
    arena_use(outer);
    arena_free(small);
}

int main(void)
{
    return run_tests((Test[]){ TEST_CASE(folding_removes_vietnamese_marks),
                               TEST_CASE(nfc_composes_and_drops_controls),
                               TEST_CASE(utf8_refuses_overlong_surrogate_and_nul),
                               TEST_CASE(base64_and_base32_follow_rfc4648),
                               TEST_CASE(digests_follow_fips_and_rfc4231),
                               TEST_CASE(civil_dates_go_both_ways),
                               TEST_CASE(times_parse_as_people_and_programs_write_them),
                               TEST_CASE(json_refuses_duplicates_depth_and_bad_utf8),
                               TEST_CASE(kept_json_outlives_the_arena),
                               TEST_CASE(map_keeps_order_and_replaces),
                               TEST_CASE(ids_strictly_increase),
                               TEST_CASE(every_failed_allocation_is_a_fault_and_leaks_nothing),
                               TEST_CASE(an_arena_keeps_to_its_limit),
                               { 0 } });
}
