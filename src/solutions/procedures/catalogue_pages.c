/* The public pages of the catalogue: the home page with its big search and the events of life, the results of
 * a search, one procedure with all that one wants to know before setting out. Each is one small query or two;
 * a phone and no JavaScript are enough. */
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/identity/identity.h"
#include "platform/search/search.h"
#include "platform/view/view.h"
#include "solutions/procedures/catalogue.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_FOUND = 30 };

/* Sự kiện cuộc đời: what people come for, by the words they use. */
static const struct {
    const char *key, *icon, *procedures[3];
} life_events[] = {
    { "birth", "baby-carriage", { "1.001193", "1.004222", NULL } },
    { "marriage", "heart", { "1.004873", "1.000894", NULL } },
    { "death", "candle", { "1.000656", "1.014028", NULL } },
    { "home", "home", { "1.004222", "1.004194", "1.013225" } },
    { "business", "building-store", { "1.001612", "2.000720", NULL } },
    { "papers", "certificate", { "2.000815", "2.000884", "2.000908" } },
    { "land", "map-2", { "1.115784", "1.115783", "1.115776" } },
    { "care", "wheelchair", { "1.001699", "1.001776", "1.014027" } },
};

static Json procedure_link(Db *db, const char *code)
{
    Json row = db_row(db, "select code, name from prc_procedure where code = ?1", T(code));
    return row ? json_set_str(row, "href", fmt("/procedures/%s", code)) : NULL;
}

Reply procedures_home(Request *rq)
{
    Json model = json_new(), events = json_list();
    for (size_t i = 0; i < sizeof life_events / sizeof *life_events; i++) {
        Json event = json_new(), links = json_list();
        for (size_t k = 0; k < 3 && life_events[i].procedures[k]; k++) {
            Json link = procedure_link(rq->db, life_events[i].procedures[k]);
            if (link)
                json_add(links, link);
        }
        json_set_str(event, "icon", life_events[i].icon);
        json_set_str(event, "title", text_in(rq->lang, fmt("procedures.life.%s", life_events[i].key), NULL));
        json_set(event, "links", links);
        json_add(events, event);
    }
    json_set(model, "events", events);
    json_set_int(model, "count", db_int(rq->db, "select count(*) from prc_procedure"));
    json_set_str(model, "province", org_by_key("ubnd-tinh") ? org_by_key("ubnd-tinh")->name : "");
    return page(rq, "procedures/home", model);
}

/* ---- Search ---- */

static const char *id_list(const int64_t *ids, size_t count)
{
    const char *list = "0";
    for (size_t i = 0; i < count; i++)
        list = fmt("%s,%lld", list, (long long)ids[i]);
    return list;
}

typedef struct Found {
    Json row;
    int rank;    /* 0: the name begins with what was typed, 1: has it as it stands, 2: has its words */
    size_t size; /* of the name: the plain procedure stands before its special cases */
    size_t place;
} Found;

static int better(const void *a, const void *b)
{
    const Found *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank - y->rank;
    if (x->rank < 2 && x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static Found judge(Json row, const int64_t *ids, size_t count, const char *folded)
{
    const char *name = text_fold(json_str(row, "name"));
    Found f = { .row = row,
                .rank = text_starts(name, folded) ? 0
                        : strstr(name, folded)    ? 1
                                                  : 2,
                .size = strlen(name) };
    while (f.place < count && ids[f.place] != json_id(row, "id"))
        f.place++;
    return f;
}

/* What was typed as it stands is meant before its words apart; for the rest the order of the search holds. */
static Json in_order(Json rows, const int64_t *ids, size_t count, const char *folded)
{
    Json ordered = json_list();
    size_t found = json_array_size(rows);
    Found *all = alloc_array(found + 1, sizeof *all);
    json_each (rows, i, row)
        all[i] = judge(row, ids, count, folded);
    qsort(all, found, sizeof *all, better);
    for (size_t i = 0; i < found; i++)
        json_add(ordered, json_incref(all[i].row));
    return ordered;
}

#define FOUND_SQL                                                                                            \
    "select p.id, p.code, p.name, p.level, f.name as field, case when v.sample then 1 else 0 end as sample"  \
    " from prc_procedure p join prc_field f on f.id = p.field_id join prc_version v on v.id = p.version_id"

static Json found(Db *db, const char *typed)
{
    int64_t *ids = NULL;
    if (!*typed)
        return db_rows(db, FOUND_SQL " order by f.name, p.name");
    size_t count = search_find(db, "procedure", typed, MOST_FOUND, &ids);
    return in_order(db_rows(db, fmt(FOUND_SQL " where p.id in (%s)", id_list(ids, count))), ids, count,
                    text_fold(typed));
}

Reply procedures_search(Request *rq)
{
    Json model = json_new();
    const char *typed = text_trim(query_str(rq, "q"));
    Json items = found(rq->db, typed);
    json_each (items, i, item) {
        json_set_bool(item, "sample", json_int(item, "sample") != 0);
        json_set_str(item, "href", fmt("/procedures/%s", json_str(item, "code")));
        json_set_str(item, "level",
                     text_in(rq->lang, fmt("procedures.level.%s", json_str(item, "level")), NULL));
    }
    json_set_str(model, "q", typed);
    json_set_int(model, "count", (int64_t)json_array_size(items));
    json_set_bool(model, "nothing", json_array_size(items) == 0);
    json_set(model, "items", items);
    return page(rq, "procedures/search", model);
}

/* ---- One procedure ---- */

static Json version_facts(Db *db, const Version *v)
{
    return db_row(db,
                  "select number, agency, issuer, route, online_level, results, legal_basis, time_text, "
                  "fee_text, note, source_url,"
                  " source_note, source_read, effective_from from prc_version where id = ?1",
                  ID(v->id));
}

Reply procedures_show(Request *rq)
{
    Version v;
    if (!version_in_force(rq->db, path_str(rq, "code"), &v))
        return not_found(rq, "procedures.missing");
    Json model = version_facts(rq->db, &v);
    json_set_str(model, "code", v.code);
    json_set_str(model, "name", v.name);
    json_set_str(model, "field", v.field);
    json_set_str(model, "level", text_in(rq->lang, fmt("procedures.level.%s", v.level), NULL));
    json_set_str(model, "where",
                 *v.agency ? v.agency : text_in(rq->lang, fmt("procedures.where.%s", v.level), NULL));
    json_set_bool(model, "sample", v.sample);
    json_set(model, "groups", version_papers(rq->db, v.id));
    json_set(model, "channels", version_channels(rq->db, &v, rq->lang));
    json_set_bool(model, "can_apply", text_is(v.route, "local"));
    json_set_str(model, "apply_href", fmt("/procedures/%s/apply", v.code));
    json_set_bool(model, "no_papers", json_array_size(json_at(model, "groups")) == 0);
    return page(rq, "procedures/procedure", model);
}
