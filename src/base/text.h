/* Text: UTF-8, NUL-terminated, immutable once made; everything returned lives in the current arena. */
#ifndef SEN_BASE_TEXT_H
#define SEN_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of text that need not end with NUL. */
typedef struct Slice {
    const char *at;
    size_t size;
} Slice;

Slice slice(const char *text);
char *slice_text(Slice slice);

/* printf into the arena. */
char *fmt(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *fmt_args(const char *format, va_list args);
char *text_copy(const char *text);
char *text_copy_n(const char *text, size_t size);

bool text_is(const char *a, const char *b); /* NULL equals only NULL */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_empty(const char *text); /* NULL or "" */
const char *text_or(const char *text, const char *otherwise);
char *text_trim(const char *text);
char *text_lower(const char *text); /* ASCII only; for people's words use text_fold() */
char *text_replace(const char *text, const char *what, const char *with);
/* Pieces between separators, empty ones included; *count is set; the array ends with NULL. */
char **text_split(const char *text, char separator, size_t *count);
/* A whole decimal number within [least, most]; false for anything else. */
bool text_int(const char *text, int64_t least, int64_t most, int64_t *out);

/* ---- Unicode ---- */

/* Is it well-formed UTF-8 without NUL? (Unicode 15, table 3-7) */
bool utf8_valid(const char *bytes, size_t size);
/* The code points in it. */
size_t utf8_length(const char *text);
/* Normalisation form C, with control characters other than tab and newline removed. Input must be valid
 * UTF-8. */
char *text_nfc(const char *text);
/* For search: NFC, lower case, Vietnamese marks removed, đ→d, runs of other characters one space:
 * "Đăng ký khai sinh" → "dang ky khai sinh". */
char *text_fold(const char *text);
/* Shortened to at most `count` code points, with "…" when something was left out. */
char *text_shorten(const char *text, size_t count);
/* A personal number masked for lists and logs: 087199012345 → 087******345. Shorter than 8: all stars. */
char *text_mask(const char *number);

/* ---- Encodings ---- */
char *hex_encode(const void *bytes, size_t size);
bool hex_decode(const char *text, void *out, size_t size); /* exactly 2·size digits */
char *base32_encode(const void *bytes, size_t size);       /* RFC 4648, no padding */
char *base64_encode(const void *bytes, size_t size);
char *base64url_encode(const void *bytes, size_t size); /* no padding */
/* Standard or URL alphabet, padding optional; NULL when malformed. */
void *base64_decode(const char *text, size_t *size);
char *url_encode(const char *text); /* RFC 3986 unreserved kept */
/* Percent-decoding (and '+' to space when `form`); NULL when malformed or not valid UTF-8. */
char *url_decode(const char *text, size_t size, bool form);
char *html_escape(const char *text);

#endif
