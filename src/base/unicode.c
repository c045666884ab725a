/* Unicode through utf8proc; folding for search on top of it.
 *
 * Folding: decompose (NFD), drop combining marks, map đ/Đ (which has no decomposition) to d, lower-case, and
 * make every run of what is neither letter nor digit one space. It is the one folding of the whole program:
 * what is stored for search and what people type go through it alike (spec 19 §7.9). */
#include "base/text.h"
#include "base/arena.h"
#include "base/buf.h"

#include <string.h>
#include <utf8proc.h>

bool utf8_valid(const char *bytes, size_t size)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)bytes;
    while (size) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate(at, (utf8proc_ssize_t)size, &c);
        if (n <= 0 || c == 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

size_t utf8_length(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void add_code_point(Buf *out, utf8proc_int32_t c)
{
    utf8proc_uint8_t bytes[4];
    buf_add(out, bytes, (size_t)utf8proc_encode_char(c, bytes));
}

char *text_nfc(const char *text)
{
    bool ascii = true;
    for (const char *c = text; *c && ascii; c++)
        ascii =
            (unsigned char)*c < 0x80 && ((unsigned char)*c >= 0x20 || *c == '\n' || *c == '\t') && *c != 0x7f;
    if (ascii)
        return text_copy(text);
    utf8proc_uint8_t *nfc = utf8proc_NFC((const utf8proc_uint8_t *)text);
    if (!nfc)
        return text_copy("");
    arena_defer(heap_free, nfc);
    Buf out = { 0 };
    utf8proc_int32_t c;
    for (const utf8proc_uint8_t *at = nfc; *at;) {
        at += utf8proc_iterate(at, -1, &c);
        if (utf8proc_category(c) != UTF8PROC_CATEGORY_CC || c == '\n' || c == '\t')
            add_code_point(&out, c);
    }
    return (char *)buf_end(&out);
}

/* What one code point becomes in the folded form: a letter or digit, 0 to drop it, or ' ' for a gap. */
static utf8proc_int32_t folded(utf8proc_int32_t c)
{
    if (c == 0x0110 || c == 0x0111)
        return 'd';
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
        return 0;
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
        return utf8proc_tolower(c);
    default:
        return ' ';
    }
}

char *text_fold(const char *text)
{
    Buf out = { 0 };
    while (*text) {
        utf8proc_int32_t c, parts[8];
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &c);
        if (n <= 0)
            break;
        text += n;
        int last = 0;
        utf8proc_ssize_t count = utf8proc_decompose_char(c, parts, 8, UTF8PROC_DECOMPOSE, &last);
        for (utf8proc_ssize_t i = 0; i < count && i < 8; i++) {
            utf8proc_int32_t f = folded(parts[i]);
            if (f == ' ' ? out.size && out.at[out.size - 1] != ' ' : f)
                add_code_point(&out, f);
        }
    }
    if (out.size && out.at[out.size - 1] == ' ')
        out.at[--out.size] = '\0';
    return (char *)buf_end(&out);
}

char *text_shorten(const char *text, size_t count)
{
    const char *at = text;
    for (size_t n = 0; *at; n++) {
        if (n == count) {
            Buf out = { 0 };
            buf_add(&out, text, (size_t)(at - text));
            buf_text(&out, "…");
            return out.at;
        }
        at++;
        while (((unsigned char)*at & 0xc0) == 0x80)
            at++;
    }
    return text_copy(text);
}

char *text_mask(const char *number)
{
    char *masked = text_copy(number);
    size_t n = strlen(masked), shown = n >= 8 ? 3 : 0;
    memset(masked + shown, '*', n - 2 * shown);
    return masked;
}
