/* Inside the list room: the parts that a list page is put together from. */
#ifndef SEN_PLATFORM_LISTS_QUERY_H
#define SEN_PLATFORM_LISTS_QUERY_H

#include "platform/lists/lists.h"
#include "base/buf.h"

enum {
    LIST_MAX_VALUES = 64,
    LIST_DEFAULT_ROWS = 50,
    LIST_MAX_ROWS = 200,
    LIST_MAX_EXPORT = 50000,
    LIST_MAX_COUNT = 10000,
    LIST_MAX_SORT = 3
};

typedef struct SortBy {
    const ListColumn *column;
    bool down;
} SortBy;

/* What was asked for, checked against the list's tables. */
typedef struct Wanted {
    const List *list;
    Request *rq;
    const char *q;
    SortBy sort[LIST_MAX_SORT];
    int sorts;
    Json after; /* the cursor: sort values and key of the last row; NULL: from the start */
    int64_t limit;
    Json columns; /* names that are shown */
} Wanted;

Wanted list_wanted(Request *rq, const List *list);
/* The value of a filter in the query, "" when not set or not one of its choices. */
const char *filter_value(Request *rq, const ListFilter *filter);

/* Rows with members id, every column, and sort_0 … for the cursor; one more than limit when there are more.
 */
Json list_rows(const Wanted *w, const char *scope);
int64_t list_count(const Wanted *w, const char *scope); /* at most LIST_MAX_COUNT + 1 */
const char *cursor_of(const Wanted *w, Json row);
const char *column_sql(const ListColumn *column);

/* The path with the query of this request, one member changed (value NULL: removed); "after" is always
 * dropped. */
const char *list_href(Request *rq, const List *list, const char *name, const char *value);

/* The other members of the query, [{name, value}]: hidden fields of a form that sets `name`. */
Json list_kept(Request *rq, const char *name);

/* Display: the model of one cell, of the head, of the filters. */
Json list_cell(Request *rq, const List *list, const ListColumn *column, Json row);
bool column_shown(const Wanted *w, const ListColumn *column);

Reply list_export(const Wanted *w, const char *scope, const char *format);

#endif
