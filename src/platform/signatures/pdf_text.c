/* Text strings (ISO 32000-2 §7.9.2.2): UTF-16BE or UTF-8 with a mark, else PDFDocEncoding, of which we read
 * the Latin-1 part. */
#include "platform/signatures/pdf.h"
#include "base/arena.h"
#include "base/text.h"

#include <string.h>

static void add_utf8(Buf *out, unsigned code)
{
    if (code < 0x80) {
        buf_char(out, (char)code);
    } else if (code < 0x800) {
        buf_char(out, (char)(0xc0 | code >> 6));
        buf_char(out, (char)(0x80 | (code & 63)));
    } else if (code < 0x10000) {
        buf_char(out, (char)(0xe0 | code >> 12));
        buf_char(out, (char)(0x80 | (code >> 6 & 63)));
        buf_char(out, (char)(0x80 | (code & 63)));
    } else {
        buf_char(out, (char)(0xf0 | code >> 18));
        buf_char(out, (char)(0x80 | (code >> 12 & 63)));
        buf_char(out, (char)(0x80 | (code >> 6 & 63)));
        buf_char(out, (char)(0x80 | (code & 63)));
    }
}

static unsigned unit(const char *at)
{
    return (unsigned)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

static void from_utf16(Buf *out, const char *at, size_t size)
{
    for (size_t i = 0; i + 1 < size; i += 2) {
        unsigned code = unit(at + i);
        bool high = code >= 0xd800 && code < 0xdc00;
        unsigned low = high && i + 3 < size ? unit(at + i + 2) : 0;
        if (high && low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        } else if (code >= 0xd800 && code < 0xe000) {
            code = 0xfffd;
        }
        add_utf8(out, code ? code : ' ');
    }
}

char *pdf_text(const PdfObj *obj)
{
    Buf out = { 0 };
    if (!obj || obj->type != PDF_STRING)
        return text_copy("");
    if (obj->size >= 2 && memcmp(obj->text, "\xfe\xff", 2) == 0)
        from_utf16(&out, obj->text + 2, obj->size - 2);
    else if (obj->size >= 3 && memcmp(obj->text, "\xef\xbb\xbf", 3) == 0 &&
             utf8_valid(obj->text + 3, obj->size - 3))
        buf_add(&out, obj->text + 3, obj->size - 3);
    else
        for (size_t i = 0; i < obj->size; i++)
            add_utf8(&out, obj->text[i] ? (unsigned char)obj->text[i] : ' ');
    return text_nfc(buf_end(&out));
}

/* The code point at *at, which is valid UTF-8; steps over it. */
static unsigned take_code(const unsigned char **at)
{
    unsigned c = *(*at)++;
    int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
    unsigned code = more == 3 ? c & 7 : more == 2 ? c & 15 : more == 1 ? c & 31 : c;
    while (more-- > 0)
        code = code << 6 | (*(*at)++ & 63);
    return code;
}

char *pdf_text_string(const char *utf8)
{
    Buf out = { 0 };
    buf_text(&out, "<FEFF");
    if (!utf8_valid(utf8, strlen(utf8)))
        utf8 = "";
    for (const unsigned char *at = (const unsigned char *)utf8; *at;) {
        unsigned code = take_code(&at);
        if (code >= 0x10000)
            buf_fmt(&out, "%04X%04X", 0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
        else
            buf_fmt(&out, "%04X", code);
    }
    buf_char(&out, '>');
    return out.at;
}
