/* A line is put together in a fixed buffer and written with one write(), so that lines of threads never mix
 * and logging works when memory is gone. */
#include "base/log.h"
#include "base/clock.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 4096 };

static LogLevel least_level = LOG_INFO;

typedef struct Line {
    char at[LINE_SIZE];
    size_t size;
} Line;

void log_level(LogLevel least)
{
    least_level = least;
}

static void put(Line *line, char c)
{
    if (line->size < LINE_SIZE - 4)
        line->at[line->size++] = c;
}

static void put_text(Line *line, const char *text)
{
    for (; *text; text++)
        put(line, *text);
}

static bool is_secret(const char *name)
{
    static const char *const words[] = { "password",      "token", "secret", "cookie",
                                         "authorization", "pin",   "otp",    "key" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i]))
            return true;
    return false;
}

/* The length of a run of exactly 12 digits at `text`, else 0. */
static size_t personal_number(const char *text)
{
    size_t n = 0;
    while (isdigit((unsigned char)text[n]))
        n++;
    return n == 12 ? n : 0;
}

static void put_value(Line *line, const char *value)
{
    put(line, '"');
    bool after_digit = false;
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;
        if (!after_digit && personal_number(value)) {
            for (int i = 0; i < 12; i++)
                put(line, i < 3 || i > 8 ? value[i] : '*');
            value += 11;
        } else if (c == '"' || c == '\\') {
            put(line, '\\');
            put(line, (char)c);
        } else if (c < 0x20) {
            char escape[8];
            snprintf(escape, sizeof escape, "\\u%04x", c);
            put_text(line, escape);
        } else {
            put(line, (char)c);
        }
        after_digit = isdigit(c);
    }
    put(line, '"');
}

void log_line(LogLevel level, const char *event, ...)
{
    static const char *const names[] = { "debug", "info", "warning", "error" };
    if (level < least_level)
        return;
    Line line = { .size = 0 };
    struct timespec now;
    struct tm utc;
    char head[96];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t n = strftime(head, sizeof head, "{\"at\":\"%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(head + n, sizeof head - n, ".%03ldZ\",\"level\":\"%s\",\"event\":", now.tv_nsec / 1000000,
             names[level]);
    put_text(&line, head);
    put_value(&line, event);
    va_list args;
    va_start(args, event);
    for (const char *name; (name = va_arg(args, const char *));) {
        const char *value = va_arg(args, const char *);
        put(&line, ',');
        put_value(&line, name);
        put(&line, ':');
        put_value(&line, is_secret(name) ? "***" : value ? value : "");
    }
    va_end(args);
    memcpy(line.at + line.size, "}\n", 2);
    ssize_t written = write(STDERR_FILENO, line.at, line.size + 2);
    (void)written; /* there is nowhere left to complain to */
}
