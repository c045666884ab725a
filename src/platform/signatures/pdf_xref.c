/* A PDF file from its end: startxref names the newest section (a table or a stream), each section names the
 * one before it, and the first to speak of an object number wins. Objects are then read one by one, when
 * asked for. */
#include "platform/signatures/pdf.h"
#include "base/arena.h"
#include "base/text.h"

#include <string.h>

static bool malformed(PdfFile *file)
{
    pdf_fail(file, "signatures.pdf.malformed");
    return false;
}

/* ---- The table of objects ---- */

static bool make_room(PdfFile *file, int64_t count)
{
    if (count < 0 || count > PDF_MOST_OBJECTS) {
        pdf_fail(file, "signatures.pdf.too-large");
        return false;
    }
    if ((size_t)count <= file->entry_count)
        return true;
    size_t room = (size_t)count + (size_t)count / 2 + 16;
    PdfEntry *entries = alloc_array(room, sizeof *entries);
    if (file->entry_count)
        memcpy(entries, file->entries, file->entry_count * sizeof *entries);
    file->entries = entries;
    file->entry_count = room;
    return true;
}

/* While the table is read, entries carry kind + 1, so that 0 means "no section has spoken of it yet". */
static bool set_entry(PdfFile *file, int64_t number, PdfEntry entry)
{
    if (!make_room(file, number + 1))
        return false;
    if (file->entries[number].kind == 0) {
        file->entries[number] = entry;
        file->entries[number].kind++;
    }
    return true;
}

static bool read_subsection(PdfLex *lex, int64_t first, int64_t count)
{
    PdfFile *file = lex->file;
    if (first < 0 || count < 0 || first + count > PDF_MOST_OBJECTS ||
        (size_t)count > (lex->size - lex->at) / 12)
        return malformed(file);
    for (int64_t i = 0; i < count; i++) {
        int64_t at, generation;
        if (!pdf_whole_number(lex, &at) || !pdf_whole_number(lex, &generation) || generation > 65535)
            return malformed(file);
        bool used = pdf_keyword(lex, "n");
        if (!used && !pdf_keyword(lex, "f"))
            return malformed(file);
        if (!set_entry(file, first + i,
                       (PdfEntry){ used ? 1 : 0, (unsigned short)generation, 0, used ? (uint64_t)at : 0 }))
            return false;
    }
    return true;
}

static PdfObj *read_table(PdfLex *lex)
{
    while (!pdf_keyword(lex, "trailer")) {
        int64_t first, count;
        if (!pdf_whole_number(lex, &first) || !pdf_whole_number(lex, &count)) {
            malformed(lex->file);
            return NULL;
        }
        if (!read_subsection(lex, first, count))
            return NULL;
    }
    PdfObj *trailer = pdf_parse(lex, 0);
    return trailer && trailer->type == PDF_DICT ? trailer : NULL;
}

static uint64_t big_endian(const unsigned char *at, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++)
        value = value << 8 | at[i];
    return value;
}

static bool read_packed(PdfFile *file, const char *bytes, size_t size, const size_t width[3], PdfObj *index)
{
    size_t step = width[0] + width[1] + width[2], at = 0;
    for (size_t pair = 0; pair + 1 < index->count; pair += 2) {
        int64_t first = index->items[pair]->number, count = index->items[pair + 1]->number;
        if (first < 0 || count < 0 || first + count > PDF_MOST_OBJECTS)
            return malformed(file);
        for (int64_t i = 0; i < count; i++, at += step) {
            if (size - at < step)
                return malformed(file);
            const unsigned char *row = (const unsigned char *)bytes + at;
            uint64_t kind = width[0] ? big_endian(row, width[0]) : 1,
                     a = big_endian(row + width[0], width[1]);
            uint64_t b = big_endian(row + width[0] + width[1], width[2]);
            PdfEntry entry = { .kind = kind <= 2 ? (unsigned char)kind : 0, .at = a };
            if (kind == 2)
                entry.index = b > UINT32_MAX ? UINT32_MAX : (unsigned)b;
            else
                entry.generation = (unsigned short)b;
            if (!set_entry(file, first + i, entry))
                return false;
        }
    }
    return true;
}

static PdfObj *read_table_stream(PdfLex *lex)
{
    PdfFile *file = lex->file;
    int64_t number, generation;
    PdfObj *dict = NULL;
    if (pdf_whole_number(lex, &number) && pdf_whole_number(lex, &generation) && pdf_keyword(lex, "obj"))
        dict = pdf_parse(lex, 0);
    if (!dict || dict->type != PDF_DICT || !pdf_is_name(pdf_member(dict, "Type"), "XRef") ||
        !pdf_stream_data(lex, dict)) {
        malformed(file);
        return NULL;
    }
    PdfObj *w = pdf_member(dict, "W"), *index = pdf_member(dict, "Index"), *size = pdf_member(dict, "Size");
    size_t width[3], n;
    if (!w || w->type != PDF_ARRAY || w->count != 3 || !size || size->type != PDF_INT) {
        malformed(file);
        return NULL;
    }
    for (int i = 0; i < 3; i++) {
        if (w->items[i]->number < 0 || w->items[i]->number > 8) {
            malformed(file);
            return NULL;
        }
        width[i] = (size_t)w->items[i]->number;
    }
    char *bytes = pdf_decode(file, dict, &n);
    if (!index)
        index = pdf_own(file, fmt("[0 %lld]", (long long)size->number));
    if (!bytes || !index || index->type != PDF_ARRAY || width[1] == 0 ||
        !read_packed(file, bytes, n, width, index)) {
        malformed(file);
        return NULL;
    }
    return dict;
}

/* One section; the trailer's dictionary, or NULL. */
static PdfObj *read_section(PdfFile *file, size_t at, bool *is_stream)
{
    PdfLex lex = { file, file->bytes, file->size, at, true };
    if (at >= file->size)
        return NULL;
    *is_stream = !pdf_keyword(&lex, "xref");
    return *is_stream ? read_table_stream(&lex) : read_table(&lex);
}

/* Behind the number: the end mark, then only white space. A file that goes on was cut off in the middle of an
 * update. */
static bool is_end(const PdfFile *file, size_t at)
{
    static const char WHITE[] = { 0, 9, 10, 12, 13, 32 };
    while (at < file->size && memchr(WHITE, file->bytes[at], sizeof WHITE))
        at++;
    if (file->size - at < 5 || memcmp(file->bytes + at, "%%EOF", 5) != 0)
        return false;
    for (at += 5; at < file->size; at++)
        if (!memchr(WHITE, file->bytes[at], sizeof WHITE))
            return false;
    return true;
}

/* The number after the last "startxref", which stands in the last 2 KiB. */
static bool find_start(PdfFile *file)
{
    static const char WORD[] = "startxref";
    size_t from = file->size > 2048 ? file->size - 2048 : 0;
    const char *found = NULL;
    for (const char *at = file->bytes + from;
         (at = memmem(at, file->size - (size_t)(at - file->bytes), WORD, strlen(WORD))); at++)
        found = at;
    if (!found)
        return malformed(file);
    PdfLex lex = { file, file->bytes, file->size, (size_t)(found - file->bytes) + strlen(WORD), true };
    int64_t at;
    if (!pdf_whole_number(&lex, &at) || at <= 0 || (size_t)at >= file->size || !is_end(file, lex.at))
        return malformed(file);
    file->startxref = (size_t)at;
    return true;
}

static bool read_sections(PdfFile *file)
{
    size_t seen[PDF_MOST_SECTIONS], count = 0;
    int64_t at = (int64_t)file->startxref;
    while (at > 0) {
        bool is_stream, hybrid_stream;
        for (size_t i = 0; i < count; i++)
            if (seen[i] == (size_t)at)
                return malformed(file);
        if (count == PDF_MOST_SECTIONS)
            return malformed(file);
        seen[count++] = (size_t)at;
        PdfObj *trailer = read_section(file, (size_t)at, &is_stream);
        if (!trailer)
            return malformed(file);
        if (!file->trailer) {
            file->trailer = trailer;
            file->table_is_stream = is_stream;
        }
        PdfObj *hybrid = is_stream ? NULL : pdf_member(trailer, "XRefStm");
        if (hybrid && (hybrid->number <= 0 || !read_section(file, (size_t)hybrid->number, &hybrid_stream)))
            return malformed(file);
        PdfObj *before = pdf_member(trailer, "Prev");
        at = before ? before->number : 0;
        if (before && (before->type != PDF_INT || at <= 0))
            return malformed(file);
    }
    for (size_t i = 0; i < file->entry_count; i++)
        if (file->entries[i].kind)
            file->entries[i].kind--;
    return true;
}

PdfFile *pdf_open(const void *bytes, size_t size, const char **error)
{
    PdfFile *file = alloc(sizeof *file);
    *file = (PdfFile){ .bytes = bytes, .size = size };
    *error = NULL;
    if (size > (size_t)512 * 1024 * 1024)
        pdf_fail(file, "signatures.pdf.too-large");
    else if (size < 20 || memcmp(bytes, "%PDF-", 5) != 0)
        pdf_fail(file, "signatures.pdf.not-pdf");
    else if (find_start(file) && make_room(file, 1))
        read_sections(file);
    if (!file->error && pdf_member(file->trailer, "Encrypt"))
        pdf_fail(file, "signatures.pdf.encrypted");
    if (!file->error) {
        file->cache = alloc_array(file->entry_count, sizeof *file->cache);
        file->reading = alloc_array(file->entry_count, 1);
        file->bundles = alloc_array(file->entry_count, sizeof *file->bundles);
        PdfObj *root = pdf_member(file->trailer, "Root");
        if (!root || root->type != PDF_REF || pdf_catalog(file)->type != PDF_DICT)
            malformed(file);
    }
    *error = file->error;
    return file->error ? NULL : file;
}
