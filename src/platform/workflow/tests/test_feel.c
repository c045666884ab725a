/* FEEL against the facts of DMN 1.5: §10.3.2.3 (numbers), tables 44–57 (operators), tables 72–80 (built-in
 * functions and their examples). */
#include "base/clock.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/test.h"
#include "base/text.h"
#include "platform/workflow/feel.h"

#include <stdio.h>
#include <string.h>

static const char *answer(const char *text, Json context)
{
    char error[200];
    Feel *feel = feel_compile(text, error, sizeof error);
    if (!feel)
        return fmt("! %s", error);
    Json value = feel_eval(feel, context, local_ms(2026, 11, 20, 16, 0, 0));
    if (json_is_real(value))
        return fmt("%.15g", json_real_value(value));
    return json_text(value);
}

#define FEEL_IS(text, wanted) CHECK_TEXT(answer((text), json_new()), (wanted))

TEST(numbers_are_decimal)
{
    FEEL_IS("0.1 + 0.2", "0.3");
    FEEL_IS("0.1 + 0.2 = 0.3", "true");
    FEEL_IS("string(1 / 3)", "\"0.3333333333333333333333333333333333\"");
    FEEL_IS("string(2 / 3)", "\"0.6666666666666666666666666666666667\"");
    FEEL_IS("10 ** 2", "100");
    FEEL_IS("2 ** -1", "0.5");
    FEEL_IS("1 / 0", "null");
    FEEL_IS("10 ** 5000", "null"); /* no JSON number holds it */
    FEEL_IS("10 ** 5000 > 10 ** 4999", "true");
    FEEL_IS("9999999999999999999999999999999999 + 1 = 10 ** 34", "true");
    FEEL_IS("string(1234567890123456789012345678901234 * 10)", "\"12345678901234567890123456789012340\"");
    FEEL_IS("string(3333333333333333333333333333333333 * 3333333333333333333333333333333333 / "
            "3333333333333333333333333333333333)",
            "\"3333333333333333333333333333333333\"");
    FEEL_IS("1e40 + 1 = 1e40", "true"); /* 41 digits round to 34 */
    FEEL_IS("1e33 + 1 = 1e33", "false");
    FEEL_IS("string(1e34 - 0.5)", "\"10000000000000000000000000000000000\""); /* half to even */
    FEEL_IS("string(1e34 - 0.6)", "\"9999999999999999999999999999999999\"");
    FEEL_IS("-5 - -3", "-2");
    FEEL_IS("1 + 2 * 3", "7");
    FEEL_IS("(1 + 2) * 3", "9");
    FEEL_IS("1 - 2 - 3", "-4");
    FEEL_IS(".5", "0.5");
}

TEST(null_follows_the_rules)
{
    FEEL_IS("null = null", "true");
    FEEL_IS("1 = null", "false");
    FEEL_IS("1 < null", "null");
    FEEL_IS("1 + null", "null");
    FEEL_IS("1 = \"1\"", "null");
    FEEL_IS("false and null", "false");
    FEEL_IS("null and true", "null");
    FEEL_IS("true or null", "true");
    FEEL_IS("null or false", "null");
    FEEL_IS("if null then 1 else 2", "2");
    FEEL_IS("not(null)", "null");
    FEEL_IS("khong co", "null");
    FEEL_IS("[1,2,3][0]", "null");
}

TEST(comparison_and_membership)
{
    FEEL_IS("5 in [1..10]", "true");
    FEEL_IS("1 in (1..10]", "false");
    FEEL_IS("10 in [1..10)", "false");
    FEEL_IS("10 in ]1..10[", "false");
    FEEL_IS("5 in (> 3)", "true");
    FEEL_IS("5 in > 6", "false");
    FEEL_IS("5 in (1, 2, [4..6])", "true");
    FEEL_IS("\"b\" in (\"a\", \"b\")", "true");
    FEEL_IS("1 in [2,3,1]", "true");
    FEEL_IS("5 between 1 and 5", "true");
    FEEL_IS("5 between 6 and 7 or true", "true");
    FEEL_IS("[1,2] = [1,2]", "true");
    FEEL_IS("{a: 1, b: [2]} = {b: [2], a: 1}", "true");
    FEEL_IS("\"abc\" < \"abd\"", "true");
    FEEL_IS("1 != 2", "true");
}

TEST(paths_filters_and_loops)
{
    FEEL_IS("[1,2,3][-1]", "3");
    FEEL_IS("[1,2,3,4][item > 2]", "[3,4]");
    FEEL_IS("[ {x:1, y:2}, {x:2, y:3} ][x = 1]", "[{\"x\":1,\"y\":2}]");
    FEEL_IS("[ {x:1, y:2}, {x:2, y:3} ].y", "[2,3]");
    FEEL_IS("{a: {b: 7}}.a.b", "7");
    FEEL_IS("{a: 1, b: a + 1}.b", "2");
    FEEL_IS("[5] + 1", "6"); /* a list of one is its item */
    FEEL_IS("some x in [1,2,3] satisfies x > 2", "true");
    FEEL_IS("every x in [1,2,3] satisfies x > 2", "false");
    FEEL_IS("every x in [] satisfies x > 2", "true");
    FEEL_IS("for x in [1,2] return x * 2", "[2,4]");
    FEEL_IS("for x in 3..1 return x", "[3,2,1]");
}

TEST(names_come_from_the_context)
{
    char error[200];
    Json c = json_parse("{\"ket_luan\":\"dat\",\"hồ sơ\":{\"phí\":20000},\"muc phi\":3,\"le\":0.1}",
                        strlen("{\"ket_luan\":\"dat\",\"hồ sơ\":{\"phí\":20000},\"muc phi\":3,\"le\":0.1}"),
                        error, sizeof error);
    CHECK_TEXT(answer("ket_luan = \"dat\"", c), "true");
    CHECK_TEXT(answer("hồ sơ.phí * 2", c), "40000");
    CHECK_TEXT(answer("muc phi + 1", c), "4");
    CHECK_TEXT(answer("le + 0.2 = 0.3", c), "true");
}

TEST(functions_answer_as_the_standard_shows)
{
    FEEL_IS("substring(\"foobar\", 3)", "\"obar\"");
    FEEL_IS("substring(\"foobar\", 3, 3)", "\"oba\"");
    FEEL_IS("substring(\"foobar\", -2, 1)", "\"a\"");
    FEEL_IS("string length(\"foo\")", "3");
    FEEL_IS("string length(\"Đồng\")", "4");
    FEEL_IS("upper case(\"đồng tháp\")", "\"ĐỒNG THÁP\"");
    FEEL_IS("lower case(\"aBc4\")", "\"abc4\"");
    FEEL_IS("substring before(\"foobar\", \"bar\")", "\"foo\"");
    FEEL_IS("substring after(\"foobar\", \"ob\")", "\"ar\"");
    FEEL_IS("contains(\"foobar\", \"of\")", "false");
    FEEL_IS("starts with(\"foobar\", \"fo\")", "true");
    FEEL_IS("ends with(\"foobar\", \"r\")", "true");
    FEEL_IS("list contains([1,2,3], 2)", "true");
    FEEL_IS("count([1,2,3])", "3");
    FEEL_IS("min([1,2,3])", "1");
    FEEL_IS("max(1,2,3)", "3");
    FEEL_IS("sum([1,2,3])", "6");
    FEEL_IS("sum([])", "null");
    FEEL_IS("append([1], 2, 3)", "[1,2,3]");
    FEEL_IS("concatenate([1,2],[3])", "[1,2,3]");
    FEEL_IS("distinct values([1,2,3,2,1])", "[1,2,3]");
    FEEL_IS("floor(1.5)", "1");
    FEEL_IS("floor(-1.5)", "-2");
    FEEL_IS("ceiling(-1.5)", "-1");
    FEEL_IS("modulo(-12, 5)", "3");
    FEEL_IS("modulo(12, -5)", "-3");
    FEEL_IS("number(\"1 000,0\", \" \", \",\")", "1000");
    FEEL_IS("string(1.1)", "\"1.1\"");
    FEEL_IS("string(null)", "null");
    FEEL_IS("substring(string: \"foobar\", start position: 4)", "\"bar\"");
}

TEST(dates_and_durations)
{
    FEEL_IS("date(\"2012-12-25\") - date(\"2012-12-24\") = duration(\"P1D\")", "true");
    FEEL_IS("date(2026, 1, 31) + duration(\"P1M\")", "\"2026-02-28\"");
    FEEL_IS("date(\"2026-02-30\")", "null");
    FEEL_IS("date and time(\"2026-11-20T16:00:00\") + duration(\"PT8H\")", "\"2026-11-21T00:00:00+07:00\"");
    FEEL_IS("now() + duration(\"P3D\")", "\"2026-11-23T16:00:00+07:00\"");
    FEEL_IS("today()", "\"2026-11-20\"");
    FEEL_IS("today().weekday", "5");
    FEEL_IS("duration(\"P1Y6M\").months", "6");
    FEEL_IS("duration(\"PT36H\") = duration(\"P1DT12H\")", "true");
    FEEL_IS("string(duration(\"PT36H\"))", "\"P1DT12H\"");
    FEEL_IS("duration(\"PT1H\") * 2.5 = duration(\"PT2H30M\")", "true");
    FEEL_IS("duration(\"P1M1D\")", "null");
    FEEL_IS("@\"2026-11-20\" < @\"2026-11-21\"", "true");
    FEEL_IS("-duration(\"P1D\") = duration(\"-P1D\")", "true");
}

TEST(mistakes_name_line_and_column)
{
    FEEL_IS("1 +", "! line 1, column 4: expected an expression");
    FEEL_IS("if a\n then 1", "! line 2, column 8: expected else");
    FEEL_IS("xyz(1)", "! line 1, column 1: expected a known function instead of xyz");
    FEEL_IS("a ~ b", "! line 1, column 3: unexpected character");
    FEEL_IS("count()", "! line 1, column 8: expected 1 to 1 arguments of count");
    FEEL_IS("\"abc", "! line 1, column 1: a string has no closing quote");
}

TEST(work_is_bounded)
{
    char error[200], deep[2001];
    memset(deep, '(', 2000);
    deep[2000] = '\0';
    CHECK(feel_compile(deep, error, sizeof error) == NULL);
    FEEL_IS("count(for a in 1..2000 return for b in 1..2000 return a * b)", "null");
    FEEL_IS("sum(for a in 1..1000 return a)", "500500");
}

int main(void)
{
    return run_tests((Test[]){ TEST_CASE(numbers_are_decimal),
                               TEST_CASE(null_follows_the_rules),
                               TEST_CASE(comparison_and_membership),
                               TEST_CASE(paths_filters_and_loops),
                               TEST_CASE(names_come_from_the_context),
                               TEST_CASE(functions_answer_as_the_standard_shows),
                               TEST_CASE(dates_and_durations),
                               TEST_CASE(mistakes_name_line_and_column),
                               TEST_CASE(work_is_bounded),
                               { 0 } });
}
