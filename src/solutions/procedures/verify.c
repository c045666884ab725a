/* What `sen verify` proves of the dossiers: (1) each chain of events is whole, (2) a dossier's state is where
 * its events lead, each by a move of the table, (3) its due date is what its clock gives. One pass over the
 * events in order of dossier and number; one over the dossiers. */
#include "solutions/procedures/verify.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "solutions/procedures/dossier.h"

typedef struct Walk {
    Db *db;
    Json complaints;
    Arena *own, *scratch; /* complaints live in `own`; what one dossier needs in `scratch` */
    int64_t dossier_id, seq;
    char hash[80], status[32], before[32];
    bool broken;
    int64_t broken_count;
} Walk;

static void complain(Walk *w, const char *what)
{
    Arena *before = arena_use(w->own);
    w->broken_count++;
    if (!w->broken && json_array_size(w->complaints) < 100)
        json_add_str(w->complaints,
                     fmt("dossier %lld, event %lld: %s", (long long)w->dossier_id, (long long)w->seq, what));
    w->broken = true;
    arena_use(before);
}

static void begin_dossier(Walk *w, int64_t id)
{
    w->dossier_id = id;
    w->seq = 0;
    w->hash[0] = w->before[0] = '\0';
    snprintf(w->status, sizeof w->status, "draft");
    w->broken = false;
    arena_reset(w->scratch);
}

static bool follow(Walk *w, const Event *e)
{
    const Move *move = move_find(e->kind, e->from_status);
    if (!text_is(e->from_status, w->status))
        return false;
    if (!move)
        return text_is(e->from_status, e->to_status); /* a note */
    bool right = text_is(e->to_status, move->to ? move->to : w->before);
    snprintf(w->before, sizeof w->before, "%s", e->from_status);
    snprintf(w->status, sizeof w->status, "%s", e->to_status);
    return right;
}

/* Called with what the event and, on its last one, its dossier say. */
static bool check_event(Json row, void *argument)
{
    Walk *w = argument;
    if (json_id(row, "dossier_id") != w->dossier_id)
        begin_dossier(w, json_id(row, "dossier_id"));
    Arena *before = arena_use(w->scratch);
    Event e = { .dossier_id = w->dossier_id,
                .seq = json_int(row, "seq"),
                .at = json_int(row, "at"),
                .actor_id = json_id(row, "actor_id"),
                .kind = json_str(row, "kind"),
                .from_status = json_str(row, "from_status"),
                .to_status = json_str(row, "to_status"),
                .note = json_has(row, "note") ? json_str(row, "note") : NULL,
                .document_id = json_id(row, "document_id"),
                .data = json_at(row, "data") };
    if (e.seq != w->seq + 1)
        complain(w, "the number before it is missing");
    w->seq = e.seq;
    if (!text_is(event_seal(w->hash, &e), json_str(row, "hash")))
        complain(w, "its seal does not fit its content and the event before it");
    if (!follow(w, &e))
        complain(w, fmt("%s does not lead from %s to %s here", e.kind, w->status, e.to_status));
    snprintf(w->hash, sizeof w->hash, "%s", json_str(row, "hash"));
    if (e.seq == json_int(row, "last_seq") &&
        (!text_is(w->hash, json_str(row, "event_hash")) || !text_is(w->status, json_str(row, "status"))))
        complain(w, fmt("the dossier says %s, its events say %s", json_str(row, "status"), w->status));
    arena_use(before);
    return true;
}

/* The clock stands still, and its end is not known yet. */
static bool stopped(const Dossier *d)
{
    return !state_find(d->status)->running && !d->finished_at;
}

static bool check_due(Json row, void *argument)
{
    Walk *w = argument;
    Dossier d;
    Version v;
    begin_dossier(w, json_id(row, "id"));
    Arena *before = arena_use(w->scratch);
    dossier_find(w->db, w->dossier_id, &d);
    int64_t end = d.finished_at ? d.finished_at : now_ms();
    if (!state_find(d.status) || !version_find(w->db, d.version_id, &v))
        complain(w, "its state or its procedure's version does not exist");
    else if (!stopped(&d) && dossier_due(w->db, &v, &d, end) != d.due_at)
        complain(w, fmt("it is due %s, its clock says %s", time_iso(d.due_at),
                        time_iso(dossier_due(w->db, &v, &d, end))));
    arena_use(before);
    return true;
}

bool dossiers_verify(Db *db, Json complaints)
{
    Walk w = { .db = db, .complaints = complaints, .own = arena_current(), .scratch = arena_new(0) };
    db_each(db,
            "select e.dossier_id, e.seq, e.at, e.actor_id, e.kind, e.from_status, e.to_status, e.note, "
            "e.document_id, e.data, e.hash,"
            " d.event_seq as last_seq, d.event_hash, d.status from prc_dossier_event e join prc_dossier d on "
            "d.id = e.dossier_id"
            " order by e.dossier_id, e.seq",
            VALUES(), check_event, &w);
    Json short_ones =
        db_rows(db, "select d.id from prc_dossier d where d.status <> 'draft' and d.event_seq <>"
                    " (select count(*) from prc_dossier_event e where e.dossier_id = d.id) limit 100");
    json_each (short_ones, i, row) {
        begin_dossier(&w, json_id(row, "id"));
        complain(&w, "its chain is not as long as the dossier says");
    }
    db_each(db, "select id from prc_dossier where accepted_at is not null", VALUES(), check_due, &w);
    arena_free(w.scratch);
    return w.broken_count == 0;
}
