/* Rows as JSON, for view models, and single values. */
#include "store/engine.h"
#include "base/arena.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Decimal digits of `i`, written backwards from the end of a buffer. */
static char *digits_of(int64_t i, char buffer[24])
{
    char *at = buffer + 23;
    uint64_t rest = i < 0 ? -(uint64_t)i : (uint64_t)i;
    *at = '\0';
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (i < 0)
        *--at = '-';
    return at;
}

static Json key_json(int64_t key)
{
    char buffer[24], *digits = digits_of(key, buffer);
    return json_stringn_nocheck(digits, (size_t)(buffer + 23 - digits));
}

static Json bytes_json(const Value *value)
{
    return json_string_nocheck(base64_encode(value->at, value->size));
}

static Json cell_json(const Column *column, const Value *value)
{
    switch (value->type) {
    case VALUE_INT:
        return column->is_key ? key_json(value->i) : json_integer(value->i);
    case VALUE_REAL:
        return json_real(value->r);
    case VALUE_BOOL:
        return json_boolean(value->i);
    case VALUE_TEXT:
        return json_stringn_nocheck(value->at, value->size);
    case VALUE_JSON:
        return json_parse_own(value->at, value->size, column->name);
    case VALUE_BYTES:
        return bytes_json(value);
    default:
        return json_null();
    }
}

static Json row_json(Db *db, Statement *statement)
{
    Json row = json_object();
    for (int i = 0; i < statement->column_count; i++) {
        const Column *column = &statement->columns[i];
        Value value;
        db->calls->cell(statement, i, &value);
        Json member = cell_json(column, &value); /* NULL: a real number that JSON has not, infinity */
        json_object_setn_new_nocheck(row, column->name, column->name_size, member ? member : json_null());
    }
    return row;
}

Json db_row_values(Db *db, const char *sql, const Value *values)
{
    Statement *statement = query_start(db, sql, values);
    Json row = query_step(db, statement) ? row_json(db, statement) : NULL;
    query_end(db, statement);
    return row;
}

Json db_rows_values(Db *db, const char *sql, const Value *values)
{
    Json rows = json_list();
    Statement *statement = query_start(db, sql, values);
    while (query_step(db, statement))
        json_array_append_new(rows, row_json(db, statement));
    query_end(db, statement);
    return rows;
}

/* Each row has an arena of its own, which is emptied before the next one. */
void db_each(Db *db, const char *sql, const Value *values, RowFn *each, void *argument)
{
    Arena *rows = arena_new(0), *own = arena_current();
    if (!rows)
        raise_fault(FAULT_MEMORY, "memory.exhausted", "no memory for a row");
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) != 0) {
        arena_free(rows);
        raise_again(&guard.fault);
    }
    Statement *statement = query_stream(db, sql, values);
    for (bool more = true; more && query_step(db, statement); arena_reset(rows)) {
        arena_use(rows);
        Json row = row_json(db, statement);
        arena_use(own);
        query_pause(statement);
        more = each(row, argument);
        query_resume(statement);
    }
    query_end(db, statement);
    guard_leave(&guard);
    arena_free(rows);
}

static int64_t value_int(const Value *value)
{
    switch (value->type) {
    case VALUE_INT:
    case VALUE_BOOL:
        return value->i;
    case VALUE_REAL:
        return (int64_t)value->r;
    case VALUE_TEXT:
    case VALUE_JSON:
        return strtoll(text_copy_n(value->at, value->size), NULL, 10);
    default:
        return 0;
    }
}

static char *value_text(const Value *value)
{
    char buffer[24];
    switch (value->type) {
    case VALUE_INT:
        return text_copy(digits_of(value->i, buffer));
    case VALUE_REAL:
        return fmt("%.17g", value->r);
    case VALUE_BOOL:
        return text_copy(value->i ? "true" : "false");
    case VALUE_TEXT:
    case VALUE_JSON:
        return text_copy_n(value->at, value->size);
    case VALUE_BYTES:
        return base64_encode(value->at, value->size);
    default:
        return NULL;
    }
}

/* The first cell of the first row; it must be copied before query_end(). */
static Statement *first_cell(Db *db, const char *sql, const Value *values, Value *cell)
{
    Statement *statement = query_start(db, sql, values);
    *cell = value_null(VALUE_NULL);
    if (query_step(db, statement) && statement->column_count)
        db->calls->cell(statement, 0, cell);
    return statement;
}

int64_t db_int_values(Db *db, const char *sql, const Value *values)
{
    Value cell;
    Statement *statement = first_cell(db, sql, values, &cell);
    int64_t i = value_int(&cell);
    query_end(db, statement);
    return i;
}

char *db_text_values(Db *db, const char *sql, const Value *values)
{
    Value cell;
    Statement *statement = first_cell(db, sql, values, &cell);
    char *text = value_text(&cell);
    query_end(db, statement);
    return text;
}

int64_t db_exec_values(Db *db, const char *sql, const Value *values)
{
    Statement *statement = query_start(db, sql, values);
    while (query_step(db, statement)) {
        /* "returning" without anybody who wants it */
    }
    return query_end(db, statement);
}
