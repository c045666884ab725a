/* Texts, numbers, money in words, problem documents, pages and static files: with the templates and texts
 * that the program carries. */
#include "base/test.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/text.h"
#include "net/inside.h"
#include "platform/app/app.h"
#include "platform/app/assets.h"
#include "platform/app/start.h"
#include "platform/identity/identity.h"
#include "platform/view/filters.h"
#include "platform/view/i18n.h"
#include "platform/view/inside.h"
#include "platform/view/static_files.h"

#include <stdio.h>
#include <string.h>
#include <unicode/unum.h>
#include <unicode/ustring.h>

/* ---- Numbers and words ---- */

TEST(numbers_are_grouped_as_each_language_does)
{
    CHECK_TEXT(show_number("vi", 1234.5, 1), "1.234,5");
    CHECK_TEXT(show_number("en", 1234.5, 1), "1,234.5");
    CHECK_TEXT(show_number("vi", 999, 0), "999");
    CHECK_TEXT(show_number("vi", 1000000, 0), "1.000.000");
    CHECK_TEXT(show_number("vi", -1234567.891, 2), "-1.234.567,89");
    CHECK_TEXT(show_number("vi", 2.50, -2), "2,5");
    CHECK_TEXT(show_number("vi", 3.0, -2), "3");
    CHECK_TEXT(show_number("vi", -0.001, 1), "0,0");
    CHECK_TEXT(show_number("vi", 0.0 / 0.0, 1), "–");
}

TEST(money_and_percentages_are_written_as_people_write_them)
{
    CHECK_TEXT(show_money("vi", 20000), "20.000 đ");
    CHECK_TEXT(show_money("en", 20000), "20,000 đ");
    CHECK_TEXT(show_money("vi", 0), "0 đ");
    CHECK_TEXT(show_money("vi", INT64_MIN), "-9.223.372.036.854.775.808 đ");
    CHECK_TEXT(show_percent("vi", 0.965), "96,5 %");
    CHECK_TEXT(show_percent("en", 1), "100%");
    CHECK_TEXT(show_datetime("vi", 1795249800000), "15:30 21/11/2026");
    CHECK_TEXT(show_time("en", 1795249800000), "15:30");
    CHECK_TEXT(show_date("en", 1795249800000), "21/11/2026");
}

TEST(amounts_are_read_in_vietnamese)
{
    static const struct {
        int64_t vnd;
        const char *words;
    } facts[] = {
        { 0, "không đồng" },
        { 20000, "hai mươi nghìn đồng" },
        { 10, "mười đồng" },
        { 11, "mười một đồng" },
        { 14, "mười bốn đồng" },
        { 15, "mười lăm đồng" },
        { 21, "hai mươi mốt đồng" },
        { 24, "hai mươi tư đồng" },
        { 25, "hai mươi lăm đồng" },
        { 55, "năm mươi lăm đồng" },
        { 105, "một trăm linh năm đồng" },
        { 110, "một trăm mười đồng" },
        { 1005, "một nghìn không trăm linh năm đồng" },
        { 505155, "năm trăm linh năm nghìn một trăm năm mươi lăm đồng" },
        { 5025110, "năm triệu không trăm hai mươi lăm nghìn một trăm mười đồng" },
        { 1505555005, "một tỷ năm trăm linh năm triệu năm trăm năm mươi lăm nghìn không trăm linh năm đồng" },
        { 1500000000000, "một nghìn năm trăm tỷ đồng" },
        { 1000000, "một triệu đồng" },
        { -75000, "âm bảy mươi lăm nghìn đồng" },
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        CHECK_TEXT(money_in_words(facts[i].vnd), facts[i].words);
}

/* Unicode's own rules for reading numbers say "lẻ" where we say "linh"; below a million nothing else differs.
 */
TEST(amounts_are_read_as_unicode_reads_them)
{
    UErrorCode error = U_ZERO_ERROR;
    UNumberFormat *rules = unum_open(UNUM_SPELLOUT, NULL, 0, "vi", NULL, &error);
    CHECK(U_SUCCESS(error));
    for (int64_t n = 0; n < 1000000; n += n < 1200 ? 1 : 997) {
        UChar wide[300];
        char words[600];
        unum_formatInt64(rules, n, wide, 300, NULL, &error);
        u_strToUTF8(words, sizeof words, NULL, wide, -1, &error);
        CHECK_TEXT(money_in_words(n), fmt("%s đồng", text_replace(words, "lẻ", "linh")));
    }
    unum_close(rules);
}

/* ---- Texts ---- */

static void use_texts(void)
{
    static const char vi[] =
        "{\"a.hello\":\"Chào {name}\",\"a.dossiers\":\"{count} hồ sơ\",\"a.only\":\"Chỉ có tiếng Việt\","
        "\"a.due\":\"Hạn {date:at}, phí {money:fee} {x y} {\",\"a.task\":\"Việc: {t:title}\"}";
    static const char en[] =
        "{\"a.hello\":\"Hello {name}\",\"a.dossiers\":{\"zero\":\"no dossiers\",\"one\":\"{count} dossier\","
        "\"other\":\"{count} dossiers\"},\"a.due\":\"Due {date:at}, fee {money:fee} {x y} "
        "{\",\"a.task\":\"Task: {t:title}\"}";
    Texts *texts = texts_new();
    texts_add(texts, "src/a/i18n/vi.json", vi, strlen(vi));
    texts_add(texts, "src/a/i18n/en.json", en, strlen(en));
    texts_use(texts);
    CHECK_INT((int64_t)texts_complain(texts), 1);
}

TEST(a_value_that_is_the_key_of_a_text_is_shown_by_its_words)
{
    use_texts();
    CHECK_TEXT(text_in("vi", "a.task", json_set_str(json_new(), "title", "a.only")),
               "Việc: Chỉ có tiếng Việt");
    CHECK_TEXT(text_in("en", "a.task", json_set_str(json_new(), "title", "Thẩm định")), "Task: Thẩm định");
}

TEST(texts_are_filled_and_choose_their_plural)
{
    use_texts();
    Json values = json_set_str(json_new(), "name", "An");
    CHECK_TEXT(text_in("en", "a.hello", values), "Hello An");
    CHECK_TEXT(text_in("en", "a.dossiers", json_set_int(values, "count", 0)), "no dossiers");
    CHECK_TEXT(text_in("en", "a.dossiers", json_set_int(values, "count", 1)), "1 dossier");
    CHECK_TEXT(text_in("en", "a.dossiers", json_set_int(values, "count", 1284)), "1,284 dossiers");
    CHECK_TEXT(text_in("vi", "a.dossiers", json_set_int(values, "count", 1284)), "1.284 hồ sơ");
    json_set_int(json_set_int(values, "at", 1795249800000), "fee", 8000);
    CHECK_TEXT(text_in("vi", "a.due", values), "Hạn 21/11/2026, phí 8.000 đ {x y} {");
    texts_use(NULL);
}

TEST(a_text_that_english_lacks_is_shown_in_vietnamese)
{
    use_texts();
    CHECK_TEXT(text_in("en", "a.only", NULL), "Chỉ có tiếng Việt");
    CHECK(text_known("en", "a.only"));
    CHECK(!text_known("en", "a.nothing"));
    CHECK_TEXT(text_in("en", "a.nothing", NULL), "a.nothing");
    texts_use(NULL);
}

TEST(a_key_in_two_files_is_refused)
{
    Texts *texts = texts_new();
    texts_add(texts, "src/a/i18n/vi.json", "{\"k\":\"x\"}", 9);
    CHECK_FAULT(FAULT_INTERNAL, texts_add(texts, "src/b/i18n/vi.json", "{\"k\":\"y\"}", 9));
    CHECK_FAULT(FAULT_INTERNAL, texts_add(texts, "src/c/i18n/vi.json", "{\"n\":1}", 7));
}

TEST(moments_are_told_from_now)
{
    view_start();
    const int64_t now = 1795249800000;
    static const struct {
        int64_t before_ms;
        const char *vi, *en;
    } facts[] = {
        { 30 * SECOND_MS, "vừa xong", "just now" },
        { MINUTE_MS, "1 phút trước", "1 minute ago" },
        { 59 * MINUTE_MS, "59 phút trước", "59 minutes ago" },
        { 3 * HOUR_MS, "3 giờ trước", "3 hours ago" },
        { 2 * (int64_t)DAY_MS, "2 ngày trước", "2 days ago" },
        { 40 * (int64_t)DAY_MS, "1 tháng trước", "1 month ago" },
        { 364 * (int64_t)DAY_MS, "1 năm trước", "1 year ago" },
        { 800 * (int64_t)DAY_MS, "2 năm trước", "2 years ago" },
        { -2 * (int64_t)DAY_MS, "2 ngày nữa", "in 2 days" },
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        CHECK_TEXT(show_ago("vi", now - facts[i].before_ms, now), facts[i].vi);
        CHECK_TEXT(show_ago("en", now - facts[i].before_ms, now), facts[i].en);
    }
    view_stop();
}

/* ---- Pages and problems ---- */

static Request *request(const char *lang, bool wants_json)
{
    static Actor stranger = { .kind = ACTOR_STRANGER, .csrf = "token" };
    static const Settings settings = { .demo = true };
    Exchange *ex = alloc(sizeof *ex);
    Request *rq = &ex->rq;
    app_use(&settings, NULL, NULL);
    *rq = (Request){ .method = GET,
                     .path = "/design",
                     .target = "/design?a=1&b=2",
                     .now = 1795249800000,
                     .trace_id = "trace1",
                     .lang = lang,
                     .wants_json = wants_json,
                     .actor = &stranger,
                     .connection = ex,
                     .errors = json_list() };
    return rq;
}

static void set_cookie(Request *rq, const char *line)
{
    Exchange *ex = rq->connection;
    ex->headers = alloc(sizeof *ex->headers);
    ex->headers[0] = (HeaderLine){ "Cookie", line };
    ex->header_count = 1;
}

static const char *rendered(Request *rq, Reply *reply)
{
    view_render(rq, reply);
    CHECK_INT(reply->kind, REPLY_BYTES);
    return text_copy_n(reply->bytes, reply->size);
}

static const char *header_of(const Reply *reply, const char *name)
{
    for (const ReplyHeader *h = reply->headers; h; h = h->next)
        if (text_is(h->name, name))
            return h->value;
    return NULL;
}

TEST(a_refusal_is_a_problem_document_for_programs)
{
    view_start();
    Request *rq = request("vi", true);
    rq->errors = json_list();
    invalid(rq, "full_name", "check.too-long",
            json_set_int(json_set_str(json_new(), "rule", "too-long"), "max", 120));
    Reply reply = { .status = 422,
                    .kind = REPLY_PROBLEM,
                    .code = "http.invalid-input",
                    .model = json_set_int(json_new(), "limit", 7) };
    const char *text = rendered(rq, &reply);
    Json p = json_parse_own(text, strlen(text), "problem");
    CHECK_TEXT(reply.type, "application/problem+json");
    CHECK_TEXT(json_str(p, "type"), "urn:sen:problem:http.invalid-input");
    CHECK_TEXT(json_str(p, "title"), "Thông tin chưa hợp lệ");
    CHECK_INT(json_int(p, "status"), 422);
    CHECK_TEXT(json_str(p, "detail"), "Có mục điền chưa đúng. Xin xem từng mục được đánh dấu.");
    CHECK_TEXT(json_str(p, "instance"), "urn:sen:trace:trace1");
    CHECK_INT(json_int(p, "limit"), 7);
    Json error = json_array_get(json_at(p, "errors"), 0);
    CHECK_TEXT(json_str(error, "path"), "full_name");
    CHECK_TEXT(json_str(error, "rule"), "too-long");
    CHECK_TEXT(json_str(error, "message"), "Nội dung dài quá 120 ký tự.");
    view_stop();
}

TEST(a_refusal_is_a_page_for_people_that_says_what_to_do)
{
    view_start();
    Reply reply = { .status = 404, .kind = REPLY_PROBLEM, .code = "no.such.code" };
    const char *html = rendered(request("en", false), &reply);
    CHECK_TEXT(reply.type, "text/html; charset=utf-8");
    CHECK(strstr(html, "<title>This page was not found · "));
    CHECK(strstr(html, "Check the address, or begin at the start page."));
    CHECK(!strstr(html, "no.such.code"));
    view_stop();
}

static Reply a_page(void)
{
    Json model = json_set_str(json_new(), "title", "Tí & Tèo <x>");
    json_set_str(model, "detail", "y");
    return (Reply){ .status = 200, .kind = REPLY_PAGE, .template = "view/problem", .model = model };
}

TEST(a_page_is_html_with_its_layout_a_part_or_its_model)
{
    view_start();
    Reply whole = a_page(), part = a_page(), program = a_page();
    const char *html = rendered(request("vi", false), &whole);
    CHECK(text_starts(html, "<!doctype html>"));
    CHECK(strstr(html, "<title>Tí &amp; Tèo &lt;x&gt; · Sen Đồng Tháp</title>"));
    CHECK(strstr(html, "href=\"/language/en?back=%2Fdesign%3Fa%3D1%26b%3D2\""));
    CHECK(strstr(html, "Bản trình diễn"));
    CHECK(!strstr(html, "style=\"") && !strstr(html, "onclick") && !strstr(html, "<style"));
    Request *rq = request("vi", false);
    rq->fragment = true;
    CHECK(!strstr(rendered(rq, &part), "<html"));
    CHECK_TEXT(rendered(request("vi", true), &program), "{\"title\":\"Tí & Tèo <x>\",\"detail\":\"y\"}");
    CHECK_TEXT(program.type, "application/json");
    view_stop();
}

TEST(a_template_that_is_not_there_is_a_fault)
{
    view_start();
    Reply reply = { .status = 200, .kind = REPLY_PAGE, .template = "view/none", .model = json_new() };
    CHECK_FAULT(FAULT_INTERNAL, view_render(request("vi", false), &reply));
    view_stop();
}

TEST(a_notice_is_shown_once_and_only_if_its_text_exists)
{
    view_start();
    Request *rq = request("vi", false);
    Reply left = { .status = 303 }, shown = a_page(), forged = a_page();
    view_flash(&left, rq, "view.ago.days", json_set_int(json_new(), "count", 3));
    const char *cookie_line = header_of(&left, "Set-Cookie");
    CHECK(text_starts(cookie_line, "flash="));
    set_cookie(rq, text_copy_n(cookie_line, strcspn(cookie_line, ";")));
    CHECK(strstr(rendered(rq, &shown), "3 ngày trước</div>"));
    CHECK(text_starts(header_of(&shown, "Set-Cookie"), "flash=; "));
    set_cookie(rq, fmt("flash=%s", base64url_encode("{\"key\":\"<b>x</b>\"}", 19)));
    CHECK(!strstr(rendered(rq, &forged), "<b>x"));
    view_stop();
}

TEST(every_template_of_the_program_compiles_and_every_text_it_names_exists)
{
    view_start();
    for (const char **name = asset_names("web/views/c/", ".html"); *name; name++)
        CHECK(template_find(text_copy_n(*name + 10, strlen(*name) - 15)) != NULL);
    CHECK(template_find("layout") && template_find("public-layout") && template_find("bare-layout"));
    const char **keys;
    size_t count = text_keys(&keys);
    CHECK(count > 100);
    view_stop();
}

/* ---- Static files ---- */

TEST(static_files_have_the_digest_of_their_content_in_their_names)
{
    if (!asset_find("web/dist/app.css"))
        test_skip("web/dist was not built");
    const char *path = asset_path("app.css");
    Reply plain = { 0 }, packed = { 0 }, none = { 0 };
    CHECK(text_starts(path, "/assets/app-") && text_ends(path, ".css"));
    CHECK(view_asset(path + 8, false, false, &plain));
    CHECK_TEXT(plain.type, "text/css; charset=utf-8");
    CHECK_INT((int64_t)plain.size, (int64_t)asset_find("web/dist/app.css")->size);
    CHECK(view_asset(path + 8, true, true, &packed));
    CHECK_TEXT(header_of(&packed, "Content-Encoding"), "br");
    CHECK(packed.size < plain.size);
    CHECK(!view_asset("app-0000000000000000.css", false, false, &none));
    CHECK(!view_asset("app.css", false, false, &none));
    CHECK(!view_asset("../package.json", false, false, &none));
    CHECK(!view_asset("", false, false, &none));
}

TEST(fonts_are_found_by_the_names_that_the_style_sheet_has)
{
    if (!asset_find("web/dist/app.css"))
        test_skip("web/dist was not built");
    const char *path = asset_path("fonts/be-vietnam-pro-latin-400-normal.woff2");
    Reply reply = { 0 };
    CHECK(view_asset(path + 8, true, true, &reply));
    CHECK_TEXT(reply.type, "font/woff2");
    CHECK(memcmp(reply.bytes, "wOF2", 4) == 0);
    CHECK(strstr(asset_text("web/dist/app.css", NULL), path + 8));
}

/* ---- Speed ---- */

static Json wide_table(void)
{
    Json list = json_new(), columns = json_list(), rows = json_list();
    for (int c = 0; c < 7; c++)
        json_add(columns, json_set_str(json_new(), "title", fmt("Cột %d", c)));
    for (int r = 0; r < 100; r++) {
        Json cells = json_list();
        for (int c = 0; c < 7; c++) {
            Json cell =
                json_set_str(json_set_str(json_new(), "text", "Nguyễn Văn An"), "title", fmt("Cột %d", c));
            if (c == 0)
                json_set_str(cell, "href", "/dossiers/1");
            if (c == 6)
                json_set_str(json_set_bool(cell, "is_state", true), "colour", "green");
            json_add(cells, cell);
        }
        json_add(rows, json_set(json_set_str(json_new(), "id", fmt("%d", r)), "cells", cells));
    }
    return json_set(json_set(list, "columns", columns), "rows", rows);
}

TEST(a_table_of_a_hundred_rows_is_rendered_quickly)
{
    view_start();
    Json model = wide_table();
    const char *html = view_fragment("vi", "c/table", model);
    int64_t best = INT64_MAX;
    for (int i = 0; i < 20; i++) {
        int64_t began = monotonic_us();
        html = view_fragment("vi", "c/table", model);
        int64_t took = monotonic_us() - began;
        best = took < best ? took : best;
    }
    printf("# 100 rows of 7 cells, %zu bytes, in %lld us\n", strlen(html), (long long)best);
    CHECK(strstr(html, "<td data-title=\"Cột 6\"><span class=\"chip chip-green\">"));
    CHECK(best < 50000); /* with sanitizers on a busy machine; the bench has the real figure */
    view_stop();
}

int main(void)
{
    return run_tests(
        (Test[]){ TEST_CASE(numbers_are_grouped_as_each_language_does),
                  TEST_CASE(money_and_percentages_are_written_as_people_write_them),
                  TEST_CASE(amounts_are_read_in_vietnamese),
                  TEST_CASE(amounts_are_read_as_unicode_reads_them),
                  TEST_CASE(a_value_that_is_the_key_of_a_text_is_shown_by_its_words),
                  TEST_CASE(texts_are_filled_and_choose_their_plural),
                  TEST_CASE(a_text_that_english_lacks_is_shown_in_vietnamese),
                  TEST_CASE(a_key_in_two_files_is_refused),
                  TEST_CASE(moments_are_told_from_now),
                  TEST_CASE(a_refusal_is_a_problem_document_for_programs),
                  TEST_CASE(a_refusal_is_a_page_for_people_that_says_what_to_do),
                  TEST_CASE(a_page_is_html_with_its_layout_a_part_or_its_model),
                  TEST_CASE(a_template_that_is_not_there_is_a_fault),
                  TEST_CASE(a_notice_is_shown_once_and_only_if_its_text_exists),
                  TEST_CASE(every_template_of_the_program_compiles_and_every_text_it_names_exists),
                  TEST_CASE(static_files_have_the_digest_of_their_content_in_their_names),
                  TEST_CASE(fonts_are_found_by_the_names_that_the_style_sheet_has),
                  TEST_CASE(a_table_of_a_hundred_rows_is_rendered_quickly),
                  { 0 } });
}
