/* Reads data/public-holidays.csv: lines that begin with '#' are notes, the first other line names the
 * columns. No field may hold a comma or a quote: the file is ours, and a wrong due date is worse than a
 * program that does not start. */
#include "platform/calendar/holidays.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const columns = "date,kind,name_vi,name_en,basis,verified";
enum { COLUMN_COUNT = 6 };

static _Noreturn void wrong(size_t line, const char *why)
{
    raise_fault(FAULT_INTERNAL, "calendar.data", "public-holidays.csv, line %zu: %s", line, why);
}

static const char *one_of(const char *word, const char *a, const char *b, const char *c, size_t line)
{
    if (!text_is(word, a) && !text_is(word, b) && !text_is(word, c))
        wrong(line, "a word that is not in the list");
    return word;
}

static Holiday parse_line(const char *text, size_t line)
{
    size_t count;
    int64_t at;
    if (strchr(text, '"'))
        wrong(line, "a quote");
    char **field = text_split(text, ',', &count);
    if (count != COLUMN_COUNT)
        wrong(line, "not six columns");
    if (!time_parse(field[0], &at))
        wrong(line, "not a date");
    return (Holiday){
        .day = local_day(at),
        .works = text_is(one_of(field[1], "off", "work", "work", line), "work"),
        .name_vi = field[2],
        .name_en = field[3],
        .basis = field[4],
        .verified = one_of(field[5], "yes", "part", "no", line),
    };
}

static int by_day(const void *a, const void *b)
{
    int64_t x = ((const Holiday *)a)->day, y = ((const Holiday *)b)->day;
    return (x > y) - (x < y);
}

size_t holidays_parse(const char *csv, size_t size, const Holiday **out)
{
    size_t lines, count = 0;
    char **line = text_split(text_copy_n(csv, size), '\n', &lines);
    Holiday *holidays = alloc_array(lines, sizeof *holidays);
    bool headed = false;
    for (size_t i = 0; i < lines; i++) {
        const char *text = text_trim(line[i]);
        if (!*text || *text == '#')
            continue;
        if (headed)
            holidays[count++] = parse_line(text, i + 1);
        else if (!text_is(text, columns))
            wrong(i + 1, "other columns than expected");
        headed = true;
    }
    qsort(holidays, count, sizeof *holidays, by_day);
    for (size_t i = 1; i < count; i++)
        if (holidays[i].day == holidays[i - 1].day)
            raise_fault(FAULT_INTERNAL, "calendar.data", "public-holidays.csv: %s stands twice",
                        date_iso(day_start(holidays[i].day)));
    *out = holidays;
    return count;
}
