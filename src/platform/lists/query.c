/* From what a person asked to one SQL statement.
 *
 * Paging is by key, never by offset: the cursor holds the sort values and the key of the last row, and the
 * next page is what stands after them in the order. With sort columns a (down) and b (up) and key k that is
 *     (a < ?) or (a = ? and b > ?) or (a = ? and b = ? and k > ?)
 * so a page costs the same anywhere in two million rows. Sortable columns must not be null (wrap them in
 * coalesce). Everything that came from outside is bound as a parameter; column names come only from the
 * list's own table. */
#include "platform/lists/query.h"
#include "platform/search/search.h"
#include "base/text.h"
#include "base/clock.h"

#include <string.h>

typedef struct Sql {
    Buf text;
    Value values[LIST_MAX_VALUES];
    int count;
} Sql;

static void bind(Sql *sql, Value value)
{
    if (sql->count >= LIST_MAX_VALUES - 1)
        raise_fault(FAULT_INTERNAL, "lists.values", "a list has too many filters");
    sql->values[sql->count++] = value;
}

/* Adds a condition; a '?' in it stands for the value. */
static void condition(Sql *sql, const char *text, Value value)
{
    const char *mark = strchr(text, '?');
    buf_text(&sql->text, " and (");
    if (mark) {
        bind(sql, value);
        buf_add(&sql->text, text, (size_t)(mark - text));
        buf_fmt(&sql->text, "?%d", sql->count);
        buf_text(&sql->text, mark + 1);
    } else {
        buf_text(&sql->text, text);
    }
    buf_char(&sql->text, ')');
}

const char *column_sql(const ListColumn *column)
{
    return column->sql ? column->sql : column->name;
}

static const ListColumn *column_named(const List *list, const char *name)
{
    for (const ListColumn *c = list->columns; c->name; c++)
        if (text_is(c->name, name))
            return c;
    return NULL;
}

static void read_sort(Wanted *w, const char *text)
{
    for (char **name = text_split(text, ',', NULL); *name && w->sorts < LIST_MAX_SORT; name++) {
        bool down = **name == '-';
        const ListColumn *column = column_named(w->list, *name + down);
        if (column && column->sortable)
            w->sort[w->sorts++] = (SortBy){ column, down };
    }
}

static Json read_cursor(const Wanted *w, const char *text)
{
    size_t size;
    char error[100], *bytes = *text ? base64_decode(text, &size) : NULL;
    Json cursor = bytes ? json_parse(bytes, size, error, sizeof error) : NULL;
    return json_array_size(cursor) == (size_t)w->sorts + 1 ? cursor : NULL;
}

/* A member that may stand there several times, as one text with commas. */
static const char *joined(Request *rq, const char *name)
{
    Json member = json_object_get(rq->query, name);
    if (!json_is_array(member))
        return query_str(rq, name);
    Buf out = { 0 };
    json_each (member, i, one)
        buf_fmt(&out, "%s%s", i ? "," : "", text_or(json_string_value(one), ""));
    return buf_end(&out);
}

Wanted list_wanted(Request *rq, const List *list)
{
    Wanted w = { .list = list,
                 .rq = rq,
                 .q = text_trim(query_str(rq, "q")),
                 .limit = LIST_DEFAULT_ROWS,
                 .columns = json_list() };
    read_sort(&w, query_str(rq, "sort"));
    if (!w.sorts && list->order)
        read_sort(&w, list->order);
    w.after = read_cursor(&w, query_str(rq, "after"));
    text_int(query_str(rq, "limit"), 1, LIST_MAX_ROWS, &w.limit);
    for (char **name = text_split(joined(rq, "columns"), ',', NULL); *name; name++)
        if (column_named(list, *name))
            json_add_str(w.columns, *name);
    return w;
}

bool column_shown(const Wanted *w, const ListColumn *column)
{
    if (!json_array_size(w->columns))
        return !column->hidden;
    json_each (w->columns, i, name)
        if (text_is(json_string_value(name), column->name))
            return true;
    return false;
}

const char *filter_value(Request *rq, const ListFilter *filter)
{
    const char *value = query_str(rq, filter->name);
    if (filter->kind != FILTER_CHOICE || !filter->choices || !*value)
        return value;
    for (char **choice = text_split(filter->choices, '|', NULL); *choice; choice++)
        if (text_is(*choice, value))
            return value;
    return "";
}

static void add_filter(Sql *sql, Request *rq, const ListFilter *filter)
{
    const char *value = filter_value(rq, filter);
    int64_t at;
    if (!*value)
        return;
    switch (filter->kind) {
    case FILTER_CHOICE:
        condition(sql, filter->sql, T(value));
        break;
    case FILTER_ORG:
        if (text_int(value, 1, INT64_MAX, &at))
            condition(sql, filter->sql, I(at));
        break;
    case FILTER_TEXT:
        condition(sql, filter->sql, T(text_trim(value)));
        break;
    case FILTER_FLAG:
        if (text_is(value, "1"))
            condition(sql, filter->sql, I(rq->now)); /* a '?' in a flag's condition is the present moment */
        break;
    case FILTER_DATE_FROM:
    case FILTER_DATE_TO: /* the whole of the last day belongs to it */
        if (time_parse(value, &at))
            condition(sql, filter->sql, I(filter->kind == FILTER_DATE_TO ? at + DAY_MS : at));
        break;
    }
}

static void add_where(Sql *sql, const Wanted *w, const char *scope)
{
    buf_fmt(&sql->text, " from %s where (%s)", w->list->from, scope);
    for (const ListFilter *f = w->list->filters; f && f->name; f++)
        add_filter(sql, w->rq, f);
    if (w->list->search && *w->q)
        buf_fmt(&sql->text, " and %s", search_sql(w->rq->db, w->list->search, w->q, w->list->key));
}

static Value cursor_value(Json value)
{
    if (json_is_string(value))
        return T(json_string_value(value));
    return json_is_real(value) ? R(json_real_value(value)) : I(json_integer_value(value));
}

/* The key is a number in the store and a string in JSON. */
static Value cursor_key(Json cursor, int at)
{
    int64_t key = 0;
    text_int(text_or(json_string_value(json_array_get(cursor, (size_t)at)), "0"), 0, INT64_MAX, &key);
    return I(key);
}

static void add_after(Sql *sql, const Wanted *w)
{
    if (!w->after)
        return;
    buf_text(&sql->text, " and (");
    for (int i = 0; i <= w->sorts; i++) {
        buf_text(&sql->text, i ? " or (" : "(");
        for (int j = 0; j < i; j++) {
            bind(sql, cursor_value(json_array_get(w->after, (size_t)j)));
            buf_fmt(&sql->text, "%s = ?%d and ", column_sql(w->sort[j].column), sql->count);
        }
        bool key = i == w->sorts;
        bind(sql, key ? cursor_key(w->after, i) : cursor_value(json_array_get(w->after, (size_t)i)));
        bool down = key ? w->sorts && w->sort[w->sorts - 1].down : w->sort[i].down;
        buf_fmt(&sql->text, "%s %c ?%d)", key ? w->list->key : column_sql(w->sort[i].column),
                down ? '<' : '>', sql->count);
    }
    buf_char(&sql->text, ')');
}

static void add_order(Sql *sql, const Wanted *w)
{
    buf_text(&sql->text, " order by ");
    for (int i = 0; i < w->sorts; i++)
        buf_fmt(&sql->text, "%s%s, ", column_sql(w->sort[i].column), w->sort[i].down ? " desc" : "");
    buf_fmt(&sql->text, "%s%s", w->list->key, w->sorts && w->sort[w->sorts - 1].down ? " desc" : "");
}

Json list_rows(const Wanted *w, const char *scope)
{
    Sql sql = { 0 };
    buf_fmt(&sql.text, "select %s as id", w->list->key);
    for (const ListColumn *c = w->list->columns; c->name; c++)
        if (!text_is(c->name, "id"))
            buf_fmt(&sql.text, ", %s as %s", column_sql(c), c->name);
    for (int i = 0; i < w->sorts; i++)
        buf_fmt(&sql.text, ", %s as sort_%d", column_sql(w->sort[i].column), i);
    add_where(&sql, w, scope);
    add_after(&sql, w);
    add_order(&sql, w);
    buf_fmt(&sql.text, " limit %lld", (long long)w->limit + 1);
    sql.values[sql.count].type = VALUE_END;
    return db_rows_values(w->rq->db, sql.text.at, sql.values);
}

int64_t list_count(const Wanted *w, const char *scope)
{
    Sql sql = { 0 };
    buf_text(&sql.text, "select count(*) from (select 1 as one");
    add_where(&sql, w, scope);
    buf_fmt(&sql.text, " limit %d) as counted", LIST_MAX_COUNT + 1);
    sql.values[sql.count].type = VALUE_END;
    return db_int_values(w->rq->db, sql.text.at, sql.values);
}

const char *cursor_of(const Wanted *w, Json row)
{
    Json cursor = json_list();
    for (int i = 0; i < w->sorts; i++)
        json_add(cursor, json_deep_copy(json_at(row, fmt("sort_%d", i))));
    json_add_str(cursor, json_str(row, "id"));
    const char *text = json_text(cursor);
    return base64url_encode(text, strlen(text));
}

Json list_kept(Request *rq, const char *name)
{
    Json kept = json_list();
    const char *key;
    Json member;
    json_object_foreach (rq->query, key, member) {
        const char *text = json_string_value(member);
        if (!text_is(key, "after") && !text_is(key, name) && !text_empty(text))
            json_add(kept, json_set_str(json_set_str(json_new(), "name", key), "value", text));
    }
    return kept;
}

const char *list_href(Request *rq, const List *list, const char *name, const char *value)
{
    Buf out = { 0 };
    const char *key;
    Json member;
    char mark = '?';
    buf_text(&out, list->path ? list->path : rq->path);
    json_object_foreach (rq->query, key, member) {
        const char *text = json_is_array(member) ? joined(rq, key) : json_string_value(member);
        if (text_is(key, "after") || text_is(key, name) || text_empty(text))
            continue;
        buf_fmt(&out, "%c%s=%s", mark, url_encode(key), url_encode(text));
        mark = '&';
    }
    if (value)
        buf_fmt(&out, "%c%s=%s", mark, url_encode(name), url_encode(value));
    return out.at;
}
