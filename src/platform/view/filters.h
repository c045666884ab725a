/* What may stand before the colon of a tag or of a text's placeholder: the ways to show a value to people. */
#ifndef SEN_PLATFORM_VIEW_FILTERS_H
#define SEN_PLATFORM_VIEW_FILTERS_H

#include "base/json.h"

#include <stdint.h>

typedef enum Filter {
    FILTER_NONE,
    FILTER_TEXT,     /* t: a text by its key; the engine's own work */
    FILTER_DATE,     /* UTC ms (or a text that is a date) → 21/11/2026 */
    FILTER_TIME,     /* → 15:30 */
    FILTER_DATETIME, /* → 15:30 21/11/2026 */
    FILTER_ISO,      /* → 2026-11-21T15:30:00+07:00, for <time datetime> */
    FILTER_DAY,      /* → 2026-11-21, for <input type=date> */
    FILTER_AGO,      /* → "3 giờ trước", "2 ngày nữa" */
    FILTER_NUMBER,   /* 1234.5 → 1.234,5 (at most three decimals) */
    FILTER_MONEY,    /* 20000 → 20.000 đ */
    FILTER_PERCENT,  /* a ratio: 0.965 → 96,5 % */
    FILTER_BYTES,    /* 1536 → 1,5 KB */
    FILTER_MASK,     /* 087199012345 → 087******345 */
    FILTER_ID,       /* a field's path → the id of its element: items[2].name → f-items-2-name */
    FILTER_JSON,     /* any value as JSON that may stand in a <script type="application/json"> */
    FILTER_ASSET,    /* app.css → /assets/app-<digest>.css */
    FILTER_CSRF,     /* {{csrf}}: the hidden field of a form */
    FILTER_COUNT
} Filter;

/* The filter of this name ("date"), FILTER_NONE when there is none. */
Filter filter_named(const char *name, size_t size);
/* What people see for a value; "" for a missing one. Arena memory. */
const char *filter_show(Filter filter, const char *lang, int64_t now, Json value);
/* Values without a filter: text, numbers in plain digits, true/false, JSON of anything larger. */
const char *value_plain(Json value);

/* "3 giờ trước" for a moment seen from `now`. */
char *show_ago(const char *lang, int64_t ms, int64_t now);
char *show_percent(const char *lang, double ratio);
/* The id of a field's element on the page. */
const char *field_id(const char *path);

#endif
