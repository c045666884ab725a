/* The parameter check: what each type takes, what it makes of it, and how it says no. */
#include "base/clock.h"
#include "base/test.h"
#include "net/inside.h"

static const Param params[] = {
    { "name", PARAM_TEXT, .required = true, .min = 2, .max = 10 },
    { "note", PARAM_TEXT },
    { "age", PARAM_INT, .min = 0, .max = 150 },
    { "ph", PARAM_NUMBER, .min = 0, .max = 14 },
    { "fee", PARAM_INT },
    { "level", PARAM_NUMBER },
    { "agreed", PARAM_BOOL },
    { "born", PARAM_DATE },
    { "unit_id", PARAM_ID },
    { "kind", PARAM_CHOICE, .choices = "new|renew|replace" },
    { "extra", PARAM_JSON },
    { "tags", PARAM_TEXTS },
    { "scan", PARAM_FILE },
    { 0 },
};

static const Route strict = { .method = POST, .path = "/x", .params = params };
static const Route open_route = {
    .method = POST, .path = "/x", .params = params, .flags = ROUTE_OPEN_PARAMS
};

static Request check_as(const Route *route, const char *typed, const char *body_type)
{
    Request rq = { .method = POST, .route = route, .body_type = body_type };
    rq.typed = json_parse_own(typed, slice(typed).size, "test");
    params_check(&rq);
    return rq;
}

static Request check_form(const char *typed)
{
    return check_as(&strict, typed, "application/x-www-form-urlencoded");
}

/* The rule of the first error and its field: "name required". */
static const char *complaint(const char *typed)
{
    Request rq = check_form(typed);
    Json error = json_array_get(rq.errors, 0);
    return error ? fmt("%s %s", json_str(error, "path"), json_str(error, "rule")) : "none";
}

TEST(text_is_composed_trimmed_and_counted_in_code_points)
{
    Request rq = check_form("{\"name\": \"  Nguye\xcc\x82\xcc\x83n  \"}");
    CHECK(!has_errors(&rq));
    CHECK_TEXT(in_str(&rq, "name"), "Nguyễn");
    CHECK_TEXT(complaint("{\"name\": \"Nguyễn Văn\"}"), "none");
    CHECK_TEXT(complaint("{\"name\": \"Nguyễn Văn A\"}"), "name too-long");
    CHECK_TEXT(complaint("{\"name\": \"A\"}"), "name too-short");
    CHECK_TEXT(complaint("{\"name\": \"   \"}"), "name required");
    CHECK_TEXT(complaint("{\"name\": null}"), "name required");
    CHECK_TEXT(complaint("{\"name\": 5}"), "name not-a-text");
    CHECK_TEXT(complaint("{\"name\": [\"An\", \"Ba\"]}"), "name repeated");
}

TEST(a_complaint_carries_the_bound_of_its_rule)
{
    Request rq = check_form("{\"name\": \"Nguyễn Văn A\"}");
    CHECK_TEXT(json_text(rq.errors),
               "[{\"path\":\"name\",\"rule\":\"too-long\",\"message\":\"check.too-long\",\"max\":10}]");
    rq = check_as(&strict, "{\"name\": \"An\", \"note\": \"x\"}", NULL);
    CHECK(!has_errors(&rq));
}

TEST(text_without_bounds_has_at_most_a_thousand_code_points)
{
    Buf long_text = { 0 };
    for (int i = 0; i < 1001; i++)
        buf_text(&long_text, "đ");
    CHECK_TEXT(complaint(fmt("{\"name\": \"An\", \"note\": \"%s\"}", buf_end(&long_text))), "note too-long");
}

TEST(numbers_come_as_text_or_as_numbers)
{
    Request rq = check_form("{\"name\": \"An\", \"age\": \" 42 \", \"ph\": \"6.5\"}");
    CHECK_INT(in_int(&rq, "age"), 42);
    CHECK(in_num(&rq, "ph") == 6.5);
    rq = check_form("{\"name\": \"An\", \"age\": 42, \"ph\": 7}");
    CHECK_INT(in_int(&rq, "age"), 42);
    CHECK(in_num(&rq, "ph") == 7.0);
    CHECK_TEXT(complaint("{\"name\": \"An\", \"age\": \"4x\"}"), "age not-a-number");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"age\": 4.5}"), "age not-a-number");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"age\": \"151\"}"), "age too-large");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"age\": \"-1\"}"), "age too-small");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"age\": true}"), "age not-a-number");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"ph\": \"nan\"}"), "ph not-a-number");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"ph\": \"0x5\"}"), "ph not-a-number");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"ph\": \"14.1\"}"), "ph too-large");
}

static int64_t whole(const char *text)
{
    Request rq = check_as(&open_route, fmt("{\"name\": \"An\", \"fee\": \"%s\"}", text), NULL);
    return has_errors(&rq) ? -1 : in_int(&rq, "fee");
}

static double number(const char *text)
{
    Request rq = check_as(&open_route, fmt("{\"name\": \"An\", \"level\": \"%s\"}", text), NULL);
    return has_errors(&rq) ? -1 : in_num(&rq, "level");
}

TEST(numbers_are_understood_as_people_write_them_here)
{
    CHECK_INT(whole("20.000"), 20000);
    CHECK_INT(whole("1.234.567"), 1234567);
    CHECK_INT(whole("-1.000"), -1000);
    CHECK_INT(whole("20.00"), -1);
    CHECK_INT(whole("2000.000"), -1);
    CHECK_INT(whole(".000"), -1);
    CHECK_INT(whole("1,5"), -1);
    CHECK(number("12,5") == 12.5);
    CHECK(number("1.234,5") == 1234.5);
    CHECK(number("1.234") == 1.234);
    CHECK(number("12.34,5") == -1);
    CHECK(number("1,2,3") == -1);
    Request rq = check_as(&open_route, "{\"name\": \"An\", \"fee\": 1.234}", NULL);
    CHECK(has_errors(&rq));
}

TEST(an_empty_field_of_a_form_is_an_absent_number_but_an_empty_text)
{
    Request rq =
        check_form("{\"name\": \"An\", \"age\": \"\", \"note\": \"\", \"born\": \"\", \"kind\": \"\"}");
    CHECK(!has_errors(&rq));
    CHECK(!in_has(&rq, "age") && !in_has(&rq, "born") && !in_has(&rq, "kind"));
    CHECK(in_has(&rq, "note"));
}

TEST(a_box_that_is_not_ticked_is_false)
{
    Request rq = check_form("{\"name\": \"An\"}");
    CHECK(!in_bool(&rq, "agreed"));
    CHECK(in_has(&rq, "agreed"));
    rq = check_form("{\"name\": \"An\", \"agreed\": \"on\"}");
    CHECK(in_bool(&rq, "agreed"));
    rq = check_form("{\"name\": \"An\", \"agreed\": true}");
    CHECK(in_bool(&rq, "agreed"));
    CHECK_TEXT(complaint("{\"name\": \"An\", \"agreed\": \"maybe\"}"), "agreed not-a-choice");
}

TEST(dates_are_the_local_midnight_in_utc)
{
    Request rq = check_form("{\"name\": \"An\", \"born\": \"21/11/2026\"}");
    CHECK_INT(in_int(&rq, "born"), local_ms(2026, 11, 21, 0, 0, 0));
    rq = check_form("{\"name\": \"An\", \"born\": \"2026-11-21\"}");
    CHECK_INT(in_int(&rq, "born"), 1795194000000); /* 2026-11-20T17:00:00Z */
    CHECK_TEXT(complaint("{\"name\": \"An\", \"born\": \"31/02/2026\"}"), "born not-a-date");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"born\": \"2026-11-21T10:00\"}"), "born not-a-date");
}

TEST(keys_stay_decimal_strings)
{
    Request rq = check_form("{\"name\": \"An\", \"unit_id\": \"9007199254740993\"}");
    CHECK_INT(in_id(&rq, "unit_id"), 9007199254740993);
    CHECK_TEXT(in_str(&rq, "unit_id"), "9007199254740993");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"unit_id\": \"-5\"}"), "unit_id not-an-id");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"unit_id\": \"0\"}"), "unit_id not-an-id");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"unit_id\": \"99999999999999999999\"}"), "unit_id not-an-id");
}

TEST(a_choice_is_one_of_its_words)
{
    Request rq = check_form("{\"name\": \"An\", \"kind\": \"renew\"}");
    CHECK_TEXT(in_str(&rq, "kind"), "renew");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"kind\": \"ren\"}"), "kind choice");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"kind\": \"new|renew\"}"), "kind choice");
}

TEST(json_comes_as_it_is_or_as_the_text_of_a_hidden_field)
{
    Request rq = check_as(&strict, "{\"name\": \"An\", \"extra\": \"[1]\"}", "application/json");
    CHECK_TEXT(json_text(in_json(&rq, "extra")), "\"[1]\"");
    rq = check_form("{\"name\": \"An\", \"extra\": \"[1]\"}");
    CHECK_TEXT(json_text(in_json(&rq, "extra")), "[1]");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"extra\": \"[1\"}"), "extra not-json");
}

TEST(texts_are_one_or_many)
{
    Request rq = check_form("{\"name\": \"An\", \"tags\": \"a\"}");
    CHECK_TEXT(json_text(in_json(&rq, "tags")), "[\"a\"]");
    rq = check_form("{\"name\": \"An\", \"tags\": [\" a\", \"\", \"b\"]}");
    CHECK_TEXT(json_text(in_json(&rq, "tags")), "[\"a\",\"b\"]");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"tags\": [1]}"), "tags not-a-text");
}

TEST(unknown_members_are_refused_unless_the_route_is_open)
{
    CHECK_TEXT(complaint("{\"name\": \"An\", \"admin\": \"1\"}"), "admin unknown-field");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"_csrf\": \"t\"}"), "none");
    CHECK_TEXT(complaint("{\"name\": \"An\", \"scan\": \"text\"}"), "scan unknown-field");
    Request rq = check_as(&open_route, "{\"name\": \"An\", \"admin\": \"1\"}", NULL);
    CHECK(!has_errors(&rq));
    CHECK(!in_has(&rq, "admin"));
    CHECK_TEXT(json_str(rq.typed, "admin"), "1");
}

TEST(an_upload_under_an_unknown_name_is_refused)
{
    Upload uploads[] = { { .field = "scan", .size = 10 }, { .field = "virus" } };
    Request rq = { .method = POST, .route = &strict, .typed = json_set_str(json_new(), "name", "An") };
    rq.uploads = uploads;
    rq.upload_count = 2;
    params_check(&rq);
    CHECK_INT(json_array_size(rq.errors), 1);
    CHECK_TEXT(json_str(json_array_get(rq.errors, 0), "path"), "virus");
    CHECK_INT(in_file(&rq, "scan")->size, 10);
}

TEST(a_reading_route_checks_its_query)
{
    static const Param paging[] = { { "limit", PARAM_INT, .min = 1, .max = 100 }, { 0 } };
    static const Route list = { .method = GET, .path = "/x", .params = paging };
    static const Route bare = { .method = GET, .path = "/y" };
    Request rq = { .method = GET, .route = &list, .query = json_set_str(json_new(), "limit", "20") };
    params_check(&rq);
    CHECK_INT(in_int(&rq, "limit"), 20);
    Request other = { .method = GET, .route = &bare, .query = json_set_str(json_new(), "limit", "20") };
    params_check(&other);
    CHECK(has_errors(&other));
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(text_is_composed_trimmed_and_counted_in_code_points),
        TEST_CASE(a_complaint_carries_the_bound_of_its_rule),
        TEST_CASE(text_without_bounds_has_at_most_a_thousand_code_points),
        TEST_CASE(numbers_come_as_text_or_as_numbers),
        TEST_CASE(numbers_are_understood_as_people_write_them_here),
        TEST_CASE(an_empty_field_of_a_form_is_an_absent_number_but_an_empty_text),
        TEST_CASE(a_box_that_is_not_ticked_is_false),
        TEST_CASE(dates_are_the_local_midnight_in_utc),
        TEST_CASE(keys_stay_decimal_strings),
        TEST_CASE(a_choice_is_one_of_its_words),
        TEST_CASE(json_comes_as_it_is_or_as_the_text_of_a_hidden_field),
        TEST_CASE(texts_are_one_or_many),
        TEST_CASE(unknown_members_are_refused_unless_the_route_is_open),
        TEST_CASE(an_upload_under_an_unknown_name_is_refused),
        TEST_CASE(a_reading_route_checks_its_query),
        { 0 },
    });
}
