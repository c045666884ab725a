/* Pages: Mustache templates compiled at start, texts in Vietnamese and English, numbers and dates as people
 * here write them.
 *
 * Template "procedures/dossier" is src/solutions/procedures/views/dossier.html (or src/platform/…). Beyond
 * Mustache, a tag's name may have a filter:
 *   {{t:procedures.accept}}  text by key; {placeholders} are filled from the context      {{t:*status_title}}
 * the key stands in a variable
 *   {{date:at}} {{time:at}} {{datetime:at}} {{ago:at}}   UTC ms → 21/11/2026 · 15:30 · 15:30 21/11/2026 · "3
 * giờ trước"
 *   {{number:n}} {{money:vnd}} {{percent:r}}             1.234,5 · 20.000 đ · 96,5 %
 *   {{asset:app.css}}                                    its hashed path
 *   {{csrf}}                                             the hidden field every form needs
 * Partials {{> c/chip}} are the components of web/views/c/, shown once each on /design. */
#ifndef SEN_PLATFORM_VIEW_H
#define SEN_PLATFORM_VIEW_H

#include "net/http.h"
#include "platform/solution.h"

extern const Solution view_solution;

/* Compiles all embedded templates and texts; raises FAULT_INTERNAL naming file and line when one is wrong.
 * Long-lived, freed by view_stop(). */
void view_start(void);
void view_stop(void);

/* The render hook of the server (net/server.h). */
void view_render(Request *rq, Reply *reply);
/* The asset hook: the built files of web/dist under their hashed names. */
bool view_asset(const char *name, bool gzip, bool brotli, Reply *reply);
/* A template with a model, without layout. */
char *view_fragment(const char *lang, const char *template, Json model);

/* Text by key in a language; the key itself when unknown (and a warning in the log). `values` may be NULL;
 * its member "count" chooses the plural form. */
char *text_in(const char *lang, const char *key, Json values);
bool text_known(const char *lang, const char *key);

/* As in the filters above. */
char *show_number(const char *lang, double value, int decimals);
char *show_money(const char *lang, int64_t vnd);
char *show_date(const char *lang, int64_t ms);
char *show_time(const char *lang, int64_t ms);
/* "hai mươi nghìn đồng" (Vietnamese) */
char *money_in_words(int64_t vnd);

#endif
