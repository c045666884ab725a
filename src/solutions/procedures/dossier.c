/* A dossier's life is its chain of events; the row beside it is what they add up to. Each event is sealed
 * over the one before it:
 *
 *     hash(n) = SHA-256( hash(n−1) · canonical JSON of {dossier_id, seq, at, actor_id, kind, from, to, note,
 * document_id, data} )
 *
 * so that nothing can be changed, taken out or put in unseen (verify.c recomputes it). The due date follows
 * from the events too: it is computed anew after each move, never edited. */
#include "solutions/procedures/dossier.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/map.h"
#include "base/text.h"
#include "platform/audit/audit.h"
#include "platform/events/events.h"

#include <string.h>

const Field dossier_fields[] = {
    FIELD(ID, Dossier, id),
    FIELD(TEXT, Dossier, code),
    FIELD(TEXT, Dossier, national_id),
    FIELD(ID, Dossier, procedure_id),
    FIELD(ID, Dossier, version_id),
    FIELD(ID, Dossier, case_id),
    FIELD(INT, Dossier, channel),
    FIELD(ID, Dossier, applicant_account_id),
    FIELD(TEXT, Dossier, applicant_name),
    FIELD(TEXT, Dossier, applicant_pid),
    FIELD(TEXT, Dossier, applicant_phone),
    FIELD(TEXT, Dossier, applicant_email),
    FIELD(TEXT, Dossier, applicant_address),
    FIELD(TEXT, Dossier, owner_name),
    FIELD(TEXT, Dossier, owner_pid),
    FIELD(INT, Dossier, owner_kind),
    FIELD(TEXT, Dossier, representative_name),
    FIELD(TEXT, Dossier, representative_pid),
    FIELD(TEXT, Dossier, authority),
    FIELD(ID, Dossier, assisted_by_id),
    FIELD(TEXT, Dossier, support_point),
    FIELD(ID, Dossier, reception_org_id),
    FIELD(ID, Dossier, org_id),
    FIELD(ID, Dossier, submitted_at),
    FIELD(ID, Dossier, accepted_at),
    FIELD(ID, Dossier, original_due_at),
    FIELD(ID, Dossier, due_at),
    FIELD(ID, Dossier, finished_at),
    FIELD(ID, Dossier, returned_at),
    FIELD(TEXT, Dossier, status),
    FIELD(TEXT, Dossier, status_before),
    FIELD(TEXT, Dossier, step),
    FIELD(JSON, Dossier, form_data),
    FIELD(INT, Dossier, fee_vnd),
    FIELD(BOOL, Dossier, fee_known),
    FIELD(TEXT, Dossier, fee_state),
    FIELD(TEXT, Dossier, owner_system),
    FIELD(ID, Dossier, source_time),
    FIELD(TEXT, Dossier, retention),
    FIELD(TEXT, Dossier, request_id),
    FIELD(ID, Dossier, instance_id),
    FIELD(ID, Dossier, handler_id),
    FIELD(TEXT, Dossier, handler_name),
    FIELD(INT, Dossier, supplement_count),
    FIELD(INT, Dossier, created_at),
    FIELD(INT, Dossier, updated_at),
    FIELD(INT, Dossier, urgent_at),
    FIELD(INT, Dossier, event_seq),
    FIELD(TEXT, Dossier, event_hash),
    { 0 },
};

static void remember(Db *db, Dossier *d)
{
    if (!db_run(db))
        return;
    Dossier *stored = alloc(sizeof *stored);
    *stored = *d;
    d->stored = stored;
    d->stored_in = db_run(db);
}

bool dossier_find(Db *db, int64_t id, Dossier *out)
{
    out->fresh = false;
    out->stored_in = 0;
    if (!db_get(db, dossier_fields, out, "select * from prc_dossier where id = ?1", ID(id)))
        return false;
    remember(db, out);
    return true;
}

/* The entity tag of the record: every change of a dossier is an event. */
const char *dossier_version(const Dossier *d)
{
    return fmt("%lld.%lld", (long long)d->id, (long long)d->event_seq);
}

/* The order of work lists: what the clock runs for by its due date, what waits at the desk by its age, the
 * rest behind, newest first. */
int64_t dossier_urgency(const Dossier *d)
{
    const int64_t behind = INT64_C(4000000000000);
    if (text_is(d->status, "submitted"))
        return d->submitted_at;
    return state_find(d->status)->running && d->due_at ? d->due_at : behind - d->updated_at;
}

void dossier_insert(Db *db, Dossier *d)
{
    d->urgent_at = dossier_urgency(d);
    db_insert(db, "prc_dossier", dossier_fields, d);
    d->fresh = false;
    remember(db, d);
}

void dossier_save(Db *db, Dossier *d, int64_t now)
{
    d->updated_at = now;
    d->urgent_at = dossier_urgency(d);
    if (d->stored_in && d->stored_in == db_run(db))
        db_update_changed(db, "prc_dossier", dossier_fields, d->stored, d);
    else
        db_update(db, "prc_dossier", dossier_fields, d);
    remember(db, d);
}

int64_t sequence_next(Db *db, const char *agency, int64_t period)
{
    return db_int(db,
                  "insert into prc_sequence (agency, period, last) values (?1, ?2, 1)"
                  " on conflict (agency, period) do update set last = prc_sequence.last + 1 returning last",
                  T(agency), I(period));
}

/* ---- The chain ---- */

char *event_seal(const char *before, const Event *event)
{
    Json content = json_new();
    json_set_id(content, "dossier_id", event->dossier_id);
    json_set_int(content, "seq", event->seq);
    json_set_int(content, "at", event->at);
    json_set_id(content, "actor_id", event->actor_id);
    json_set_str(content, "kind", event->kind);
    json_set_str(content, "from", event->from_status);
    json_set_str(content, "to", event->to_status);
    json_set_str(content, "note", event->note);
    json_set_id(content, "document_id", event->document_id);
    if (event->data && !json_is_null(event->data))
        json_object_set(content, "data", event->data);
    Buf sealed = { 0 };
    buf_text(&sealed, before);
    buf_text(&sealed, json_canonical(content));
    return sha256_hex(sealed.at, sealed.size);
}

static void add_event(Db *db, Dossier *d, const char *kind, const char *from, const Act *act)
{
    Event event = { .dossier_id = d->id,
                    .seq = d->event_seq + 1,
                    .at = act->now,
                    .actor_id = act->actor->account_id,
                    .kind = kind,
                    .from_status = from,
                    .to_status = d->status,
                    .note = act->note,
                    .document_id = act->document_id,
                    .data = act->data };
    d->event_hash = event_seal(d->event_hash, &event);
    d->event_seq = event.seq;
    if (d->fresh)
        dossier_insert(db, d);
    db_exec(db,
            "insert into prc_dossier_event (dossier_id, seq, at, actor_id, actor_name, org_id, kind, "
            "from_status, to_status, note,"
            " document_id, data, hash) values (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
            ID(d->id), I(event.seq), I(event.at), ID(event.actor_id), T(act->actor->name),
            ID(act->actor->org_id), T(kind), T(from), T(d->status), T(act->note), ID(act->document_id),
            J(act->data), T(d->event_hash));
}

static void tell(Db *db, const Dossier *d, const char *kind, const Act *act)
{
    Json data = json_new();
    json_set_id(data, "id", d->id);
    json_set_str(data, "code", d->code);
    json_set_str(data, "status", d->status);
    json_set_str(data, "kind", kind);
    audit_as(db, act->actor, fmt("procedures.%s", kind), fmt("dossier:%lld", (long long)d->id), "ok",
             json_deep_copy(data));
    events_publish(db, fmt("procedures.dossier.%s", kind), d->id, d->org_id, data);
    events_tell(db, "dossiers", kind, data);
    events_tell(db, fmt("dossier:%lld", (long long)d->id), kind, data);
}

/* ---- The clock ---- */

Limit dossier_limit(Db *db, const Version *v, const Dossier *d)
{
    int64_t case_id = d->case_id;
    return version_limit(db, v, d->channel, &case_id);
}

static const Move *clock_move(Json row)
{
    return move_find(json_str(row, "kind"), json_str(row, "from_status"));
}

size_t dossier_interruptions(Db *db, const Version *v, int64_t dossier_id, Interruption **stops)
{
    Json rows =
        db_rows(db, "select at, kind, from_status from prc_dossier_event where dossier_id = ?1 order by seq",
                ID(dossier_id));
    size_t count = 0;
    *stops = alloc_array(json_array_size(rows) + 1, sizeof **stops);
    json_each (rows, i, row) {
        const Move *move = clock_move(row);
        const char *clock = move && move->clock ? move->clock : "";
        if (*clock == '-' && count)
            (*stops)[count - 1].to = json_int(row, "at");
        else if (*clock)
            (*stops)[count++] = (Interruption){ .from = json_int(row, "at"),
                                                .policy = clock_policy(json_str(v->clock_policy, clock)),
                                                .reason = fmt("procedures.clock.reason.%s", clock) };
    }
    return count;
}

int64_t dossier_due(Db *db, const Version *v, const Dossier *d, int64_t now)
{
    Interruption *stops;
    Limit limit = dossier_limit(db, v, d);
    if (!d->accepted_at)
        return 0;
    size_t count = dossier_interruptions(db, v, d->id, &stops);
    return clock_due(calendar(), &limit, d->accepted_at, stops, count, now);
}

bool dossier_late(const Dossier *d, int64_t now)
{
    if (!d->due_at)
        return false;
    return d->finished_at ? d->finished_at > d->due_at : state_find(d->status)->running && now > d->due_at;
}

/* ---- Moves ---- */

/* The moments that a state brings with it. */
static void stamp(Dossier *d, const Move *move, int64_t now)
{
    int64_t *moment = text_is(move->event, "submit")    ? &d->submitted_at
                      : text_is(move->event, "accept")  ? &d->accepted_at
                      : text_is(move->event, "issue")   ? &d->finished_at
                      : text_is(move->event, "deliver") ? &d->returned_at
                                                        : NULL;
    if (moment)
        *moment = now;
    else if (state_find(d->status)->ended && !d->finished_at)
        d->finished_at = now;
}

static void reckon(Db *db, Dossier *d, const Move *move, int64_t now)
{
    Version v;
    if (!d->accepted_at || d->finished_at || (!move->clock && !text_is(move->event, "accept")))
        return;
    version_find(db, d->version_id, &v);
    d->due_at = dossier_due(db, &v, d, now);
    if (text_is(move->event, "accept"))
        d->original_due_at = d->due_at;
}

bool dossier_move(Db *db, Dossier *d, const char *event, const Act *act)
{
    const char *from = d->status;
    const Move *move = move_find(event, from);
    if (!move)
        return false;
    d->status = move->to ? move->to : d->status_before;
    d->status_before = from;
    stamp(d, move, act->now);
    add_event(db, d, event, from, act);
    reckon(db, d, move, act->now);
    dossier_save(db, d, act->now);
    tell(db, d, event, act);
    return true;
}

void dossier_note(Db *db, Dossier *d, const char *kind, const Act *act)
{
    add_event(db, d, kind, d->status, act);
    dossier_save(db, d, act->now);
    tell(db, d, kind, act);
}

Reply dossier_move_refused(Request *rq, const Dossier *d, const char *event)
{
    Json members = json_new(), names = json_list();
    Buf words = { 0 };
    json_each (moves_allowed(d->status), i, name) {
        json_add(names, json_incref(name));
        buf_fmt(&words, "%s%s", i ? ", " : "", json_string_value(name));
    }
    json_set_str(members, "event", event);
    json_set_str(members, "status", d->status);
    json_set(members, "allowed", names);
    json_set_str(members, "allowed_names", words.at ? buf_end(&words) : "—");
    return conflict(rq, "procedures.transition-not-allowed", members);
}

/* ---- Rights ---- */

bool dossier_is_mine(const Dossier *d, const Actor *actor)
{
    return actor->kind == ACTOR_CITIZEN && d->applicant_account_id &&
           d->applicant_account_id == actor->account_id;
}

bool dossier_may(const Dossier *d, const Actor *actor, const char *permission)
{
    return actor->kind != ACTOR_CITIZEN &&
           (can_for(actor, permission, d->org_id) || can_for(actor, permission, d->reception_org_id));
}

bool dossier_may_read(const Dossier *d, const Actor *actor)
{
    return dossier_is_mine(d, actor) ||
           (!text_is(d->status, "draft") && dossier_may(d, actor, "procedures.read"));
}

const char *dossier_scope(const Actor *actor)
{
    if (actor->kind == ACTOR_CITIZEN)
        return fmt("d.applicant_account_id = %lld", (long long)actor->account_id);
    return fmt("d.status <> 'draft' and (%s or %s)", scope_sql(actor, "procedures.read", "d.org_id"),
               scope_sql(actor, "procedures.read", "d.reception_org_id"));
}

/* Reception, examination, decision and seal lie in four hands; who did one of the acts named may not do this
 * one. */
static const struct {
    const char *act, *not_after;
} four_eyes[] = {
    { "examine", "accept" },
    { "sign", "accept draft_result" },
    { "issue", "sign draft_result" },
};

const char *dossier_same_eyes(Db *db, const Dossier *d, const Actor *actor, const char *act)
{
    for (size_t i = 0; i < sizeof four_eyes / sizeof *four_eyes; i++) {
        if (!text_is(four_eyes[i].act, act))
            continue;
        for (char **kind = text_split(four_eyes[i].not_after, ' ', NULL); *kind; kind++)
            if (db_int(db,
                       "select count(*) from prc_dossier_event where dossier_id = ?1 and kind = ?2 and "
                       "actor_id = ?3",
                       ID(d->id), T(*kind), ID(actor->account_id)))
                return *kind;
    }
    return NULL;
}
