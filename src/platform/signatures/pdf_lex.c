/* Objects from text (ISO 32000-2 §7.2–7.3). Recursion is bounded, nodes are counted, nothing is read past the
 * end. */
#include "platform/signatures/pdf.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void pdf_fail(PdfFile *file, const char *error)
{
    if (!file->error)
        file->error = error;
}

PdfObj *pdf_node(PdfFile *file, PdfType type)
{
    if (++file->nodes > PDF_MOST_NODES) {
        pdf_fail(file, "signatures.pdf.too-large");
        return NULL;
    }
    PdfObj *obj = alloc(sizeof *obj);
    obj->type = type;
    return obj;
}

static bool is_space(int c)
{
    return c == 0 || c == 9 || c == 10 || c == 12 || c == 13 || c == 32;
}

static bool is_delimiter(int c)
{
    return c && strchr("()<>[]{}/%", c);
}

static bool is_regular(int c)
{
    return !is_space(c) && !is_delimiter(c);
}

void pdf_skip_space(PdfLex *lex)
{
    while (lex->at < lex->size) {
        if (lex->bytes[lex->at] == '%')
            while (lex->at < lex->size && lex->bytes[lex->at] != '\n' && lex->bytes[lex->at] != '\r')
                lex->at++;
        else if (is_space((unsigned char)lex->bytes[lex->at]))
            lex->at++;
        else
            return;
    }
}

bool pdf_keyword(PdfLex *lex, const char *word)
{
    size_t n = strlen(word);
    pdf_skip_space(lex);
    if (lex->size - lex->at < n || memcmp(lex->bytes + lex->at, word, n) != 0)
        return false;
    if (lex->at + n < lex->size && is_regular((unsigned char)lex->bytes[lex->at + n]))
        return false;
    lex->at += n;
    return true;
}

bool pdf_whole_number(PdfLex *lex, int64_t *out)
{
    int64_t value = 0;
    size_t digits = 0;
    pdf_skip_space(lex);
    for (; lex->at < lex->size && lex->bytes[lex->at] >= '0' && lex->bytes[lex->at] <= '9'; lex->at++) {
        if (++digits > 15)
            return false;
        value = value * 10 + (lex->bytes[lex->at] - '0');
    }
    *out = value;
    return digits > 0;
}

static PdfObj *wrong(PdfLex *lex)
{
    pdf_fail(lex->file, "signatures.pdf.malformed");
    return NULL;
}

static int hex_value(int c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* ---- The kinds of object ---- */

static PdfObj *parse_name(PdfLex *lex)
{
    char name[256];
    size_t n = 0;
    for (lex->at++; lex->at < lex->size && is_regular((unsigned char)lex->bytes[lex->at]); lex->at++) {
        int c = (unsigned char)lex->bytes[lex->at];
        if (c == '#' && lex->size - lex->at > 2) {
            int high = hex_value(lex->bytes[lex->at + 1]), low = hex_value(lex->bytes[lex->at + 2]);
            if (high < 0 || low < 0 || high + low == 0)
                return wrong(lex);
            c = high << 4 | low;
            lex->at += 2;
        }
        if (n == sizeof name - 1)
            return wrong(lex);
        name[n++] = (char)c;
    }
    PdfObj *obj = pdf_node(lex->file, PDF_NAME);
    if (obj) {
        obj->text = text_copy_n(name, n);
        obj->size = n;
    }
    return obj;
}

static PdfObj *parse_hex(PdfLex *lex)
{
    const char *end = memchr(lex->bytes + lex->at, '>', lex->size - lex->at);
    if (!end)
        return wrong(lex);
    size_t after = (size_t)(end - lex->bytes), n = 0;
    char *text = alloc((after - lex->at) / 2 + 2);
    int half = -1;
    for (lex->at++; lex->at < after; lex->at++) {
        int c = (unsigned char)lex->bytes[lex->at], v = hex_value(c);
        if (v < 0 && !is_space(c))
            return wrong(lex);
        if (v < 0)
            continue;
        if (half >= 0)
            text[n++] = (char)(half << 4 | v);
        half = half < 0 ? v : -1;
    }
    if (half >= 0)
        text[n++] = (char)(half << 4);
    lex->at++;
    PdfObj *obj = pdf_node(lex->file, PDF_STRING);
    if (obj) {
        obj->text = text;
        obj->size = n;
    }
    return obj;
}

/* What a backslash stands for; at is on the character after it. */
static void escape(PdfLex *lex, Buf *out)
{
    static const char FROM[] = "nrtbf()\\", TO[] = "\n\r\t\b\f()\\";
    int c = lex->bytes[lex->at];
    const char *known = c ? strchr(FROM, c) : NULL;
    if (known) {
        buf_char(out, TO[known - FROM]);
    } else if (c >= '0' && c <= '7') {
        int value = 0;
        for (int i = 0;
             i < 3 && lex->at < lex->size && lex->bytes[lex->at] >= '0' && lex->bytes[lex->at] <= '7'; i++)
            value = value * 8 + (lex->bytes[lex->at++] - '0');
        buf_char(out, (char)value);
        lex->at--;
    } else if (c == '\r') {
        if (lex->at + 1 < lex->size && lex->bytes[lex->at + 1] == '\n')
            lex->at++;
    } else if (c != '\n') {
        buf_char(out, (char)c);
    }
}

static PdfObj *parse_string(PdfLex *lex)
{
    Buf out = { 0 };
    int open = 1;
    for (lex->at++; lex->at < lex->size; lex->at++) {
        int c = lex->bytes[lex->at];
        if (c == '\\') {
            if (++lex->at == lex->size)
                break;
            escape(lex, &out);
            continue;
        }
        open += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (!open)
            break;
        buf_char(&out, (char)c);
    }
    if (open)
        return wrong(lex);
    lex->at++;
    PdfObj *obj = pdf_node(lex->file, PDF_STRING);
    if (obj) {
        obj->text = buf_end(&out);
        obj->size = out.size;
    }
    return obj;
}

static PdfObj *parse_array(PdfLex *lex, int depth)
{
    Vec items = { 0 };
    lex->at++;
    for (;;) {
        pdf_skip_space(lex);
        if (lex->at >= lex->size)
            return wrong(lex);
        if (lex->bytes[lex->at] == ']')
            break;
        PdfObj *item = pdf_parse(lex, depth + 1);
        if (!item)
            return NULL;
        vec_add(&items, item);
    }
    lex->at++;
    PdfObj *obj = pdf_node(lex->file, PDF_ARRAY);
    if (obj) {
        obj->items = (PdfObj **)items.items;
        obj->count = (unsigned)items.count;
    }
    return obj;
}

/* A key that stands twice is refused: readers disagree about which one counts. */
static bool is_twice(const Vec *keys, const char *key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->items[i], key) == 0)
            return true;
    return false;
}

static PdfObj *parse_dict(PdfLex *lex, int depth)
{
    enum { MOST_KEYS = 2000 };
    Vec keys = { 0 }, items = { 0 };
    lex->at += 2;
    for (;;) {
        pdf_skip_space(lex);
        if (lex->size - lex->at >= 2 && memcmp(lex->bytes + lex->at, ">>", 2) == 0)
            break;
        if (lex->at >= lex->size || lex->bytes[lex->at] != '/' || keys.count == MOST_KEYS)
            return wrong(lex);
        PdfObj *key = parse_name(lex), *value = key ? pdf_parse(lex, depth + 1) : NULL;
        if (!value)
            return NULL;
        if (is_twice(&keys, key->text))
            return wrong(lex);
        vec_add(&keys, (char *)key->text);
        vec_add(&items, value);
    }
    lex->at += 2;
    PdfObj *obj = pdf_node(lex->file, PDF_DICT);
    if (obj) {
        obj->keys = (const char **)keys.items;
        obj->items = (PdfObj **)items.items;
        obj->count = (unsigned)keys.count;
    }
    return obj;
}

/* Two whole numbers and an R make a reference; else only the first is taken. */
static PdfObj *parse_number(PdfLex *lex)
{
    size_t from = lex->at;
    int64_t number, generation;
    if (pdf_whole_number(lex, &number) && lex->at < lex->size &&
        is_space((unsigned char)lex->bytes[lex->at])) {
        size_t first_end = lex->at;
        if (pdf_whole_number(lex, &generation) && pdf_keyword(lex, "R")) {
            PdfObj *ref = pdf_node(lex->file, PDF_REF);
            if (ref)
                ref->number = number;
            return number > 0 && number < PDF_MOST_OBJECTS ? ref : pdf_node(lex->file, PDF_NULL);
        }
        lex->at = first_end;
    }
    char digits[48];
    size_t n = 0;
    for (lex->at = from; lex->at < lex->size && is_regular((unsigned char)lex->bytes[lex->at]); lex->at++) {
        if (n == sizeof digits - 1 || !strchr("0123456789+-.", lex->bytes[lex->at]))
            return wrong(lex);
        digits[n++] = lex->bytes[lex->at];
    }
    digits[n] = '\0';
    char *end;
    double value = strtod(digits, &end);
    if (*end || !n)
        return wrong(lex);
    PdfObj *obj = pdf_node(lex->file, strchr(digits, '.') ? PDF_REAL : PDF_INT);
    if (obj) {
        obj->real = value;
        obj->number = value > -1e15 && value < 1e15 ? (int64_t)value : 0;
    }
    return obj;
}

static PdfObj *parse_word(PdfLex *lex)
{
    if (pdf_keyword(lex, "null"))
        return pdf_node(lex->file, PDF_NULL);
    bool yes = pdf_keyword(lex, "true");
    if (!yes && !pdf_keyword(lex, "false"))
        return wrong(lex);
    PdfObj *obj = pdf_node(lex->file, PDF_BOOL);
    if (obj)
        obj->number = yes;
    return obj;
}

static PdfObj *parse_here(PdfLex *lex, int depth)
{
    char c = lex->bytes[lex->at];
    bool twice = lex->at + 1 < lex->size && lex->bytes[lex->at + 1] == c;
    if (c == '/')
        return parse_name(lex);
    if (c == '(')
        return parse_string(lex);
    if (c == '<')
        return twice ? parse_dict(lex, depth) : parse_hex(lex);
    if (c == '[')
        return parse_array(lex, depth);
    if (strchr("0123456789+-.", c) && c)
        return parse_number(lex);
    return parse_word(lex);
}

PdfObj *pdf_parse(PdfLex *lex, int depth)
{
    pdf_skip_space(lex);
    if (lex->at >= lex->size || depth > PDF_MOST_DEPTH)
        return wrong(lex);
    size_t start = lex->at;
    PdfObj *obj = parse_here(lex, depth);
    if (obj && lex->in_file) {
        obj->start = start;
        obj->end = lex->at;
    }
    return obj;
}
