/* Forms: what the reader refuses, and every rule of spec 23 §6.4 once refused and once accepted. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/test.h"
#include "base/text.h"
#include "platform/forms/forms.h"
#include "platform/forms/schema.h"
#include "platform/view/view.h"
#include "store/test_store.h"

#include <string.h>

static const Form *form_of(const char *components)
{
    char error[200];
    const char *json =
        fmt("{\"type\":\"default\",\"id\":\"f\",\"schemaVersion\":16,\"components\":[%s]}", components);
    const Form *form = form_read(json, strlen(json), error, sizeof error);
    if (!form)
        raise_fault(FAULT_INTERNAL, "test", "%s", error);
    return form;
}

static const char *refusal(const char *json)
{
    static char error[200];
    return form_read(json, strlen(json), error, sizeof error) ? "" : error;
}

static Json own(const char *text)
{
    return json_parse_own(text, strlen(text), "test");
}

/* The clean data, or "path rule" of the first error. */
static const char *outcome(const char *components, const char *typed)
{
    Json errors = json_list();
    Json data = form_check(form_of(components), "vi", own(typed), NULL, errors);
    Json first = json_array_get(errors, 0);
    return first ? fmt("%s %s", json_str(first, "path"), json_str(first, "rule")) : json_text(data);
}

#define F(type, rest) "{\"type\":\"" type "\",\"key\":\"x\",\"label\":\"Ô\"" rest "}"

TEST(the_reader_refuses_what_it_cannot_enforce)
{
    CHECK_TEXT(refusal("{"), "line 1, column 1: string or '}' expected near end of file");
    CHECK_TEXT(refusal("{\"type\":\"default\",\"id\":\"f\",\"schemaVersion\":20,\"components\":[]}"),
               "schemaVersion 20 is not supported");
    CHECK_TEXT(refusal("{\"type\":\"default\",\"id\":\"f\",\"components\":[{\"type\":\"html\"}]}"),
               "component html is not supported");
    CHECK_TEXT(refusal("{\"type\":\"default\",\"id\":\"f\",\"components\":[{\"type\":\"iframe\"}]}"),
               "component iframe is not supported");
    CHECK_TEXT(refusal("{\"type\":\"default\",\"id\":\"f\",\"components\":[{\"type\":\"textfield\"}]}"),
               "a field has the key \"\"");
    CHECK_TEXT(
        refusal("{\"type\":\"default\",\"id\":\"f\",\"components\":[{\"type\":\"radio\",\"key\":\"r\"}]}"),
        "r has no options");
    CHECK_TEXT(refusal("{\"type\":\"default\",\"id\":\"f\",\"components\":[" F(
                   "textfield", ",\"conditional\":{\"hide\":\"=a +\"}") "]}"),
               "conditional.hide of x: line 1, column 4: expected an expression");
    CHECK_TEXT(refusal("{\"type\":\"default\",\"id\":\"f\",\"components\":[" F(
                   "textfield", ",\"validate\":{\"pattern\":\"(a)\\\\1\"}") "]}"),
               "x: the pattern is not supported");
    CHECK_TEXT(refusal("{\"id\":\"f\",\"components\":[]}"), "a form has \"type\": \"default\" and an id");
}

TEST(unknown_keys_are_dropped)
{
    CHECK_TEXT(outcome(F("textfield", ""), "{\"x\":\"a\",\"admin\":true,\"deep\":{\"y\":1}}"),
               "{\"x\":\"a\"}");
}

TEST(hidden_fields_are_removed_and_not_required)
{
    const char *form = "{\"type\":\"checkbox\",\"key\":\"more\",\"label\":\"M\"}," F(
        "textfield", ",\"validate\":{\"required\":true},\"conditional\":{\"hide\":\"=not(more)\"}");
    CHECK_TEXT(outcome(form, "{\"x\":\"secret\"}"), "{\"more\":false}");
    CHECK_TEXT(outcome(form, "{\"more\":\"true\"}"), "x required");
    CHECK_TEXT(outcome(form, "{\"more\":\"true\",\"x\":\"a\"}"), "{\"more\":true,\"x\":\"a\"}");
    /* what is hidden does not show others: b hides with a, c hides with b */
    const char *chain =
        "{\"type\":\"checkbox\",\"key\":\"a\",\"label\":\"A\"},{\"type\":\"checkbox\",\"key\":\"b\","
        "\"label\":\"B\",\"conditional\":{\"hide\":\"=not(a)\"}},"
        "{\"type\":\"textfield\",\"key\":\"c\",\"label\":\"C\",\"conditional\":{\"hide\":\"=b != true\"}}";
    CHECK_TEXT(outcome(chain, "{\"b\":\"true\",\"c\":\"x\"}"), "{\"a\":false}");
}

TEST(a_hidden_group_takes_its_fields_with_it)
{
    const char *form =
        "{\"type\":\"checkbox\",\"key\":\"more\",\"label\":\"M\"},{\"type\":\"group\",\"label\":\"G\","
        "\"path\":\"who\",\"conditional\":{\"hide\":\"=not(more)\"},\"components\":[" F(
            "textfield", ",\"validate\":{\"required\":true}") "]}";
    CHECK_TEXT(outcome(form, "{\"who.x\":\"a\"}"), "{\"more\":false}");
    CHECK_TEXT(outcome(form, "{\"more\":\"true\"}"), "who.x required");
    CHECK_TEXT(outcome(form, "{\"more\":\"true\",\"who.x\":\"a\"}"), "{\"more\":true,\"who\":{\"x\":\"a\"}}");
    CHECK_TEXT(outcome(form, "{\"more\":true,\"who\":{\"x\":\"a\"}}"),
               "{\"more\":true,\"who\":{\"x\":\"a\"}}");
}

TEST(readonly_and_computed_values_are_the_servers)
{
    CHECK_TEXT(outcome(F("textfield", ",\"readonly\":true,\"defaultValue\":\"ours\""), "{\"x\":\"theirs\"}"),
               "{\"x\":\"ours\"}");
    CHECK_TEXT(outcome(F("number", ",\"disabled\":true"), "{\"x\":5}"), "{}");
    CHECK_TEXT(outcome("{\"type\":\"number\",\"key\":\"n\",\"label\":\"N\"}," F("number",
                                                                                ",\"expression\":\"=n * 2\""),
                       "{\"n\":\"4\",\"x\":100}"),
               "{\"n\":4,\"x\":8}");
}

TEST(text_rules)
{
    CHECK_TEXT(outcome(F("textfield", ",\"validate\":{\"required\":true}"), "{\"x\":\"  \"}"), "x required");
    CHECK_TEXT(outcome(F("textfield", ",\"validate\":{\"minLength\":3}"), "{\"x\":\"đồ\"}"), "x min-length");
    CHECK_TEXT(outcome(F("textfield", ",\"validate\":{\"maxLength\":4}"), "{\"x\":\"Đồng\"}"),
               "{\"x\":\"Đồng\"}");
    CHECK_TEXT(outcome(F("textfield", ",\"validate\":{\"maxLength\":3}"), "{\"x\":\"Đồng\"}"),
               "x max-length");
    CHECK_TEXT(outcome(F("textfield", ",\"validate\":{\"pattern\":\"\\\\d{3}\"}"), "{\"x\":\"123\"}"),
               "{\"x\":\"123\"}");
    CHECK_TEXT(outcome(F("textfield", ",\"validate\":{\"pattern\":\"\\\\d{3}\"}"), "{\"x\":\"1234\"}"),
               "x pattern"); /* the whole string */
    CHECK_TEXT(outcome(F("textfield", ",\"validate\":{\"validationType\":\"email\"}"), "{\"x\":\"a@b.vn\"}"),
               "{\"x\":\"a@b.vn\"}");
    CHECK_TEXT(outcome(F("textfield", ",\"validate\":{\"validationType\":\"email\"}"), "{\"x\":\"a@b\"}"),
               "x email");
    CHECK_TEXT(outcome(F("textfield", ""), "{\"x\":[1]}"), "x text");
    CHECK_TEXT(outcome(F("textarea", ""), "{\"x\":\"a\\nb\"}"), "{\"x\":\"a\\nb\"}");
}

TEST(number_rules)
{
    CHECK_TEXT(outcome(F("number", ""), "{\"x\":\"1.234,5\"}"), "{\"x\":1234.5}");
    CHECK_TEXT(outcome(F("number", ""), "{\"x\":\"1.234\"}"), "{\"x\":1234}");
    CHECK_TEXT(outcome(F("number", ""), "{\"x\":\"1.5\"}"), "{\"x\":1.5}");
    CHECK_TEXT(outcome(F("number", ""), "{\"x\":\"mười\"}"), "x number");
    CHECK_TEXT(outcome(F("number", ",\"validate\":{\"min\":2}"), "{\"x\":1}"), "x min");
    CHECK_TEXT(outcome(F("number", ",\"validate\":{\"min\":2,\"max\":3}"), "{\"x\":3}"), "{\"x\":3}");
    CHECK_TEXT(outcome(F("number", ",\"validate\":{\"max\":3}"), "{\"x\":\"3,01\"}"), "x max");
    CHECK_TEXT(outcome(F("number", ",\"decimalDigits\":1"), "{\"x\":\"1,25\"}"), "x decimals");
    CHECK_TEXT(outcome(F("number", ",\"decimalDigits\":2"), "{\"x\":\"1,25\"}"), "{\"x\":1.25}");
    CHECK_TEXT(outcome(F("number", ",\"increment\":0.1"), "{\"x\":\"0,3\"}"),
               "{\"x\":0.29999999999999999}"); /* a decimal question; JSON shows the double nearest to 0.3 */
    CHECK_TEXT(outcome(F("number", ",\"increment\":5"), "{\"x\":7}"), "x increment");
}

TEST(choices_must_be_offered)
{
#define A_OR_B ",\"values\":[{\"value\":\"a\",\"label\":\"A\"},{\"value\":\"b\",\"label\":\"B\"}]"
    CHECK_TEXT(outcome(F("radio", A_OR_B), "{\"x\":\"a\"}"), "{\"x\":\"a\"}");
    CHECK_TEXT(outcome(F("radio", A_OR_B), "{\"x\":\"c\"}"), "x option");
    CHECK_TEXT(outcome(F("select", A_OR_B ",\"validate\":{\"required\":true}"), "{\"x\":\"\"}"),
               "x required");
    CHECK_TEXT(outcome(F("checklist", A_OR_B), "{\"x\":[\"a\",\"b\"]}"), "{\"x\":[\"a\",\"b\"]}");
    CHECK_TEXT(outcome(F("checklist", A_OR_B), "{\"x\":\"a\"}"),
               "{\"x\":[\"a\"]}"); /* one box ticked arrives alone */
    CHECK_TEXT(outcome(F("checklist", A_OR_B), "{\"x\":[\"a\",\"z\"]}"), "x option");
    CHECK_TEXT(outcome(F("select", ",\"valuesExpression\":\"=[\\\"p\\\",\\\"q\\\"]\""), "{\"x\":\"q\"}"),
               "{\"x\":\"q\"}");
    CHECK_TEXT(outcome(F("select", ",\"valuesExpression\":\"=[\\\"p\\\",\\\"q\\\"]\""), "{\"x\":\"r\"}"),
               "x option");
    CHECK_TEXT(outcome(F("checkbox", ",\"validate\":{\"required\":true}"), "{}"), "x tick");
    CHECK_TEXT(outcome(F("checkbox", ""), "{\"x\":\"maybe\"}"), "x boolean");
}

TEST(dates)
{
    CHECK_TEXT(outcome(F("datetime", ",\"subtype\":\"date\""), "{\"x\":\"21/11/2026\"}"),
               "{\"x\":\"2026-11-21\"}");
    CHECK_TEXT(outcome(F("datetime", ",\"subtype\":\"date\""), "{\"x\":\"31/02/2026\"}"), "x date");
    time_freeze(local_ms(2026, 11, 21, 10, 0, 0));
    CHECK_TEXT(outcome(F("datetime", ",\"disallowPassedDates\":true"), "{\"x\":\"2026-11-20\"}"), "x past");
    CHECK_TEXT(outcome(F("datetime", ",\"disallowPassedDates\":true"), "{\"x\":\"2026-11-21\"}"),
               "{\"x\":\"2026-11-21\"}");
    time_freeze(0);
}

TEST(vietnamese_fields)
{
    CHECK_TEXT(outcome(F("sen-personal-id", ""), "{\"x\":\"087 199 012345\"}"), "{\"x\":\"087199012345\"}");
    CHECK_TEXT(outcome(F("sen-personal-id", ""), "{\"x\":\"12345\"}"), "x personal-id");
    CHECK_TEXT(outcome(F("sen-tax-code", ""), "{\"x\":\"0100109106\"}"),
               "{\"x\":\"0100109106\"}"); /* Viettel's, public */
    CHECK_TEXT(outcome(F("sen-tax-code", ""), "{\"x\":\"0100109107\"}"), "x tax-code");
    CHECK_TEXT(outcome(F("sen-phone", ""), "{\"x\":\"+84 901 234 567\"}"), "{\"x\":\"0901234567\"}");
    CHECK_TEXT(outcome(F("sen-phone", ""), "{\"x\":\"12345\"}"), "x phone");
    CHECK_TEXT(outcome(F("sen-money", ""), "{\"x\":\"20.000\"}"), "{\"x\":20000}");
    CHECK_TEXT(outcome(F("sen-money", ""), "{\"x\":\"20.000,5\"}"), "x money");
    CHECK_TEXT(outcome(F("sen-money", ""), "{\"x\":-1}"), "x min");
    CHECK_TEXT(outcome(F("sen-commune", ""), "{\"x\":\"28249\"}"), "{\"x\":\"28249\"}");
    CHECK_TEXT(outcome(F("sen-commune", ""), "{\"x\":\"99999\"}"), "x option");
    CHECK_INT(form_communes()->count, 102); /* Resolution 1663/NQ-UBTVQH15 */
}

TEST(files_by_count_and_content)
{
    const Form *form =
        form_of(F("filepicker", ",\"accept\":\".pdf,image/*\",\"validate\":{\"required\":true}"));
    Json errors = json_list();
    form_check(form, "vi", json_new(), NULL, errors);
    CHECK_TEXT(json_str(json_array_get(errors, 0), "rule"), "file-required");
    form_check(form, "vi", json_new(), own("{\"x\":[{\"name\":\"a.pdf\",\"type\":\"text/html\"}]}"),
               errors = json_list());
    CHECK_TEXT(json_str(json_array_get(errors, 0), "rule"), "file-type");
    form_check(
        form, "vi", json_new(),
        own("{\"x\":[{\"name\":\"a\",\"type\":\"image/png\"},{\"name\":\"b\",\"type\":\"image/png\"}]}"),
        errors = json_list());
    CHECK_TEXT(json_str(json_array_get(errors, 0), "rule"), "files");
    form_check(form, "vi", json_new(), own("{\"x\":[{\"name\":\"a\",\"type\":\"image/png\"}]}"),
               errors = json_list());
    CHECK_INT(json_array_size(errors), 0);
}

TEST(the_fields_carry_what_a_page_needs)
{
    const Form *form =
        form_of(F("select", A_OR_B
                  ",\"description\":\"Gợi ý\"") ",{\"type\":\"sen-money\",\"key\":\"fee\",\"label\":\"Phí\"},"
                                                "{\"type\":\"textfield\",\"key\":\"p\",\"label\":\"P\","
                                                "\"validate\":{\"pattern\":\"[A-Z]+\",\"maxLength\":5}}");
    Json errors = own("[{\"path\":\"x\",\"rule\":\"option\",\"message\":\"Hãy chọn\"}]");
    Json fields = form_fields(form, "vi", own("{\"x\":\"b\",\"fee\":20000}"), errors, own("[\"fee\"]"));
    Json x = json_array_get(fields, 0), fee = json_array_get(fields, 1), p = json_array_get(fields, 2);
    CHECK(json_bool(x, "is_select") &&
          json_bool(json_array_get(json_object_get(x, "options"), 2), "selected"));
    CHECK_TEXT(json_str(x, "error"), "Hãy chọn");
    CHECK_TEXT(json_str(x, "hint"), "Gợi ý");
    CHECK(json_bool(fee, "locked"));
    CHECK_TEXT(json_str(fee, "value"), "20.000 đ");
    CHECK_TEXT(json_str(p, "pattern"), "[A-Z]+");
    CHECK_INT(json_int(p, "maxlength"), 5);
}

TEST(a_review_says_it_in_words)
{
    const Form *form =
        form_of(F("select", A_OR_B) ",{\"type\":\"sen-money\",\"key\":\"fee\",\"label\":\"Phí\"},{\"type\":"
                                    "\"datetime\",\"key\":\"d\",\"dateLabel\":\"Ngày\"},"
                                    "{\"type\":\"sen-commune\",\"key\":\"c\",\"label\":\"Xã\"},{\"type\":"
                                    "\"textfield\",\"key\":\"none\",\"label\":\"N\"}");
    Json lines =
        form_review(form, "vi", own("{\"x\":\"b\",\"fee\":20000,\"d\":\"2026-11-21\",\"c\":\"28249\"}"));
    CHECK_INT(json_array_size(lines), 4);
    CHECK_TEXT(json_str(json_array_get(lines, 0), "value"), "B");
    CHECK_TEXT(json_str(json_array_get(lines, 1), "value"), "20.000 đ");
    CHECK_TEXT(json_str(json_array_get(lines, 1), "note"), "hai mươi nghìn đồng");
    CHECK_TEXT(json_str(json_array_get(lines, 2), "value"), "21/11/2026");
    CHECK(text_starts(json_str(json_array_get(lines, 3), "value"), "Phường ") ||
          text_starts(json_str(json_array_get(lines, 3), "value"), "Xã "));
}

TEST(messages_speak_the_readers_language)
{
    view_start();
    Json errors = json_list();
    form_check(form_of("{\"type\":\"textfield\",\"key\":\"x\",\"label\":\"Họ và "
                       "tên\",\"validate\":{\"required\":true}}"),
               "vi", json_new(), NULL, errors);
    CHECK_TEXT(json_str(json_array_get(errors, 0), "message"), "Bạn chưa nhập “Họ và tên”.");
    form_check(
        form_of("{\"type\":\"textfield\",\"key\":\"x\",\"label\":\"Name\",\"validate\":{\"required\":true}}"),
        "en", json_new(), NULL, errors = json_list());
    CHECK_TEXT(json_str(json_array_get(errors, 0), "message"), "Enter “Name”.");
    view_stop();
}

static void drafts(Db *db, void *argument)
{
    (void)argument;
    form_draft_save(db, 7, "f", "task:1", own("{\"x\":1}"), 100);
    form_draft_save(db, 7, "f", "task:1", own("{\"x\":2}"), 200);
    CHECK_INT(json_int(form_draft(db, 7, "f", "task:1"), "data.x"), 2);
    CHECK(!form_draft(db, 8, "f", "task:1"));
    form_draft_drop(db, 7, "f", "task:1");
    CHECK(!form_draft(db, 7, "f", "task:1"));
    forms_solution.load_reference(db);
    forms_solution.load_reference(db);
    CHECK_INT(db_int(db, "select count(*) from form_definition where form_id = 'tham-dinh'"), 1);
}

TEST(drafts_and_versions_are_kept)
{
    static const char *const rooms[] = { "src/platform/forms", NULL };
    Store *store = test_store_open();
    test_store_migrate(store, rooms);
    store_write_wait(store, drafts, NULL);
    test_store_close(store);
    CHECK(form_find("tham-dinh") && !form_find("khong-co"));
    forms_forget();
}

int main(void)
{
    return run_tests((Test[]){ TEST_CASE(the_reader_refuses_what_it_cannot_enforce),
                               TEST_CASE(unknown_keys_are_dropped),
                               TEST_CASE(hidden_fields_are_removed_and_not_required),
                               TEST_CASE(a_hidden_group_takes_its_fields_with_it),
                               TEST_CASE(readonly_and_computed_values_are_the_servers),
                               TEST_CASE(text_rules),
                               TEST_CASE(number_rules),
                               TEST_CASE(choices_must_be_offered),
                               TEST_CASE(dates),
                               TEST_CASE(vietnamese_fields),
                               TEST_CASE(files_by_count_and_content),
                               TEST_CASE(the_fields_carry_what_a_page_needs),
                               TEST_CASE(a_review_says_it_in_words),
                               TEST_CASE(messages_speak_the_readers_language),
                               TEST_CASE(drafts_and_versions_are_kept),
                               { 0 } });
}
