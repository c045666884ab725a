/* PDF files from strangers: reading every object, the form, the signatures' CMS, the changes between two
 * revisions, and our own incremental updates. What may not happen: a crash, a leak, more time or memory than
 * bounded; and an update of ours that does not begin with the very bytes it was given or that we cannot read
 * ourselves. */
#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/reports/reports.h"
#include "platform/signatures/changes.h"
#include "platform/signatures/cms.h"
#include "platform/signatures/signatures.h"

#include <stdlib.h>
#include <string.h>

enum { MEMORY = 256 * 1024 * 1024 };

static void read_all(PdfFile *file)
{
    Buf out = { 0 };
    size_t size;
    for (size_t n = 1; n < file->entry_count && n < 5000; n++) {
        PdfObj *obj = pdf_object(file, (int64_t)n);
        if (!obj)
            continue;
        if (obj->data)
            pdf_decode(file, obj, &size);
        out.size = 0;
        pdf_write(&out, obj);
        pdf_text(obj);
    }
}

static void check_signatures(PdfFile *file, const char *bytes, size_t size)
{
    size_t count;
    FormField *fields = pdf_form_fields(file, &count);
    for (size_t i = 0; i < count && i < 4; i++) {
        PdfObj *contents = pdf_get(file, fields[i].value, "Contents"),
               *range = pdf_get(file, fields[i].value, "ByteRange");
        if (contents->type == PDF_STRING)
            cms_check(contents->text, contents->size, bytes, size / 2, bytes + size / 2, size - size / 2);
        int64_t end = pdf_item(file, range, 2)->number + pdf_item(file, range, 3)->number;
        if (end <= 0 || (uint64_t)end > size)
            continue;
        const char *error;
        PdfFile *then = pdf_open(bytes, (size_t)end, &error);
        Lock lock = lock_of(file, fields[i].value);
        if (then)
            changes_between(then, file, &lock);
    }
}

static void update(const char *bytes, size_t size)
{
    static const char *const VALUES[] = { "So", "12", NULL };
    const char *error = NULL;
    PdfField field = { "Moi", true, 1, 20, 20, 40, 20 };
    size_t made;
    const char *out = pdf_prepare(bytes, size, &field, 1, &made, &error);
    if (out && (made <= size || memcmp(out, bytes, size) != 0 || !pdf_open(out, made, &error)))
        abort();
    out = pdf_fill(bytes, size, VALUES, &made);
    if (out && (made <= size || memcmp(out, bytes, size) != 0 || !pdf_open(out, made, &error)))
        abort();
}

static void run(const char *bytes, size_t size)
{
    const char *error;
    PdfFile *file = pdf_open(bytes, size, &error);
    if (!file)
        return;
    read_all(file);
    file = pdf_open(bytes, size, &error); /* without the mistakes that reading everything has found */
    check_signatures(file, bytes, size);
    update(bytes, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    if (!started) {
        json_start();
        log_level(LOG_ERROR);
        atexit(reports_stop); /* the font caches are no leak */
        started = true;
    }
    Guard guard;
    Arena *arena = arena_new(MEMORY);
    arena_use(arena);
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        run((const char *)data, size);
        guard_leave(&guard);
    } else if (guard.fault.kind == FAULT_INTERNAL) {
        abort();
    }
    arena_use(NULL);
    arena_free(arena);
    return 0;
}
