/* Every figure is counted from the dossiers at the moment it is asked for, within the bodies this person
 * answers for, and says so: its time and its denominator stand beside it. The page is told of changes (topic
 * "dossiers") and fetches its figures again.
 *
 * On time: finished by the due date, over all that were finished and had one. Still open and past due is late
 * work, shown as such and not mixed into the rate (PRC-35: open-late and finished-late apart). */
#include "solutions/procedures/steering.h"
#include "base/clock.h"
#include "base/text.h"
#include "platform/identity/identity.h"
#include "platform/view/view.h"

#include <pthread.h>

enum { MONTHS = 12, LATE_SHOWN = 50, RATE_DAYS = 365 };

#define OPEN_SQL                                                                                             \
    "d.status in ('submitted', 'incomplete', 'accepted', 'awaiting_payment', 'in_progress', "                \
    "'awaiting_supplement', 'withdrawing')"
#define RUNS_SQL "d.status in ('accepted', 'in_progress')"
#define DONE_SQL "d.status in ('resolved', 'returned') and d.due_at is not null"

/* ?1 now, ?2 the end of today, ?3 since when finished ones count */
#define COUNTS_SQL                                                                                           \
    "count(*) as received,"                                                                                  \
    " sum(case when " OPEN_SQL " then 1 else 0 end) as open_now,"                                            \
    " sum(case when " RUNS_SQL " and d.due_at >= ?1 and d.due_at <= ?2 then 1 else 0 end) as due_today,"     \
    " sum(case when " RUNS_SQL " and d.due_at < ?1 then 1 else 0 end) as late_now,"                          \
    " sum(case when " DONE_SQL " and d.finished_at >= ?3 then 1 else 0 end) as finished,"                    \
    " sum(case when " DONE_SQL                                                                               \
    " and d.finished_at >= ?3 and d.finished_at <= d.due_at then 1 else 0 end) as on_time"

typedef struct Scope {
    Db *db;
    const char *where, *lang;
    int64_t now, end_of_day, since;
} Scope;

static Scope scope_of(Request *rq, const char *where)
{
    return (Scope){ rq->db,
                    where,
                    rq->lang,
                    rq->now,
                    day_start(local_day(rq->now) + 1) - 1,
                    rq->now - RATE_DAYS * (int64_t)DAY_MS };
}

/* The rate as people read it, never without its denominator. */
static void add_rate(const Scope *s, Json row)
{
    int64_t finished = json_int(row, "finished"), on_time = json_int(row, "on_time");
    double rate = finished ? (double)on_time / (double)finished : 0;
    json_set_int(row, "on_time_of", finished);
    json_set_bool(row, "has_rate", finished > 0);
    json_set_num(row, "on_time_rate", rate);
    json_set_str(row, "rate_text",
                 finished ? fmt("%s %%", show_number(s->lang, rate * 100, 1))
                          : text_in(s->lang, "procedures.steering.no-rate", NULL));
}

static Json totals(const Scope *s)
{
    Json row = db_row(
        s->db, fmt("select " COUNTS_SQL " from prc_dossier d where d.status <> 'draft' and (%s)", s->where),
        I(s->now), I(s->end_of_day), I(s->since));
    add_rate(s, row);
    return row;
}

static Json grouped(const Scope *s, const char *select, const char *join, const char *by)
{
    Json rows = db_rows(s->db,
                        fmt("select %s, " COUNTS_SQL
                            " from prc_dossier d %s where d.status <> 'draft' and (%s) group by %s"
                            " order by late_now desc, received desc",
                            select, join, s->where, by),
                        I(s->now), I(s->end_of_day), I(s->since));
    json_each (rows, i, row)
        add_rate(s, row);
    return rows;
}

static Json by_field(const Scope *s)
{
    return grouped(s, "f.name as name",
                   "join prc_procedure p on p.id = d.procedure_id join prc_field f on f.id = p.field_id",
                   "f.name");
}

static Json by_unit(const Scope *s, bool linked)
{
    Json rows = grouped(s, "d.org_id", "", "d.org_id");
    json_each (rows, i, row) {
        const Org *org = org_by_id(json_id(row, "org_id"));
        json_set_str(row, "name", org ? org->short_name : "");
        if (linked) /* to a work list, which is not for strangers */
            json_set_str(row, "href", fmt("/dossiers?unit=%s&late=1", json_str(row, "org_id")));
    }
    return rows;
}

/* ---- Twelve months ---- */

static int64_t month_start(int64_t now, int back)
{
    LocalTime t = local_time(now);
    int month = t.year * 12 + t.month - 1 - back;
    return local_ms(month / 12, month % 12 + 1, 1, 0, 0, 0);
}

static Json point(const char *lang, const char *label, const int64_t *values, size_t count)
{
    Json p = json_set_str(json_new(), "label", label), list = json_list();
    for (size_t i = 0; i < count; i++) {
        Json value = json_set_int(json_new(), "value", values[i]);
        json_set_str(value, "text", show_number(lang, (double)values[i], 0));
        json_add(list, value);
    }
    return json_set(p, "values", list);
}

static Json month_point(const Scope *s, int back)
{
    int64_t from = month_start(s->now, back), to = month_start(s->now, back - 1);
    LocalTime t = local_time(from);
    Json row =
        db_row(s->db,
               fmt("select (select count(*) from prc_dossier d where d.submitted_at >= ?1 and d.submitted_at "
                   "< ?2 and (%s)) as received,"
                   " (select count(*) from prc_dossier d where d.finished_at >= ?1 and d.finished_at < ?2 "
                   "and (%s)) as finished,"
                   " (select count(*) from prc_dossier d where d.finished_at >= ?1 and d.finished_at < ?2 and"
                   " d.finished_at > d.due_at and (%s)) as late",
                   s->where, s->where, s->where),
               I(from), I(to));
    int64_t values[] = { json_int(row, "received"), json_int(row, "finished"), json_int(row, "late") };
    return point(s->lang, fmt("%02d/%04d", t.month, t.year), values, 3);
}

static Json months_chart(const Scope *s)
{
    static const char *const series[] = { "received", "finished", "late" };
    Json chart = json_new(), names = json_list(), points = json_list();
    for (size_t i = 0; i < 3; i++)
        json_add(names, json_set_str(json_new(), "title",
                                     text_in(s->lang, fmt("procedures.steering.%s", series[i]), NULL)));
    for (int back = MONTHS - 1; back >= 0; back--)
        json_add(points, month_point(s, back));
    json_set_str(chart, "id", "months");
    json_set_str(chart, "title", text_in(s->lang, "procedures.steering.months", NULL));
    json_set_str(chart, "kind", "line");
    json_set_str(chart, "first", text_in(s->lang, "procedures.steering.month", NULL));
    json_set_int(chart, "at", s->now);
    json_set_str(chart, "source", text_in(s->lang, "procedures.steering.source", NULL));
    json_set(chart, "series", names);
    return json_set(chart, "points", points);
}

/* ---- Tiles and the late list ---- */

static Json tile(const Scope *s, const char *key, const char *value, const char *href)
{
    Json t = json_set_str(json_new(), "title", text_in(s->lang, fmt("procedures.steering.%s", key), NULL));
    json_set_str(t, "key", key);
    json_set_str(t, "value", value);
    json_set_int(t, "at", s->now);
    json_set_str(t, "source", text_in(s->lang, "procedures.steering.source", NULL));
    return json_set_str(t, "href", href);
}

static const char *figure(const Scope *s, Json row, const char *name)
{
    return show_number(s->lang, (double)json_int(row, name), 0);
}

static Json tiles(const Scope *s, Json row)
{
    Json all = json_list();
    json_add(all, tile(s, "received", figure(s, row, "received"), "/dossiers"));
    json_add(all, tile(s, "open", figure(s, row, "open_now"), "/dossiers?state=in_progress"));
    json_add(all, tile(s, "due_today", figure(s, row, "due_today"), "/dossiers"));
    json_add(all, tile(s, "late", figure(s, row, "late_now"), "/dossiers?late=1"));
    Json rate = tile(s, "rate", json_str(row, "rate_text"), NULL);
    json_set_str(rate, "source",
                 text_in(s->lang, "procedures.steering.rate-of",
                         json_set_int(json_new(), "count", json_int(row, "finished"))));
    json_add(all, rate);
    return all;
}

static Json late_list(const Scope *s)
{
    Json rows = db_rows(
        s->db,
        fmt("select d.id, d.code, p.name as procedure, d.due_at, d.org_id, coalesce(d.handler_name, '') as "
            "handler,"
            " coalesce(d.step, '') as step from prc_dossier d join prc_procedure p on p.id = d.procedure_id"
            " where " RUNS_SQL " and d.due_at < ?1 and (%s) order by d.due_at, d.id limit %d",
            s->where, LATE_SHOWN),
        I(s->now));
    json_each (rows, i, row) {
        const Org *org = org_by_id(json_id(row, "org_id"));
        json_set_str(row, "unit", org ? org->short_name : "");
        json_set_str(row, "href", fmt("/dossiers/%s", json_str(row, "id")));
        json_set_str(row, "step",
                     *json_str(row, "step")
                         ? text_in(s->lang, fmt("procedures.step.%s", json_str(row, "step")), NULL)
                         : "");
    }
    return rows;
}

Reply steering_show(Request *rq)
{
    const char *where = scope_sql(rq->actor, "procedures.steer", "d.org_id");
    Scope s = scope_of(rq, where);
    Json model = json_new(), total = totals(&s);
    json_set_int(model, "at", rq->now);
    json_set(model, "total", total);
    json_set(model, "tiles", tiles(&s, total));
    json_set(model, "fields", by_field(&s));
    json_set(model, "units", by_unit(&s, true));
    json_set(model, "late", late_list(&s));
    json_set(model, "months", months_chart(&s));
    return page(rq, "procedures/steering", model);
}

/* ---- The public board (PRC-36) ---- */

enum { BOARD_FRESH_MS = MINUTE_MS };

/* Counting all dossiers is work that strangers may ask for as often as they like: one answer serves a minute,
 * in each language. Owned by this file until steering_stop(). */
static struct Kept {
    const char *lang;
    Json model;
    int64_t at;
} kept[] = { { "vi", NULL, 0 }, { "en", NULL, 0 } };
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;

static struct Kept *kept_in(const char *lang)
{
    return text_is(lang, "en") ? &kept[1] : &kept[0];
}

static Json board_kept(Request *rq)
{
    struct Kept *k = kept_in(rq->lang);
    pthread_mutex_lock(&kept_lock);
    Json copy = k->model && rq->now - k->at < BOARD_FRESH_MS ? json_deep_copy(k->model) : NULL;
    pthread_mutex_unlock(&kept_lock);
    return copy;
}

static void keep_board(Request *rq, Json model)
{
    struct Kept *k = kept_in(rq->lang);
    Json fresh = json_keep(model);
    pthread_mutex_lock(&kept_lock);
    Json old = k->model;
    k->model = fresh;
    k->at = rq->now;
    pthread_mutex_unlock(&kept_lock);
    json_drop(old);
}

void steering_stop(void)
{
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        json_drop(kept[i].model);
        kept[i].model = NULL;
    }
}

/* Anybody may see how punctual each body is; counts only. */
Reply board_show(Request *rq)
{
    Json model = board_kept(rq);
    if (!model) {
        Scope s = scope_of(rq, "1=1");
        model = json_new();
        json_set_int(model, "at", rq->now);
        json_set(model, "total", totals(&s));
        json_set(model, "units", by_unit(&s, false));
        keep_board(rq, model);
    }
    return page(rq, "procedures/board", model);
}

/* ---- For /metrics ---- */

int64_t open_dossiers(Db *db)
{
    return db_int(db, "select count(*) from prc_dossier d where " OPEN_SQL);
}

int64_t late_dossiers(Db *db)
{
    return db_int(db, "select count(*) from prc_dossier d where " RUNS_SQL " and d.due_at < ?1", I(now_ms()));
}
