/* The list page: model for people, rows for programs, files for spreadsheets. query.c finds the rows, cell.c
 * shows a value. */
#include "platform/lists/query.h"
#include "platform/reports/reports.h"
#include "platform/view/view.h"
#include "base/clock.h"
#include "base/text.h"

#include <string.h>

static const char *text_of(const Wanted *w, const char *part, const char *name)
{
    return text_in(w->rq->lang, fmt("%s.%s.%s", w->list->name, part, name), NULL);
}

/* One head cell: its title, and where a click on it sorts to. */
static Json head_cell(const Wanted *w, const ListColumn *column)
{
    Json cell = json_new();
    bool up = w->sorts && w->sort[0].column == column && !w->sort[0].down;
    bool down = w->sorts && w->sort[0].column == column && w->sort[0].down;
    json_set_str(cell, "name", column->name);
    json_set_str(cell, "title", text_of(w, "column", column->name));
    json_set_bool(cell, "is_number", column->kind == LIST_NUMBER || column->kind == LIST_MONEY);
    json_set_bool(cell, "sorted_up", up);
    json_set_bool(cell, "sorted_down", down);
    json_set_str(cell, "aria_sort", up ? "ascending" : down ? "descending" : "none");
    if (column->sortable)
        json_set_str(cell, "href",
                     list_href(w->rq, w->list, "sort", fmt("%s%s", up ? "-" : "", column->name)));
    return cell;
}

static Json option(const char *value, const char *label, const char *chosen)
{
    Json one = json_new();
    json_set_str(one, "value", value);
    json_set_str(one, "label", label);
    return json_set_bool(one, "selected", text_is(value, chosen));
}

static Json filter_options(const Wanted *w, const ListFilter *f, const char *chosen)
{
    Json options = json_list();
    json_add(options, option("", text_in(w->rq->lang, "lists.any", NULL), chosen));
    if (f->options) {
        Json rows = db_rows(w->rq->db, f->options);
        json_each (rows, i, row)
            json_add(options, option(fmt("%s", json_is_string(json_at(row, "value"))
                                                   ? json_str(row, "value")
                                                   : fmt("%lld", (long long)json_int(row, "value"))),
                                     json_str(row, "title"), chosen));
        return options;
    }
    for (char **choice = text_split(text_or(f->choices, ""), '|', NULL); *choice; choice++)
        if (**choice)
            json_add(options, option(*choice, text_of(w, "filter", fmt("%s.%s", f->name, *choice)), chosen));
    return options;
}

static Json filter_model(const Wanted *w, const ListFilter *f)
{
    Json one = json_new();
    const char *value = filter_value(w->rq, f);
    bool choice = f->kind == FILTER_CHOICE || f->kind == FILTER_ORG;
    json_set_str(one, "name", f->name);
    json_set_str(one, "label", text_of(w, "filter", f->name));
    json_set_str(one, "value", value);
    json_set_bool(one, "active", *value != '\0');
    json_set_str(one, "clear_href", list_href(w->rq, w->list, f->name, NULL));
    json_set_bool(one, "is_choice", choice);
    json_set_bool(one, "is_date", f->kind == FILTER_DATE_FROM || f->kind == FILTER_DATE_TO);
    json_set_bool(one, "is_flag", f->kind == FILTER_FLAG);
    json_set_bool(one, "is_text", f->kind == FILTER_TEXT);
    if (choice)
        json_set(one, "options", filter_options(w, f, value));
    return one;
}

static Json row_model(const Wanted *w, Json row)
{
    Json one = json_new(), cells = json_list();
    for (const ListColumn *c = w->list->columns; c->name; c++)
        if (column_shown(w, c))
            json_add(cells, list_cell(w->rq, w->list, c, row));
    json_set_str(one, "id", json_str(row, "id"));
    return json_set(one, "cells", cells);
}

static void add_columns(Json model, const Wanted *w)
{
    Json head = json_list(), choice = json_list();
    for (const ListColumn *c = w->list->columns; c->name; c++) {
        if (column_shown(w, c))
            json_add(head, head_cell(w, c));
        json_add(choice, json_set_bool(option(c->name, text_of(w, "column", c->name), ""), "checked",
                                       column_shown(w, c)));
    }
    json_set(model, "columns", head);
    json_set(model, "column_choice", choice);
}

/* What programs get: rows as they are (personal numbers masked as on the page), how many there are, where it
 * goes on. */
static Json plain_model(const Wanted *w, Json rows, int64_t count, const char *next)
{
    Json model = json_new();
    json_each (rows, i, row) {
        for (int s = 0; s < w->sorts; s++)
            json_object_del(row, fmt("sort_%d", s));
        for (const ListColumn *c = w->list->columns; c->name; c++)
            if (c->masked && json_has(row, c->name))
                json_set_str(row, c->name, text_mask(json_str(row, c->name)));
    }
    json_set(model, "items", rows);
    json_set_int(model, "count", count > LIST_MAX_COUNT ? LIST_MAX_COUNT : count);
    json_set_bool(model, "count_is_least", count > LIST_MAX_COUNT);
    return json_set_str(model, "next", next);
}

static Json page_model(const Wanted *w, Json rows, int64_t count, const char *next)
{
    Json model = json_new(), shown = json_list(), filters = json_list();
    bool filtered = *w->q;
    json_set_str(model, "title", text_in(w->rq->lang, fmt("%s.title", w->list->name), NULL));
    json_set_str(model, "list", w->list->name);
    json_set_str(model, "path", w->list->path ? w->list->path : w->rq->path);
    json_set_str(model, "count_text",
                 count > LIST_MAX_COUNT ? fmt("%s+", show_number(w->rq->lang, LIST_MAX_COUNT, 0))
                                        : show_number(w->rq->lang, (double)count, 0));
    for (const ListFilter *f = w->list->filters; f && f->name; f++) {
        Json one = filter_model(w, f);
        filtered |= json_bool(one, "active");
        json_add(filters, one);
    }
    json_each (rows, i, row)
        json_add(shown, row_model(w, row));
    json_set(model, "filters", filters);
    json_set(model, "rows", shown);
    json_set_bool(model, "empty", json_array_size(shown) == 0);
    json_set_bool(model, "filtered", filtered);
    json_set_str(
        model, "empty_text",
        text_in(w->rq->lang, filtered ? "lists.nothing-found" : fmt("%s.empty", w->list->name), NULL));
    json_set_str(model, "q", w->q);
    json_set_bool(model, "has_search", w->list->search != NULL);
    json_set_str(model, "sort", query_str(w->rq, "sort"));
    Buf asked = { 0 };
    json_each (w->columns, i, name)
        buf_fmt(&asked, "%s%s", i ? "," : "", json_string_value(name));
    json_set_str(model, "columns_asked", buf_end(&asked));
    json_set_str(model, "csv_href", list_href(w->rq, w->list, "format", "csv"));
    json_set_str(model, "xlsx_href", list_href(w->rq, w->list, "format", "xlsx"));
    json_set_str(model, "clear_href", w->list->path ? w->list->path : w->rq->path);
    if (next)
        json_set_str(model, "next_href", list_href(w->rq, w->list, "after", next));
    if (w->after)
        json_set_str(model, "first_href", list_href(w->rq, w->list, "after", NULL));
    if (w->list->action) {
        Json act = json_set_str(json_set_str(json_new(), "text", text_in(w->rq->lang, w->list->action, NULL)),
                                "href", w->list->action_path);
        Json items = json_list();
        json_add(items, json_set_bool(act, "primary", true));
        json_set(model, "actions", json_set(json_new(), "items", items));
    }
    json_set(model, "kept", list_kept(w->rq, "columns"));
    json_set_str(model, "topic", w->list->topic);
    add_columns(model, w);
    return model;
}

static Json model_of(const Wanted *w, const char *scope)
{
    Json rows = list_rows(w, scope);
    int64_t count = list_count(w, scope);
    const char *next = NULL;
    size_t n = json_array_size(rows);
    if ((int64_t)n > w->limit) {
        json_array_remove(rows, n - 1);
        next = cursor_of(w, json_array_get(rows, n - 2));
    }
    return w->rq->wants_json ? plain_model(w, rows, count, next) : page_model(w, rows, count, next);
}

Json list_model(Request *rq, const List *list, const char *scope)
{
    Wanted w = list_wanted(rq, list);
    return model_of(&w, scope);
}

/* ---- export ---- */

static const char *const report_kinds[] = {
    [LIST_TEXT] = "text", [LIST_CODE] = "text",         [LIST_NUMBER] = "number", [LIST_MONEY] = "money",
    [LIST_DATE] = "date", [LIST_DATETIME] = "datetime", [LIST_STATE] = "text",    [LIST_DUE] = "datetime",
};

static Json export_row(const Wanted *w, Json row)
{
    Json cells = json_list();
    for (const ListColumn *c = w->list->columns; c->name; c++) {
        if (!column_shown(w, c))
            continue;
        if (c->kind == LIST_STATE || c->masked)
            json_add_str(cells, json_str(list_cell(w->rq, w->list, c, row), "text"));
        else
            json_add(cells, json_deep_copy(json_at(row, c->name)));
    }
    return cells;
}

Reply list_export(const Wanted *asked, const char *scope, const char *format)
{
    Wanted w = *asked;
    Json columns = json_list(), rows = json_list();
    size_t size;
    w.limit = LIST_MAX_EXPORT;
    w.after = NULL;
    for (const ListColumn *c = w.list->columns; c->name; c++)
        if (column_shown(&w, c))
            json_add(columns, json_set_str(json_set_str(json_new(), "title", text_of(&w, "column", c->name)),
                                           "kind", report_kinds[c->kind]));
    Json found = list_rows(&w, scope);
    json_each (found, i, row)
        json_add(rows, export_row(&w, row));
    bool xlsx = text_is(format, "xlsx");
    const char *title = text_in(w.rq->lang, fmt("%s.title", w.list->name), NULL);
    const void *bytes = xlsx ? xlsx_table(title, columns, rows, &size) : csv_table(columns, rows, &size);
    Reply reply = bytes_reply(xlsx ? "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
                                   : "text/csv; charset=utf-8",
                              bytes, size);
    reply.file_name = fmt("%s-%s.%s", w.list->name, date_iso(w.rq->now), format);
    return reply;
}

Reply list_page(Request *rq, const List *list, const char *scope, Json extra)
{
    Wanted w = list_wanted(rq, list);
    const char *format = query_str(rq, "format");
    if (text_is(format, "csv") || text_is(format, "xlsx"))
        return list_export(&w, scope, format);
    Json model = model_of(&w, scope);
    if (extra)
        json_object_update(model, extra);
    return page(rq, "lists/list", model);
}
