/* Rows as structs: a table of fields says which column goes where. Inserts and updates are written from the
 * same table once per connection. */
#include "store/engine.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS_MOST = 100 };

/* ---- Reading ---- */

static size_t field_count(const Field *fields)
{
    size_t n = 0;
    while (fields[n].type != FIELD_END)
        n++;
    if (n > FIELDS_MOST)
        fault_abort("a struct with too many fields for one row");
    return n;
}

/* Which column each field is in. Queries mostly name the columns in the order of the fields, so look there
 * first. */
static void match_columns(const Statement *statement, const Field *fields, int *columns)
{
    int at = 0;
    for (size_t f = 0; fields[f].type != FIELD_END; f++) {
        int tries = statement->column_count;
        for (; tries && strcmp(statement->columns[at % statement->column_count].name, fields[f].name) != 0;
             tries--)
            at++;
        if (!tries)
            raise_fault(FAULT_INTERNAL, "store.column", "no column %s in: %.300s", fields[f].name,
                        statement->sql);
        columns[f] = at++ % statement->column_count;
    }
}

static int64_t as_int(const Value *value)
{
    if (value->type == VALUE_TEXT)
        return strtoll(text_copy_n(value->at, value->size), NULL, 10);
    return value->type == VALUE_REAL ? (int64_t)value->r : value->type == VALUE_NULL ? 0 : value->i;
}

static double as_real(const Value *value)
{
    if (value->type == VALUE_TEXT)
        return strtod(text_copy_n(value->at, value->size), NULL);
    return value->type == VALUE_REAL ? value->r : value->type == VALUE_NULL ? 0 : (double)value->i;
}

static const char *as_text(const Value *value)
{
    switch (value->type) {
    case VALUE_TEXT:
    case VALUE_JSON:
        return text_copy_n(value->at, value->size);
    case VALUE_BYTES:
        return base64_encode(value->at, value->size);
    case VALUE_INT:
        return fmt("%lld", (long long)value->i);
    case VALUE_REAL:
        return fmt("%.17g", value->r);
    case VALUE_BOOL:
        return value->i ? "true" : "false";
    default:
        return NULL;
    }
}

static Json as_json(const Value *value, const char *name)
{
    if (value->type == VALUE_NULL)
        return NULL;
    const char *text = as_text(value);
    return json_parse_own(text, strlen(text), name);
}

static void fill(Db *db, Statement *statement, const Field *fields, const int *columns, void *row)
{
    for (; fields->type != FIELD_END; fields++, columns++) {
        void *to = (char *)row + fields->offset;
        Value value;
        db->calls->cell(statement, *columns, &value);
        if (fields->type == FIELD_INT || fields->type == FIELD_ID)
            *(int64_t *)to = as_int(&value);
        else if (fields->type == FIELD_REAL)
            *(double *)to = as_real(&value);
        else if (fields->type == FIELD_BOOL)
            *(bool *)to = as_int(&value) != 0;
        else if (fields->type == FIELD_TEXT)
            *(const char **)to = as_text(&value);
        else
            *(Json *)to = as_json(&value, fields->name);
    }
}

bool db_get_values(Db *db, const Field *fields, void *out, const char *sql, const Value *values)
{
    int columns[FIELDS_MOST];
    field_count(fields);
    Statement *statement = query_start(db, sql, values);
    bool found = query_step(db, statement);
    if (found) {
        match_columns(statement, fields, columns);
        fill(db, statement, fields, columns, out);
    }
    query_end(db, statement);
    return found;
}

size_t db_all_values(Db *db, const Field *fields, size_t size, void *out, const char *sql,
                     const Value *values)
{
    int columns[FIELDS_MOST];
    size_t count = 0, room = 16;
    field_count(fields);
    char *rows = alloc_array(room, size);
    Statement *statement = query_start(db, sql, values);
    for (; query_step(db, statement); count++) {
        if (!count)
            match_columns(statement, fields, columns);
        if (count == room) {
            rows = memcpy(alloc_array(room * 2, size), rows, room * size);
            room *= 2;
        }
        fill(db, statement, fields, columns, rows + count * size);
    }
    query_end(db, statement);
    *(void **)out = rows;
    return count;
}

/* ---- Writing ---- */

typedef char *WriteSql(const char *table, const Field *fields);

/* An insert or update for one table of fields: found again by where that table stands, and checked. */
struct Verb {
    WriteSql *kind;
    const Field *fields;
    size_t count;
    char *table, *sql; /* heap */
};

static char *insert_sql(const char *table, const Field *fields)
{
    Buf sql = { 0 };
    buf_fmt(&sql, "insert into %s (%s) values (", table, field_columns(fields, ""));
    for (size_t i = 0; fields[i].type != FIELD_END; i++)
        buf_fmt(&sql, i ? ", ?%zu" : "?%zu", i + 1);
    buf_char(&sql, ')');
    return sql.at;
}

static char *update_sql(const char *table, const Field *fields)
{
    Buf sql = { 0 };
    size_t id = 0;
    buf_fmt(&sql, "update %s set", table);
    for (size_t i = 0, n = 0; fields[i].type != FIELD_END; i++) {
        if (strcmp(fields[i].name, "id") == 0)
            id = i + 1;
        else
            buf_fmt(&sql, "%s %s = ?%zu", n++ ? "," : "", fields[i].name, i + 1);
    }
    if (!id)
        raise_fault(FAULT_INTERNAL, "store.update", "an update of %s has no field id", table);
    buf_fmt(&sql, " where id = ?%zu", id);
    return sql.at;
}

static void forget_verb(Verb *verb)
{
    heap_free(verb->table);
    heap_free(verb->sql);
    heap_free(verb);
}

void verbs_forget(Db *db)
{
    for (int i = 0; i < VERB_SLOTS; i++) {
        if (db->verbs[i])
            forget_verb(db->verbs[i]);
        db->verbs[i] = NULL;
    }
}

/* A new one takes the place of the one that stood in its slot. */
static const Verb *make_verb(Db *db, size_t slot, WriteSql *kind, const char *table, const Field *fields,
                             size_t count)
{
    char *sql = kind(table, fields);
    if (!db->verbs[slot])
        db->verbs[slot] = heap_alloc(sizeof(Verb));
    Verb *verb = db->verbs[slot];
    heap_free(verb->table);
    heap_free(verb->sql);
    *verb = (Verb){ .kind = kind, .fields = fields, .count = count };
    verb->table = heap_dup(table);
    verb->sql = heap_dup(sql);
    return verb;
}

static bool is_verb(const Verb *verb, WriteSql *kind, const char *table, const Field *fields, size_t count)
{
    return verb && verb->sql && verb->kind == kind && verb->fields == fields && verb->count == count &&
           strcmp(verb->table, table) == 0;
}

static const char *verb_sql(Db *db, WriteSql *kind, const char *table, const Field *fields, size_t count)
{
    size_t slot = ((uintptr_t)fields >> 4 ^ (uintptr_t)kind >> 4) % VERB_SLOTS;
    const Verb *verb = db->verbs[slot];
    if (!is_verb(verb, kind, table, fields, count))
        verb = make_verb(db, slot, kind, table, fields, count);
    return verb->sql;
}

static Value field_value(const Field *field, const void *row)
{
    const void *from = (const char *)row + field->offset;
    switch (field->type) {
    case FIELD_INT:
        return I(*(const int64_t *)from);
    case FIELD_ID:
        return ID(*(const int64_t *)from);
    case FIELD_REAL:
        return R(*(const double *)from);
    case FIELD_BOOL:
        return B(*(const bool *)from);
    case FIELD_TEXT:
        return T(*(const char *const *)from);
    default:
        return J(*(const Json *)from);
    }
}

static int64_t run_verb(Db *db, WriteSql *kind, const char *table, const Field *fields, const void *row)
{
    Value values[FIELDS_MOST + 1];
    size_t count = field_count(fields);
    for (size_t i = 0; i < count; i++)
        values[i] = field_value(&fields[i], row);
    values[count].type = VALUE_END;
    return db_exec_values(db, verb_sql(db, kind, table, fields, count), values);
}

void db_insert(Db *db, const char *table, const Field *fields, const void *row)
{
    run_verb(db, insert_sql, table, fields, row);
}

int64_t db_update(Db *db, const char *table, const Field *fields, const void *row)
{
    return run_verb(db, update_sql, table, fields, row);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_field(const Field *field, const void *before, const void *row)
{
    const char *a = (const char *)before + field->offset, *b = (const char *)row + field->offset;
    switch (field->type) {
    case FIELD_REAL:
        return *(const double *)a == *(const double *)b;
    case FIELD_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case FIELD_TEXT:
        return same_text(*(const char *const *)a, *(const char *const *)b);
    case FIELD_JSON:
        return json_equal(*(const Json *)a, *(const Json *)b) || *(const Json *)a == *(const Json *)b;
    default:
        return *(const int64_t *)a == *(const int64_t *)b;
    }
}

int64_t db_update_changed(Db *db, const char *table, const Field *fields, const void *before, const void *row)
{
    Value values[FIELDS_MOST + 2], id = N();
    size_t count = 0;
    Buf sql = { 0 };
    field_count(fields);
    buf_fmt(&sql, "update %s set", table);
    for (const Field *f = fields; f->type != FIELD_END; f++) {
        if (strcmp(f->name, "id") == 0)
            id = field_value(f, row);
        else if (!same_field(f, before, row)) {
            values[count] = field_value(f, row);
            buf_fmt(&sql, "%s %s = ?%zu", count ? "," : "", f->name, count + 1);
            count++;
        }
    }
    if (!count)
        return 0;
    buf_fmt(&sql, " where id = ?%zu", count + 1);
    values[count] = id;
    values[count + 1].type = VALUE_END;
    return db_exec_values(db, buf_end(&sql), values);
}

char *field_columns(const Field *fields, const char *prefix)
{
    Buf list = { 0 };
    for (size_t i = 0; fields[i].type != FIELD_END; i++)
        buf_fmt(&list, "%s%s%s", i ? ", " : "", prefix, fields[i].name);
    return (char *)buf_end(&list);
}
