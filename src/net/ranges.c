/* Ranges (RFC 9110 §14) and dates (§5.6.7) of HTTP. */
#include "base/clock.h"
#include "net/inside.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char *digits(const char *at, int64_t *number)
{
    size_t n = strspn(at, "0123456789");
    *number = -1;
    if (n && !text_int(text_copy_n(at, n), 0, INT64_MAX, number))
        *number = INT64_MAX; /* more digits than a file has bytes */
    return at + n;
}

RangeResult range_parse(const char *header, int64_t size, Range *range)
{
    int64_t first, last;
    *range = (Range){ 0, size };
    if (!header || strncasecmp(header, "bytes=", 6) != 0)
        return RANGE_WHOLE;
    const char *at = header + 6 + strspn(header + 6, " \t");
    at = digits(at, &first);
    if (*at != '-')
        return RANGE_WHOLE;
    at = digits(at + 1, &last);
    if (at[strspn(at, " \t")] || (first < 0 && last < 0) || (first >= 0 && last >= 0 && last < first))
        return RANGE_WHOLE;
    if (first < 0) { /* the last so many bytes */
        if (!last || !size)
            return RANGE_UNSATISFIABLE;
        first = last < size ? size - last : 0;
        last = size - 1;
    }
    if (first >= size)
        return RANGE_UNSATISFIABLE;
    if (last < 0 || last >= size)
        last = size - 1;
    *range = (Range){ first, last - first + 1 };
    return RANGE_PART;
}

static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

const char *http_date(int64_t seconds)
{
    struct tm utc;
    time_t t = (time_t)seconds;
    gmtime_r(&t, &utc);
    return fmt("%s, %02d %s %04d %02d:%02d:%02d GMT", days[utc.tm_wday], utc.tm_mday, months[utc.tm_mon],
               utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

/* Only the form that senders must use (IMF-fixdate); the obsolete ones count as absent, which costs a
 * transfer. */
bool http_date_parse(const char *text, int64_t *seconds)
{
    int day, year, h, m, s, used = 0;
    char month[4];
    if (!text ||
        sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT%n", &day, month, &year, &h, &m, &s, &used) != 6 ||
        used != 29)
        return false;
    for (int i = 0; i < 12; i++)
        if (strcmp(month, months[i]) == 0) {
            *seconds = days_from_civil(year, i + 1, day) * 86400 + h * 3600 + m * 60 + s;
            return true;
        }
    return false;
}
