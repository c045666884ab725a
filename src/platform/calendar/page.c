/* GET /calendar: which days of a year (or month) are not as the week would have them, each with its source,
 * and how many working days each month has. Public: people count their due dates with it. */
#include "platform/calendar/holidays.h"
#include "base/clock.h"
#include "base/text.h"
#include "platform/view/view.h"

static const char *const kind_names[] = {
    [DAY_WORK] = "work", [DAY_WEEKEND] = "weekend", [DAY_HOLIDAY] = "holiday", [DAY_MAKE_UP] = "make_up"
};
/* Days off by the Labour Code, article 112 (eleven before the Day of Vietnamese Culture of 2026 was added): a
 * year with fewer rows has holidays, the Lunar New Year above all, that have not been announced yet. */
enum { STATUTORY_DAYS_OFF = 11 };

static Json holiday_json(const Calendar *c, const Holiday *holiday, const char *lang)
{
    int64_t at = day_start(holiday->day);
    const char *kind = kind_names[calendar_day_kind(c, holiday->day)];
    Json day = json_new();
    json_set_str(day, "date", date_iso(at));
    json_set_int(day, "starts_at", at);
    json_set_int(day, "weekday", local_time(at).weekday);
    json_set_str(day, "weekday_title",
                 text_in(lang, fmt("calendar.weekday-%d", local_time(at).weekday), NULL));
    json_set_str(day, "kind", kind);
    json_set_str(day, "kind_title", text_in(lang, fmt("calendar.kind-%s", kind), NULL));
    json_set_bool(day, "works", holiday->works);
    json_set_str(day, "name", calendar_day_name(c, holiday->day, lang));
    json_set_str(day, "name_vi", holiday->name_vi);
    json_set_str(day, "name_en", holiday->name_en);
    json_set_str(day, "source", holiday->basis);
    json_set_str(day, "verified", holiday->verified);
    json_set_str(day, "verified_title", text_in(lang, fmt("calendar.verified-%s", holiday->verified), NULL));
    json_set_str(day, "colour", holiday->works ? "blue" : "green");
    return day;
}

static Json days_json(const Calendar *c, int64_t from, int64_t to, const char *lang)
{
    const Holiday *holidays;
    size_t count = calendar_holidays(c, &holidays);
    Json days = json_list();
    for (size_t i = 0; i < count; i++)
        if (holidays[i].day >= from && holidays[i].day < to)
            json_add(days, holiday_json(c, &holidays[i], lang));
    return days;
}

static int64_t first_of(int year, int month)
{
    return days_from_civil(month > 12 ? year + 1 : year, month > 12 ? 1 : month, 1);
}

static Json months_json(const Calendar *c, int year, int chosen)
{
    Json months = json_list();
    for (int month = 1; month <= 12; month++) {
        Json item = json_new();
        json_set_int(item, "month", month);
        json_set_int(item, "working_days",
                     calendar_days_between(c, first_of(year, month), first_of(year, month + 1)));
        json_set_str(item, "path", fmt("/calendar?year=%d&month=%d", year, month));
        json_set_bool(item, "current", month == chosen);
        json_add(months, item);
    }
    return months;
}

static bool announced(const Calendar *c, int year)
{
    const Holiday *holidays;
    size_t count = calendar_holidays(c, &holidays);
    int off = 0;
    for (size_t i = 0; i < count; i++)
        off += !holidays[i].works && holidays[i].day >= first_of(year, 1) &&
               holidays[i].day < first_of(year + 1, 1);
    return off >= STATUTORY_DAYS_OFF;
}

static void set_year_path(Json model, const char *key, int year)
{
    if (year >= CALENDAR_FIRST_YEAR && year <= CALENDAR_LAST_YEAR)
        json_set_str(model, key, fmt("/calendar?year=%d", year));
}

/* Shows the exceptions of a year, or of one of its months. */
static Reply calendar_show(Request *rq)
{
    const Calendar *c = calendar();
    int year = in_has(rq, "year") ? (int)in_int(rq, "year") : local_time(rq->now).year;
    int month = in_has(rq, "month") ? (int)in_int(rq, "month") : 0;
    int64_t from = first_of(year, month ? month : 1),
            to = month ? first_of(year, month + 1) : first_of(year + 1, 1);
    Json model = json_new(), days = days_json(c, from, to, rq->lang);
    json_set_int(model, "year", year);
    json_set(model, "month", month ? json_integer(month) : NULL);
    json_set_int(model, "working_days", calendar_days_between(c, from, to));
    json_set_bool(model, "announced", announced(c, year));
    json_set_bool(model, "has_days", json_array_size(days) > 0);
    json_set(model, "days", days);
    json_set(model, "months", months_json(c, year, month));
    set_year_path(model, "year_path", year);
    set_year_path(model, "previous_path", year - 1);
    set_year_path(model, "next_path", year + 1);
    return page(rq, "calendar/calendar", model);
}

static const Param show_params[] = {
    { "year", PARAM_INT, false, CALENDAR_FIRST_YEAR, CALENDAR_LAST_YEAR, NULL, "calendar.year" },
    { "month", PARAM_INT, false, 1, 12, NULL, "calendar.month" },
    { 0 },
};

static const Route routes[] = {
    { GET, "/calendar", calendar_show, "public",
      "Public holidays and make-up working days of a year or month, with sources", .params = show_params },
    { 0 },
};

static void start(Store *store)
{
    (void)store;
    calendar(); /* a malformed table stops the program here, not the first due date */
}

const Solution calendar_solution = { .name = "calendar", .routes = routes, .start = start };
