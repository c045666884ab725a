/* Writing objects and incremental updates (ISO 32000-2 §7.5.6): the old bytes stay an exact prefix of the new
 * file. */
#include "platform/signatures/pdf.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void pdf_write_name(Buf *out, const char *name)
{
    buf_char(out, '/');
    for (; *name; name++) {
        unsigned char c = (unsigned char)*name;
        if (c <= 32 || c >= 127 || strchr("()<>[]{}/%#", c))
            buf_fmt(out, "#%02X", c);
        else
            buf_char(out, (char)c);
    }
}

static void write_string(Buf *out, const PdfObj *obj)
{
    buf_char(out, '<');
    for (size_t i = 0; i < obj->size; i++)
        buf_fmt(out, "%02X", (unsigned char)obj->text[i]);
    buf_char(out, '>');
}

static void write_real(Buf *out, double value)
{
    char *text = fmt("%.6f", value);
    for (size_t n = strlen(text); text[n - 1] == '0' && text[n - 2] != '.'; n--)
        text[n - 1] = '\0';
    buf_text(out, text);
}

void pdf_write(Buf *out, const PdfObj *obj)
{
    switch (obj->type) {
    case PDF_NULL:
        buf_text(out, "null");
        break;
    case PDF_BOOL:
        buf_text(out, obj->number ? "true" : "false");
        break;
    case PDF_INT:
        buf_fmt(out, "%lld", (long long)obj->number);
        break;
    case PDF_REAL:
        write_real(out, obj->real);
        break;
    case PDF_STRING:
        write_string(out, obj);
        break;
    case PDF_NAME:
        pdf_write_name(out, obj->text);
        break;
    case PDF_REF:
        buf_fmt(out, "%lld 0 R", (long long)obj->number);
        break;
    case PDF_ARRAY:
        buf_char(out, '[');
        for (unsigned i = 0; i < obj->count; i++) {
            buf_text(out, i ? " " : "");
            pdf_write(out, obj->items[i]);
        }
        buf_char(out, ']');
        break;
    case PDF_DICT:
        buf_text(out, "<<");
        for (unsigned i = 0; i < obj->count; i++) {
            buf_char(out, ' ');
            pdf_write_name(out, obj->keys[i]);
            buf_char(out, ' ');
            pdf_write(out, obj->items[i]);
        }
        buf_text(out, " >>");
        break;
    }
}

/* ---- Making and changing objects ---- */

PdfObj *pdf_own(PdfFile *file, const char *text)
{
    PdfLex lex = { file, text, strlen(text), 0, false };
    return pdf_parse(&lex, 0);
}

static PdfObj *own_node(PdfFile *file, PdfType type)
{
    PdfObj *obj = pdf_node(file, type);
    if (!obj)
        raise_fault(FAULT_LIMIT, "signatures.pdf", "a document has too many objects");
    return obj;
}

PdfObj *pdf_ref(PdfFile *file, int64_t number)
{
    PdfObj *ref = own_node(file, PDF_REF);
    ref->number = number;
    return ref;
}

PdfObj *pdf_copy_dict(PdfFile *file, const PdfObj *dict)
{
    PdfObj *copy = own_node(file, PDF_DICT);
    copy->count = dict->count;
    copy->items = alloc_array(dict->count + 1, sizeof *copy->items);
    copy->keys = alloc_array(dict->count + 1, sizeof *copy->keys);
    for (unsigned i = 0; i < dict->count; i++) {
        copy->items[i] = dict->items[i];
        copy->keys[i] = dict->keys[i];
    }
    return copy;
}

void pdf_set(PdfFile *file, PdfObj *dict, const char *key, PdfObj *value)
{
    for (unsigned i = 0; i < dict->count; i++)
        if (strcmp(dict->keys[i], key) == 0) {
            dict->items[i] = value;
            return;
        }
    PdfObj *wider = pdf_copy_dict(file, dict); /* its arrays have room for one more */
    wider->items[wider->count] = value;
    wider->keys[wider->count] = key;
    dict->items = wider->items;
    dict->keys = wider->keys;
    dict->count++;
}

void pdf_append(PdfFile *file, PdfObj *array, PdfObj *item)
{
    PdfObj **items = alloc_array(array->count + 1, sizeof *items);
    (void)file;
    if (array->count)
        memcpy(items, array->items, array->count * sizeof *items);
    items[array->count++] = item;
    array->items = items;
}

/* ---- Incremental updates ---- */

void pdf_update_begin(PdfUpdate *update, PdfFile *file, size_t more)
{
    size_t room = file->size + more + 4096;
    *update = (PdfUpdate){ .file = file, .out = { alloc(room), 0, room } };
    buf_add(&update->out, file->bytes, file->size);
    if (file->bytes[file->size - 1] != '\n')
        buf_char(&update->out, '\n');
    PdfObj *size = pdf_member(file->trailer, "Size");
    update->next_number = size && size->number > 0 && size->number < PDF_MOST_OBJECTS ? size->number : 1;
    for (size_t i = (size_t)update->next_number; i < file->entry_count; i++)
        if (file->entries[i].kind) /* a table that says less than it has */
            update->next_number = (int64_t)i + 1;
}

int64_t pdf_update_new(PdfUpdate *update)
{
    return update->next_number++;
}

static void note(PdfUpdate *update, int64_t number, unsigned short generation)
{
    if (update->written_count == update->written_room) {
        size_t room = update->written_room * 2 + 16;
        struct PdfWritten *written = alloc_array(room, sizeof *written);
        if (update->written_count)
            memcpy(written, update->written, update->written_count * sizeof *written);
        update->written = written;
        update->written_room = room;
    }
    update->written[update->written_count++] = (struct PdfWritten){ number, generation, update->out.size };
}

size_t pdf_update_put(PdfUpdate *update, int64_t number, const char *body, size_t size)
{
    unsigned short generation = 0;
    if ((size_t)number < update->file->entry_count && update->file->entries[number].kind == 1)
        generation = update->file->entries[number].generation;
    note(update, number, generation);
    buf_fmt(&update->out, "%lld %u obj\n", (long long)number, generation);
    size_t at = update->out.size;
    buf_add(&update->out, body, size);
    buf_text(&update->out, "\nendobj\n");
    return at;
}

void pdf_update_object(PdfUpdate *update, int64_t number, const PdfObj *obj)
{
    Buf body = { 0 };
    pdf_write(&body, obj);
    pdf_update_put(update, number, body.at, body.size);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = ((const struct PdfWritten *)a)->number, y = ((const struct PdfWritten *)b)->number;
    return x < y ? -1 : x > y;
}

/* What every trailer says again: where the rest is. */
static void add_common(PdfUpdate *update, Buf *out)
{
    static const char *const KEPT[] = { "Root", "Info", "ID" };
    buf_fmt(out, " /Size %lld /Prev %zu", (long long)update->next_number, update->file->startxref);
    for (size_t i = 0; i < sizeof KEPT / sizeof *KEPT; i++) {
        PdfObj *value = pdf_member(update->file->trailer, KEPT[i]);
        if (!value)
            continue;
        buf_fmt(out, " /%s ", KEPT[i]);
        pdf_write(out, value);
    }
}

/* Calls add() for each run of consecutive numbers. */
static size_t run_length(const PdfUpdate *update, size_t from)
{
    size_t n = 1;
    while (from + n < update->written_count &&
           update->written[from + n].number == update->written[from].number + (int64_t)n)
        n++;
    return n;
}

static void end_with_table(PdfUpdate *update)
{
    Buf *out = &update->out;
    buf_text(out, "xref\n");
    for (size_t i = 0, n; i < update->written_count; i += n) {
        n = run_length(update, i);
        buf_fmt(out, "%lld %zu\n", (long long)update->written[i].number, n);
        for (size_t k = i; k < i + n; k++)
            buf_fmt(out, "%010llu %05u n\r\n", (unsigned long long)update->written[k].at,
                    update->written[k].generation);
    }
    buf_text(out, "trailer\n<<");
    add_common(update, out);
    buf_text(out, " >>");
}

static void end_with_stream(PdfUpdate *update, int64_t number)
{
    Buf rows = { 0 }, body = { 0 };
    for (size_t i = 0; i < update->written_count; i++) {
        uint64_t at = update->written[i].at;
        unsigned generation = update->written[i].generation;
        char row[7] = { 1,        (char)(at >> 24),        (char)(at >> 16), (char)(at >> 8),
                        (char)at, (char)(generation >> 8), (char)generation };
        buf_add(&rows, row, sizeof row);
    }
    size_t size;
    char *packed = pdf_deflate(rows.at, rows.size, &size);
    buf_text(&body, "<< /Type /XRef /W [1 4 2] /Index [");
    for (size_t i = 0, n; i < update->written_count; i += n) {
        n = run_length(update, i);
        buf_fmt(&body, "%s%lld %zu", i ? " " : "", (long long)update->written[i].number, n);
    }
    buf_text(&body, "]");
    add_common(update, &body);
    buf_fmt(&body, " /Filter /FlateDecode /Length %zu >>\nstream\n", size);
    buf_add(&body, packed, size);
    buf_text(&body, "\nendstream");
    buf_fmt(&update->out, "%lld 0 obj\n", (long long)number);
    buf_add(&update->out, body.at, body.size);
    buf_text(&update->out, "\nendobj");
}

void pdf_update_end(PdfUpdate *update)
{
    int64_t number = update->file->table_is_stream ? pdf_update_new(update) : 0;
    size_t start = update->out.size;
    if (number) /* the stream lists itself */
        note(update, number, 0);
    qsort(update->written, update->written_count, sizeof *update->written, by_number);
    if (number)
        end_with_stream(update, number);
    else
        end_with_table(update);
    buf_fmt(&update->out, "\nstartxref\n%zu\n%%%%EOF\n", start);
}
