/* Working time against the worked examples of the specification (23 §7.2, 03 §7.1), computed by hand there
 * from the calendar of 2026. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/test.h"
#include "base/text.h"
#include "platform/app/assets.h"
#include "platform/calendar/calendar.h"

#include <string.h>

static const Calendar *shipped(void)
{
    for (const Asset *asset = assets; asset->name; asset++)
        if (text_is(asset->name, "data/public-holidays.csv"))
            return calendar_parse((const char *)asset->bytes, asset->size);
    raise_fault(FAULT_INTERNAL, "test", "data/public-holidays.csv is not embedded");
}

static int64_t at(const char *local)
{
    int64_t ms;
    CHECK(time_parse(local, &ms));
    return ms;
}

static const char *shown(int64_t ms)
{
    return text_copy_n(time_iso_local(ms), 16); /* 2026-11-26T16:00 */
}

static int64_t hours(double h)
{
    return (int64_t)(h * HOUR_MS);
}

TEST(twenty_four_working_hours_after_friday_four_pm_pass_over_the_day_of_culture)
{
    const Calendar *c = shipped();
    CHECK_TEXT(shown(calendar_add_time(c, at("2026-11-20T16:00"), hours(24))), "2026-11-26T16:00");
    CHECK_TEXT(calendar_day_name(c, local_day(at("2026-11-24")), "vi"), "Ngày Văn hóa Việt Nam");
    CHECK_TEXT(calendar_day_name(c, local_day(at("2026-11-24")), "en"), "Vietnam Culture Day");
    CHECK_TEXT(calendar_day_name(c, local_day(at("2026-11-25")), "vi"), "");
}

TEST(three_working_days_end_at_the_closing_time_of_the_third)
{
    CHECK_TEXT(shown(calendar_add_days(shipped(), at("2026-11-20T16:00"), 3)), "2026-11-26T17:30");
}

TEST(same_day_work_is_due_at_closing_time_today_and_after_three_pm_on_the_next_working_day)
{
    const Calendar *c = shipped();
    CHECK_TEXT(shown(calendar_closing(c, at("2026-11-20T14:59"))), "2026-11-20T17:30");
    CHECK_TEXT(shown(calendar_add_days(c, at("2026-11-20T15:01"), 1)), "2026-11-23T17:30");
}

TEST(a_pause_for_papers_resumes_with_the_time_that_was_left)
{
    const Calendar *c = shipped();
    int64_t accepted = at("2026-11-16T08:00"), asked = at("2026-11-18T10:00"), given = at("2026-11-20T15:00");
    CHECK_INT(calendar_between(c, accepted, asked), hours(18));
    CHECK_TEXT(shown(calendar_add_time(c, given, hours(40) - calendar_between(c, accepted, asked))),
               "2026-11-26T11:00");
    CHECK_TEXT(shown(calendar_add_time(c, given, hours(40))), "2026-11-30T15:00");
}

TEST(the_noon_break_and_the_night_do_not_count)
{
    const Calendar *c = shipped();
    CHECK_INT(calendar_between(c, at("2026-11-16T11:00"), at("2026-11-16T14:00")), hours(1));
    CHECK_INT(calendar_between(c, at("2026-11-16T11:30"), at("2026-11-16T13:30")), 0);
    CHECK_INT(calendar_between(c, at("2026-11-16T17:30"), at("2026-11-17T07:30")), 0);
    CHECK_INT(calendar_between(c, at("2026-11-13T17:30"), at("2026-11-16T07:30")), 0);
    CHECK_INT(calendar_between(c, at("2026-11-17T07:30"), at("2026-11-16T07:30")), -hours(8));
    CHECK(!calendar_working(c, at("2026-11-16T11:30")));
    CHECK(calendar_working(c, at("2026-11-16T13:30")));
    CHECK(!calendar_working(c, at("2026-11-16T17:30")));
    CHECK(!calendar_working(c, at("2026-11-24T09:00")));
}

TEST(time_ends_at_the_end_of_a_stretch_of_work_and_counts_back_to_the_start_of_one)
{
    const Calendar *c = shipped();
    CHECK_TEXT(shown(calendar_add_time(c, at("2026-11-16T07:30"), hours(4))), "2026-11-16T11:30");
    CHECK_TEXT(shown(calendar_add_time(c, at("2026-11-16T07:30"), hours(8))), "2026-11-16T17:30");
    CHECK_TEXT(shown(calendar_add_time(c, at("2026-11-16T12:00"), hours(1))), "2026-11-16T14:30");
    CHECK_TEXT(shown(calendar_add_time(c, at("2026-11-16T12:00"), 0)), "2026-11-16T12:00");
    CHECK_TEXT(shown(calendar_add_time(c, at("2026-11-26T17:30"), -hours(4))), "2026-11-26T13:30");
    CHECK_TEXT(shown(calendar_add_time(c, at("2026-11-25T07:30"), -hours(8))), "2026-11-23T07:30");
    CHECK_TEXT(shown(calendar_add_days(c, at("2026-11-25T09:00"), -1)), "2026-11-23T17:30");
}

TEST(work_taken_at_night_or_on_a_holiday_begins_at_the_next_opening)
{
    const Calendar *c = shipped();
    CHECK_TEXT(shown(calendar_next_opening(c, at("2026-11-23T18:00"))), "2026-11-25T07:30");
    CHECK_TEXT(shown(calendar_next_opening(c, at("2026-11-24T09:00"))), "2026-11-25T07:30");
    CHECK_TEXT(shown(calendar_next_opening(c, at("2026-11-25T12:00"))), "2026-11-25T13:30");
    CHECK_TEXT(shown(calendar_next_opening(c, at("2026-11-25T06:00"))), "2026-11-25T07:30");
    CHECK_TEXT(shown(calendar_next_opening(c, at("2026-11-25T09:12"))), "2026-11-25T09:12");
    CHECK_TEXT(shown(calendar_closing(c, at("2026-11-21T09:00"))), "2026-11-23T17:30");
    CHECK_TEXT(shown(calendar_add_days(c, at("2026-11-21T09:00"), 1)), "2026-11-23T17:30");
    CHECK_TEXT(shown(calendar_add_days(c, at("2026-11-21T09:00"), 0)), "2026-11-23T17:30");
}

TEST(a_make_up_saturday_is_worked_and_the_swapped_monday_is_not)
{
    const Calendar *c = shipped();
    CHECK_INT(calendar_day_kind(c, local_day(at("2026-08-22"))), DAY_MAKE_UP);
    CHECK_INT(calendar_day_kind(c, local_day(at("2026-08-29"))), DAY_WEEKEND);
    CHECK_INT(calendar_day_kind(c, local_day(at("2026-08-31"))), DAY_HOLIDAY);
    CHECK_INT(calendar_day_kind(c, local_day(at("2026-09-03"))), DAY_WORK);
    CHECK_INT(calendar_between(c, at("2026-08-22T00:00"), at("2026-08-23T00:00")), hours(8));
    CHECK_TEXT(shown(calendar_add_days(c, at("2026-08-21T09:00"), 1)), "2026-08-22T17:30");
    CHECK_TEXT(shown(calendar_add_days(c, at("2026-08-28T09:00"), 1)), "2026-09-03T17:30");
}

TEST(february_2026_has_fifteen_working_days)
{
    /* 20 Mondays to Fridays less the five days of the Lunar New Year, 16 to 20 February. */
    CHECK_INT(calendar_between(shipped(), at("2026-02-01"), at("2026-03-01")), hours(15 * 8));
}

TEST(outside_the_table_the_plain_week_goes_on)
{
    const Calendar *c = shipped();
    /* 2050-01-03 is a Monday, 2010-01-04 too. */
    CHECK_TEXT(shown(calendar_add_days(c, at("2050-01-03T09:00"), 5)), "2050-01-10T17:30");
    CHECK_TEXT(shown(calendar_add_days(c, at("2010-01-04T09:00"), 5)), "2010-01-11T17:30");
    CHECK_TEXT(shown(calendar_add_days(c, at("1969-12-31T09:00"), 1)), "1970-01-01T17:30");
    CHECK_INT(calendar_between(c, at("2045-12-29T07:30"), at("2046-01-01T17:30")), hours(16));
    CHECK_INT(calendar_between(c, at("2014-12-31T07:30"), at("2015-01-01T17:30")), hours(16));
    CHECK_TEXT(shown(calendar_add_days(c, at("2045-12-29T09:00"), 1)), "2046-01-01T17:30");
}

/* The slow way: minute by minute. */
static int64_t counted(const Calendar *c, int64_t from, int64_t to)
{
    int64_t sum = 0;
    for (; from < to; from += MINUTE_MS)
        sum += calendar_working(c, from) ? MINUTE_MS : 0;
    return sum;
}

TEST(between_and_add_agree_with_counting_minutes)
{
    const Calendar *c = shipped();
    uint64_t seed = 20261120;
    for (int i = 0; i < 300; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        int64_t from = at("2026-01-01") + (int64_t)(seed >> 33) % (500 * 1440) * MINUTE_MS;
        int64_t to = from + (int64_t)(seed >> 20) % (20 * 1440) * MINUTE_MS;
        int64_t ms = calendar_between(c, from, to);
        CHECK_INT(ms, counted(c, from, to));
        int64_t end = calendar_add_time(c, from, ms);
        CHECK_INT(calendar_between(c, from, end), ms);
        CHECK(end <= to || ms == 0);
        CHECK(ms == 0 ||
              calendar_working(c, end - 1)); /* the earliest such moment: it was worked until then */
    }
}

TEST(a_table_that_is_not_understood_is_refused)
{
    static const char head[] = "date,kind,name_vi,name_en,basis,verified\n";
    const char *bad[] = {
        "when,what\n",
        fmt("%s2026-13-01,off,a,b,c,yes\n", head),
        fmt("%s2026-01-01,maybe,a,b,c,yes\n", head),
        fmt("%s2026-01-01,off,a,b,yes\n", head),
        fmt("%s2026-01-01,off,a,b,c,yes\n2026-01-01,off,a,b,c,yes\n", head),
        fmt("%s2026-01-01,off,\"a,b\",b,c,yes\n", head),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_FAULT(FAULT_INTERNAL, calendar_parse(bad[i], strlen(bad[i])));
    const char *good = fmt("# note\n%s\n2026-01-01,off,a,b,c,yes\r\n", head);
    CHECK_INT(calendar_day_kind(calendar_parse(good, strlen(good)), local_day(at("2026-01-01"))),
              DAY_HOLIDAY);
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(twenty_four_working_hours_after_friday_four_pm_pass_over_the_day_of_culture),
        TEST_CASE(three_working_days_end_at_the_closing_time_of_the_third),
        TEST_CASE(same_day_work_is_due_at_closing_time_today_and_after_three_pm_on_the_next_working_day),
        TEST_CASE(a_pause_for_papers_resumes_with_the_time_that_was_left),
        TEST_CASE(the_noon_break_and_the_night_do_not_count),
        TEST_CASE(time_ends_at_the_end_of_a_stretch_of_work_and_counts_back_to_the_start_of_one),
        TEST_CASE(work_taken_at_night_or_on_a_holiday_begins_at_the_next_opening),
        TEST_CASE(a_make_up_saturday_is_worked_and_the_swapped_monday_is_not),
        TEST_CASE(february_2026_has_fifteen_working_days),
        TEST_CASE(outside_the_table_the_plain_week_goes_on),
        TEST_CASE(between_and_add_agree_with_counting_minutes),
        TEST_CASE(a_table_that_is_not_understood_is_refused),
        { 0 },
    });
}
