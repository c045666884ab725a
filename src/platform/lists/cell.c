/* How one value is shown, by the kind of its column. */
#include "platform/lists/query.h"
#include "platform/app/start.h"
#include "platform/view/view.h"
#include "base/clock.h"
#include "base/text.h"

#include <string.h>

/* The colour of a state: "accepted=blue late=red" names them; grey when it is not named. */
static const char *state_colour(const char *states, const char *value)
{
    for (char **pair = text_split(text_or(states, ""), ' ', NULL); *pair; pair++) {
        char *equals = strchr(*pair, '=');
        if (equals && (size_t)(equals - *pair) == strlen(value) && text_starts(*pair, value))
            return equals + 1;
    }
    return "grey";
}

static void show_state(Json cell, Request *rq, const List *list, const ListColumn *column, const char *value)
{
    json_set_str(cell, "text", text_in(rq->lang, fmt("%s.%s.%s", list->name, column->name, value), NULL));
    json_set_str(cell, "colour", state_colour(column->states, value));
    json_set_bool(cell, "is_state", *value != '\0');
}

/* Due: a date, its colour, and the same in words (spec 23, WFL-28: never colour alone). */
static void show_due(Json cell, Request *rq, int64_t at)
{
    if (!at)
        return;
    int64_t days = local_day(at) - local_day(rq->now);
    const char *key = at < rq->now ? "lists.due.overdue" : days == 0 ? "lists.due.today" : "lists.due.in";
    if (at < rq->now)
        days = -days;
    json_set_str(cell, "text", show_date(rq->lang, at));
    json_set_str(cell, "note", text_in(rq->lang, key, json_set_int(json_new(), "count", days)));
    json_set_str(cell, "colour", at < rq->now ? "red" : days <= 1 ? "amber" : "green");
    json_set_bool(cell, "is_due", true);
}

static const char *plain(Request *rq, const ListColumn *column, Json row)
{
    Json value = json_at(row, column->name);
    int64_t at = json_int(row, column->name);
    if (!value || json_is_null(value))
        return "";
    switch (column->kind) {
    case LIST_NUMBER:
        return show_number(rq->lang, json_is_string(value) ? (double)at : json_number_value(value),
                           json_is_real(value) ? 1 : 0);
    case LIST_MONEY:
        return show_money(rq->lang, at);
    case LIST_DATE:
        return at ? show_date(rq->lang, at) : "";
    case LIST_DATETIME:
        return at ? fmt("%s %s", show_time(rq->lang, at), show_date(rq->lang, at)) : "";
    default:
        return json_is_string(value) ? json_string_value(value) : fmt("%lld", (long long)at);
    }
}

Json list_cell(Request *rq, const List *list, const ListColumn *column, Json row)
{
    Json cell = json_new();
    if (column->kind == LIST_STATE) {
        show_state(cell, rq, list, column, json_str(row, column->name));
    } else if (column->kind == LIST_DUE) {
        show_due(cell, rq, json_int(row, column->name));
    } else {
        const char *text = plain(rq, column, row);
        json_set_str(cell, "text", column->masked ? text_mask(text) : text);
    }
    if (column->link)
        json_set_str(cell, "href", path_filled(column->link, row));
    json_set_bool(cell, "is_number", column->kind == LIST_NUMBER || column->kind == LIST_MONEY);
    json_set_bool(cell, "is_code", column->kind == LIST_CODE);
    json_set_bool(cell, "is_date", column->kind == LIST_DATE || column->kind == LIST_DATETIME);
    json_set_str(cell, "title", text_in(rq->lang, fmt("%s.column.%s", list->name, column->name), NULL));
    return cell;
}
