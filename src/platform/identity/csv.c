/* A field at a time; the first row that is no remark names the columns. */
#include "platform/identity/csv.h"
#include "platform/app/app.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/map.h"
#include "base/text.h"

#include <string.h>

typedef struct Reader {
    const char *at, *end;
} Reader;

static const char *read_quoted(Reader *r)
{
    Buf out = { 0 };
    for (r->at++; r->at < r->end; r->at++) {
        if (*r->at == '"' && (r->at + 1 == r->end || r->at[1] != '"'))
            break;
        if (*r->at == '"')
            r->at++;
        buf_char(&out, *r->at);
    }
    if (r->at < r->end)
        r->at++;
    return buf_end(&out);
}

static const char *read_plain(Reader *r)
{
    const char *start = r->at;
    while (r->at < r->end && !strchr(",\r\n", *r->at))
        r->at++;
    return text_copy_n(start, (size_t)(r->at - start));
}

/* The fields of one line; the reader stands behind its end. */
static Vec read_line(Reader *r)
{
    Vec fields = { 0 };
    for (;;) {
        bool quoted = r->at < r->end && *r->at == '"';
        vec_add(&fields, (void *)(quoted ? read_quoted(r) : read_plain(r)));
        if (r->at >= r->end || *r->at != ',')
            break;
        r->at++;
    }
    while (r->at < r->end && (*r->at == '\r' || *r->at == '\n'))
        r->at++;
    return fields;
}

Json csv_rows(const char *text, size_t size)
{
    Reader r = { text, text + size };
    Vec names = { 0 };
    Json rows = json_list();
    while (r.at < r.end) {
        Vec fields = read_line(&r);
        if (text_starts(fields.items[0], "#"))
            continue;
        if (!names.count) {
            names = fields;
            continue;
        }
        Json row = json_new();
        for (size_t i = 0; i < names.count; i++)
            json_set_str(row, names.items[i], i < fields.count ? fields.items[i] : "");
        json_add(rows, row);
    }
    return rows;
}

Json csv_asset(const char *name)
{
    size_t size;
    const char *text = asset_text(name, &size);
    if (!text)
        raise_fault(FAULT_INTERNAL, "identity.data", "%s is not in the program", name);
    return csv_rows(text, size);
}
