/* The objects of a PDF file, read one by one when asked for: at their offset, or out of an object stream. */
#include "platform/signatures/pdf.h"
#include "base/arena.h"
#include "base/text.h"

#include <string.h>

typedef struct PdfBundle {
    char *bytes;
    size_t size;
    int64_t count, first;
    int64_t *numbers, *offsets;
} PdfBundle;

static PdfObj null_object = { .type = PDF_NULL };

/* After the dictionary: the keyword and exactly /Length bytes, then endstream. */
PdfObj *pdf_stream_data(PdfLex *lex, PdfObj *dict)
{
    PdfFile *file = lex->file;
    if (!pdf_keyword(lex, "stream"))
        return dict;
    if (lex->at < lex->size && lex->bytes[lex->at] == '\r')
        lex->at++;
    if (lex->at < lex->size && lex->bytes[lex->at] == '\n')
        lex->at++;
    size_t start = lex->at;
    PdfObj *length = pdf_get(file, dict, "Length");
    if (length->type != PDF_INT || length->number < 0 || (uint64_t)length->number > lex->size - start) {
        pdf_fail(file, "signatures.pdf.malformed");
        return NULL;
    }
    dict->data = lex->bytes + start;
    dict->data_size = (size_t)length->number;
    lex->at = start + dict->data_size;
    if (!pdf_keyword(lex, "endstream")) {
        pdf_fail(file, "signatures.pdf.malformed");
        return NULL;
    }
    return dict;
}

static PdfObj *read_at(PdfFile *file, int64_t number, uint64_t at)
{
    PdfLex lex = { file, file->bytes, file->size, (size_t)at, true };
    int64_t n, generation;
    if (at >= file->size || !pdf_whole_number(&lex, &n) || n != number ||
        !pdf_whole_number(&lex, &generation) || !pdf_keyword(&lex, "obj")) {
        pdf_fail(file, "signatures.pdf.malformed");
        return NULL;
    }
    PdfObj *obj = pdf_parse(&lex, 0);
    if (obj && obj->type == PDF_DICT)
        obj = pdf_stream_data(&lex, obj);
    if (obj && !pdf_keyword(&lex, "endobj")) {
        pdf_fail(file, "signatures.pdf.malformed");
        return NULL;
    }
    return obj;
}

static PdfBundle *open_bundle(PdfFile *file, int64_t number)
{
    if (number <= 0 || (size_t)number >= file->entry_count || file->entries[number].kind != 1)
        return NULL; /* an object stream never lies in another */
    if (file->bundles[number])
        return file->bundles[number];
    PdfObj *stream = pdf_object(file, number);
    if (!stream || !stream->data || !pdf_is_name(pdf_get(file, stream, "Type"), "ObjStm"))
        return NULL;
    PdfBundle *bundle = alloc(sizeof *bundle);
    bundle->count = pdf_get(file, stream, "N")->number;
    bundle->first = pdf_get(file, stream, "First")->number;
    bundle->bytes = pdf_decode(file, stream, &bundle->size);
    if (!bundle->bytes || bundle->count < 0 || bundle->count > PDF_MOST_OBJECTS || bundle->first < 0 ||
        (size_t)bundle->first > bundle->size || (size_t)bundle->count > bundle->size)
        return NULL;
    bundle->numbers = alloc_array((size_t)bundle->count + 1, sizeof *bundle->numbers);
    bundle->offsets = alloc_array((size_t)bundle->count + 1, sizeof *bundle->offsets);
    PdfLex lex = { file, bundle->bytes, (size_t)bundle->first, 0, false };
    for (int64_t i = 0; i < bundle->count; i++)
        if (!pdf_whole_number(&lex, &bundle->numbers[i]) || !pdf_whole_number(&lex, &bundle->offsets[i]))
            return NULL;
    return file->bundles[number] = bundle;
}

static PdfObj *read_bundled(PdfFile *file, int64_t number, const PdfEntry *entry)
{
    PdfBundle *bundle = open_bundle(file, (int64_t)entry->at);
    if (!bundle || entry->index >= (uint64_t)bundle->count || bundle->numbers[entry->index] != number ||
        (uint64_t)bundle->offsets[entry->index] >= bundle->size - (size_t)bundle->first) {
        pdf_fail(file, "signatures.pdf.malformed");
        return NULL;
    }
    size_t at = (size_t)(bundle->first + bundle->offsets[entry->index]);
    PdfLex lex = { file, bundle->bytes, bundle->size, at, false };
    return pdf_parse(&lex, 0);
}

PdfObj *pdf_object(PdfFile *file, int64_t number)
{
    if (number <= 0 || (size_t)number >= file->entry_count || !file->cache || !file->entries[number].kind)
        return NULL;
    if (file->cache[number])
        return file->cache[number];
    if (file->reading[number]) {
        pdf_fail(file, "signatures.pdf.malformed");
        return NULL;
    }
    file->reading[number] = 1;
    const PdfEntry *entry = &file->entries[number];
    PdfObj *obj = entry->kind == 1 ? read_at(file, number, entry->at) : read_bundled(file, number, entry);
    file->reading[number] = 0;
    return file->cache[number] = obj;
}

/* ---- Reading members ---- */

PdfObj *pdf_resolve(PdfFile *file, PdfObj *obj)
{
    for (int i = 0; obj && obj->type == PDF_REF && i < 32; i++)
        obj = pdf_object(file, obj->number);
    return obj && obj->type != PDF_REF ? obj : &null_object;
}

PdfObj *pdf_member(const PdfObj *dict, const char *key)
{
    if (dict && dict->type == PDF_DICT)
        for (unsigned i = 0; i < dict->count; i++)
            if (strcmp(dict->keys[i], key) == 0)
                return dict->items[i];
    return NULL;
}

PdfObj *pdf_get(PdfFile *file, PdfObj *dict, const char *key)
{
    return pdf_resolve(file, pdf_member(dict, key));
}

PdfObj *pdf_item(PdfFile *file, PdfObj *array, size_t i)
{
    return array && array->type == PDF_ARRAY && i < array->count ? pdf_resolve(file, array->items[i])
                                                                 : &null_object;
}

bool pdf_is_name(const PdfObj *obj, const char *name)
{
    return obj && obj->type == PDF_NAME && strcmp(obj->text, name) == 0;
}

PdfObj *pdf_catalog(PdfFile *file)
{
    return pdf_get(file, file->trailer, "Root");
}

static PdfObj *find_page(PdfFile *file, PdfObj *node_ref, int *left, int64_t *number, int depth)
{
    PdfObj *node = pdf_resolve(file, node_ref), *kids = pdf_get(file, node, "Kids");
    if (depth > PDF_MOST_DEPTH || node->type != PDF_DICT)
        return NULL;
    if (kids->type != PDF_ARRAY) {
        *number = node_ref->type == PDF_REF ? node_ref->number : 0;
        return --*left == 0 && *number ? node : NULL;
    }
    for (unsigned i = 0; i < kids->count; i++) {
        PdfObj *page = find_page(file, kids->items[i], left, number, depth + 1);
        if (page || *left <= 0)
            return page;
    }
    return NULL;
}

PdfObj *pdf_page(PdfFile *file, int page, int64_t *number)
{
    PdfObj *root = pdf_member(pdf_catalog(file), "Pages");
    *number = 0;
    return root && page > 0 ? find_page(file, root, &page, number, 0) : NULL;
}
