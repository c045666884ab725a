/* Text in plain bytes: formatting, splitting, comparing. Unicode is in unicode.c, encodings in encode.c. */
#include "base/text.h"
#include "base/arena.h"
#include "base/buf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Slice slice(const char *text)
{
    return (Slice){ text, strlen(text) };
}

char *slice_text(Slice s)
{
    return text_copy_n(s.at, s.size);
}

char *fmt_args(const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *text = alloc(n < 0 ? 1 : (size_t)n + 1);
    if (n >= 0)
        vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text;
}

char *fmt(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = fmt_args(format, args);
    va_end(args);
    return text;
}

char *text_copy_n(const char *text, size_t size)
{
    char *copy = alloc(size + 1);
    if (size)
        memcpy(copy, text, size);
    return copy;
}

char *text_copy(const char *text)
{
    return text_copy_n(text, strlen(text));
}

bool text_is(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);
    return n >= m && strcmp(text + n - m, suffix) == 0;
}

bool text_empty(const char *text)
{
    return !text || !*text;
}

const char *text_or(const char *text, const char *otherwise)
{
    return text_empty(text) ? otherwise : text;
}

char *text_trim(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    return text_copy_n(text, n);
}

char *text_lower(const char *text)
{
    char *lower = text_copy(text);
    for (char *c = lower; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return lower;
}

char *text_replace(const char *text, const char *what, const char *with)
{
    Buf out = { 0 };
    size_t n = strlen(what);
    for (const char *hit; n && (hit = strstr(text, what)); text = hit + n) {
        buf_add(&out, text, (size_t)(hit - text));
        buf_text(&out, with);
    }
    buf_text(&out, text);
    return out.at;
}

char **text_split(const char *text, char separator, size_t *count)
{
    size_t n = 1;
    for (const char *c = text; *c; c++)
        n += *c == separator;
    char **pieces = alloc_array(n + 1, sizeof *pieces);
    for (size_t i = 0; i < n; i++) {
        const char *end = strchr(text, separator);
        size_t size = end ? (size_t)(end - text) : strlen(text);
        pieces[i] = text_copy_n(text, size);
        text += size + 1;
    }
    if (count)
        *count = n;
    return pieces;
}

bool text_int(const char *text, int64_t least, int64_t most, int64_t *out)
{
    if (text_empty(text) || (!isdigit((unsigned char)*text) && *text != '-'))
        return false;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || *end || end == text || value < least || value > most)
        return false;
    *out = value;
    return true;
}
