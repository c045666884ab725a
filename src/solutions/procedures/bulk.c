#include "solutions/procedures/bulk.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"

#include <string.h>

enum { ROWS = 50 };

static const char *statement(const Bulk *bulk, size_t rows)
{
    Buf sql = { 0 };
    int n = 0;
    buf_fmt(&sql, "insert into %s (%s) values ", bulk->table, bulk->columns);
    for (size_t row = 0; row < rows; row++) {
        buf_text(&sql, row ? ", (" : "(");
        for (size_t column = 0; column < bulk->width; column++)
            buf_fmt(&sql, "%s?%d", column ? "," : "", ++n);
        buf_char(&sql, ')');
    }
    return buf_end(&sql);
}

Bulk *bulk_new(Db *db, const char *table, const char *columns)
{
    Bulk *bulk = alloc(sizeof *bulk);
    *bulk = (Bulk){ .db = db, .table = table, .columns = columns };
    text_split(columns, ',', &bulk->width);
    return bulk;
}

void bulk_row(Bulk *bulk, const Value *values)
{
    if (bulk->count + bulk->width > bulk->room) {
        size_t room = bulk->room ? bulk->room * 2 : ROWS * bulk->width;
        Value *more = alloc_array(room, sizeof *more);
        if (bulk->count)
            memcpy(more, bulk->values, bulk->count * sizeof *more);
        bulk->values = more;
        bulk->room = room;
    }
    memcpy(bulk->values + bulk->count, values, bulk->width * sizeof *values);
    bulk->count += bulk->width;
}

static Value value_of(const Field *field, const char *row)
{
    const void *at = row + field->offset;
    switch (field->type) {
    case FIELD_ID:
        return ID(*(const int64_t *)at);
    case FIELD_BOOL:
        return B(*(const bool *)at);
    case FIELD_REAL:
        return R(*(const double *)at);
    case FIELD_TEXT:
        return T(*(const char *const *)at);
    case FIELD_JSON:
        return J(*(const Json *)at);
    default:
        return I(*(const int64_t *)at);
    }
}

void bulk_struct(Bulk *bulk, const Field *fields, const void *row)
{
    Value *values = alloc_array(bulk->width, sizeof *values);
    for (size_t i = 0; i < bulk->width; i++)
        values[i] = value_of(&fields[i], row);
    bulk_row(bulk, values);
}

void bulk_back(Bulk *bulk, size_t count)
{
    bulk->count = count;
}

void bulk_insert(Bulk *bulk)
{
    Value *part = alloc_array(ROWS * bulk->width + 1, sizeof *part);
    const char *full = statement(bulk, ROWS);
    size_t whole = ROWS * bulk->width;
    for (size_t at = 0; at < bulk->count; at += whole) {
        size_t count = bulk->count - at < whole ? bulk->count - at : whole;
        memcpy(part, bulk->values + at, count * sizeof *part);
        part[count] = (Value){ .type = VALUE_END };
        db_exec_values(bulk->db, count == whole ? full : statement(bulk, count / bulk->width), part);
    }
    bulk->count = 0;
}
