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
 * Partials {{> c/chip text=state_title colour="green"}} are the components of web/views/c/, shown once each
 * on /design; see web/README.md for their models and mustache.h for what the engine adds to Mustache
 * (arguments of partials, {{.name}}, layouts). Every template can also ask for: lang · me {signed_in,
 * official, citizen, name, org} · page {path, target, now, trace_id, demo} · typed {field: what was typed} ·
 * errors [{path, message, id}] · wrong {field: message}. */
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
/* The asset hook of the server: the built files of web/dist. */
bool view_asset(const char *name, bool gzip, bool brotli, Reply *reply);
/* Leaves a notice ("Đã nộp hồ sơ") for the page that the reply leads to; shown once. `key`: i18n; `values`
 * may be NULL. */
void view_flash(Reply *reply, const Request *rq, const char *key, Json values);
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
char *show_time(const char *lang, int64_t ms);     /* 15:30 */
char *show_datetime(const char *lang, int64_t ms); /* 15:30 21/11/2026 */
/* "hai mươi nghìn đồng" (Vietnamese) */
char *money_in_words(int64_t vnd);

#endif
