/* The record page is put together from tables: what each person may do now (offers), what each event is
 * called, and the parts below. The same model is what a program gets. The applicant sees everything of theirs
 * except what is still being decided. */
#include "solutions/procedures/record.h"
#include "base/clock.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/audit/audit.h"
#include "platform/forms/forms.h"
#include "platform/view/view.h"
#include "solutions/procedures/handling.h"
#include "solutions/procedures/papers.h"
#include "solutions/procedures/results.h"

/* ---- What one may do now ---- */

typedef struct Offer {
    const char *act;        /* {{#acts.accept}} in the template */
    const char *permission; /* NULL: the applicant */
    const char *event;      /* the move it makes; NULL: none, in_progress */
    const char *element;    /* the step at which it is offered; NULL: any */
    bool primary;           /* the first that applies is the one primary act of the page */
} Offer;

static const Offer offers[] = {
    { "accept", "procedures.accept", "accept", NULL, true },
    { "settle_withdrawal", "procedures.accept", "agree_withdrawal", NULL, true },
    { "examine", "procedures.examine", NULL, "examine", true },
    { "sign", "procedures.sign", NULL, "sign", true },
    { "issue", "procedures.issue", "issue", "issue", true },
    { "pay", "procedures.accept", "pay", NULL, true },
    { "deliver", "procedures.accept", "deliver", "deliver", true },
    { "supplement", NULL, "supplement", NULL, true },
    { "supplement", NULL, "complete", NULL, true },
    { "return_draft", "procedures.sign", NULL, "sign", false },
    { "request_supplement", "procedures.accept", "ask_completion", NULL, false },
    { "request_supplement", "procedures.accept", "request_supplement", "examine", false },
    { "request_supplement", "procedures.examine", "request_supplement", "examine", false },
    { "refuse", "procedures.accept", "refuse", NULL, false },
    { "stop", "procedures.sign", "stop", NULL, false },
    { "stop", "procedures.sign", "expire", NULL, false },
    { "withdraw", NULL, "withdraw", NULL, false },
};

static bool offered(Request *rq, const Dossier *d, const Offer *offer, const char *step)
{
    if (offer->permission ? !dossier_may(d, rq->actor, offer->permission) : !dossier_is_mine(d, rq->actor))
        return false;
    if (offer->event ? !move_find(offer->event, d->status) : !text_is(d->status, "in_progress"))
        return false;
    if (offer->element && !text_is(offer->element, step))
        return false;
    return !dossier_same_eyes(rq->db, d, rq->actor, offer->act);
}

static void add_acts(Request *rq, const Dossier *d, Json model)
{
    Json acts = json_new();
    const char *step = process_step(rq->db, d->id), *primary = NULL;
    for (size_t i = 0; i < sizeof offers / sizeof *offers; i++) {
        if (!offered(rq, d, &offers[i], step))
            continue;
        json_set_bool(acts, offers[i].act, true);
        if (offers[i].primary && !primary)
            primary = offers[i].act;
    }
    json_set(model, "acts", acts);
    json_set_bool(model, "has_acts", json_object_size(acts) > 0);
    json_set_str(model, "primary", primary);
    json_set_str(model, "step", *step ? text_in(rq->lang, fmt("procedures.step.%s", step), NULL) : NULL);
}

/* ---- Words ---- */

const char *status_text(const char *lang, const char *status)
{
    return text_in(lang, fmt("procedures.dossiers.status.%s", status), NULL);
}

Json due_explained(Db *db, const Dossier *d, const char *lang, int64_t now)
{
    Version v;
    Interruption *stops;
    Json told = json_list();
    if (!d->submitted_at || (!d->accepted_at && !text_is(d->status, "submitted")) ||
        !version_find(db, d->version_id, &v))
        return told;
    Limit limit = dossier_limit(db, &v, d);
    size_t count = dossier_interruptions(db, &v, d->id, &stops);
    int64_t begins = d->accepted_at ? d->accepted_at : calendar_next_opening(calendar(), d->submitted_at);
    json_each (clock_explain(calendar(), &limit, begins, stops, count, now, lang), i, line) {
        Json values = json_at(line, "values"), item = json_new();
        json_set_str(
            values, "weekday",
            text_in(lang, fmt("procedures.weekday.%lld", (long long)json_int(values, "weekday")), NULL));
        if (json_has(values, "reason"))
            json_set_str(values, "reason", text_in(lang, json_str(values, "reason"), NULL));
        if (json_has(values, "unit"))
            json_set_str(values, "limit", limit_text(lang, limit.quantity, limit_unit_name(limit.unit)));
        json_set_int(item, "at", json_int(line, "at"));
        json_set_str(item, "kind", json_str(line, "kind"));
        json_set_str(item, "text", text_in(lang, json_str(line, "key"), values));
        json_add(told, item);
    }
    return told;
}

/* ---- Parts ---- */

static void fact(Json items, const char *lang, const char *key, const char *value)
{
    Json item = json_new();
    json_set_str(item, "label", text_in(lang, fmt("procedures.fact.%s", key), NULL));
    json_set_str(item, "value", value);
    json_add(items, item);
}

static const char *moment(int64_t at)
{
    return at ? time_vi(at) : "";
}

static const char *body_name(int64_t org_id)
{
    const Org *org = org_by_id(org_id);
    return org ? org->name : "";
}

static Json facts(Request *rq, const Dossier *d)
{
    Json items = json_list();
    bool whole = dossier_is_mine(d, rq->actor);
    fact(items, rq->lang, "applicant", d->applicant_name);
    fact(items, rq->lang, "applicant_pid",
         whole                          ? d->applicant_pid
         : text_empty(d->applicant_pid) ? ""
                                        : text_mask(d->applicant_pid));
    fact(items, rq->lang, "owner", d->owner_name);
    fact(items, rq->lang, "phone", d->applicant_phone);
    fact(items, rq->lang, "address", d->applicant_address);
    fact(items, rq->lang, "body", body_name(d->org_id));
    fact(items, rq->lang, "channel",
         text_in(rq->lang, fmt("procedures.channel.%lld", (long long)d->channel), NULL));
    fact(items, rq->lang, "submitted_at", moment(d->submitted_at));
    fact(items, rq->lang, "accepted_at", moment(d->accepted_at));
    fact(items, rq->lang, "original_due_at", moment(d->original_due_at));
    fact(items, rq->lang, "finished_at", moment(d->finished_at));
    fact(items, rq->lang, "handler", d->handler_name);
    fact(items, rq->lang, "fee",
         d->fee_known ? show_money(rq->lang, d->fee_vnd) : text_in(rq->lang, "procedures.fee.by_desk", NULL));
    fact(items, rq->lang, "fee_state", text_in(rq->lang, fmt("procedures.fee_state.%s", d->fee_state), NULL));
    return items;
}

/* Before the result is out, how it is being decided is nobody else's. */
static bool inside(const char *kind)
{
    return text_is(kind, "draft_result") || text_is(kind, "return_draft") || text_is(kind, "sign") ||
           text_is(kind, "number");
}

static Json timeline(Request *rq, const Dossier *d)
{
    Json items = json_list();
    bool applicant = dossier_is_mine(d, rq->actor);
    Json rows = db_rows(rq->db,
                        "select at, kind, actor_name, note, to_status from prc_dossier_event where "
                        "dossier_id = ?1 order by seq desc",
                        ID(d->id));
    json_each (rows, i, row) {
        const char *kind = json_str(row, "kind");
        const State *state = state_find(json_str(row, "to_status"));
        if (applicant && inside(kind))
            continue;
        Json item = json_new();
        json_set_int(item, "at", json_int(row, "at"));
        json_set_str(item, "kind", kind);
        json_set_str(item, "title", text_in(rq->lang, fmt("procedures.event.%s", kind), NULL));
        json_set_str(item, "who",
                     text_or(json_str(row, "actor_name"), text_in(rq->lang, "procedures.system", NULL)));
        json_set_str(item, "text", json_has(row, "note") ? json_str(row, "note") : NULL);
        json_set_str(item, "colour", state ? state->colour : "grey");
        json_add(items, item);
    }
    return items;
}

static Json open_supplement(Db *db, const Dossier *d)
{
    Json row =
        db_row(db,
               "select number, stage, ground, items, asked_by_name, asked_at, due_at from prc_supplement"
               " where dossier_id = ?1 and answered_at is null order by number desc limit 1",
               ID(d->id));
    Json fields = json_list();
    json_each (json_at(row, "items"), i, item) {
        Json field = json_new();
        json_set_str(field, "path", fmt("item_%zu", i));
        json_set_str(field, "label", json_string_value(item));
        json_set_bool(field, "is_file", true);
        json_set_bool(field, "required", i == 0);
        json_set_str(field, "accept", "application/pdf,image/jpeg,image/png");
        json_add(fields, field);
    }
    return row ? json_set(row, "fields", fields) : NULL;
}

static Json result_part(Request *rq, const Dossier *d)
{
    Result r;
    bool official = rq->actor->kind == ACTOR_OFFICIAL;
    if (!result_of(rq->db, d->id, &r) || (!official && !text_is(r.state, "issued")))
        return NULL;
    Json model = json_new();
    json_set_str(model, "title", r.title);
    json_set_str(model, "conclusion", r.conclusion);
    json_set_str(model, "kind", text_in(rq->lang, fmt("procedures.result.%s", r.kind), NULL));
    json_set_str(model, "state", text_in(rq->lang, fmt("procedures.result.state.%s", r.state), NULL));
    json_set_str(model, "number", r.number);
    json_set_int(model, "dated_at", r.dated_at);
    json_set_str(model, "signer", r.signer_name);
    json_set_str(model, "sha256", r.sha256);
    json_set_str(model, "url",
                 r.file_id ? fmt("/dossiers/%lld/files/%lld", (long long)d->id, (long long)r.file_id) : NULL);
    json_set_str(model, "verify", text_is(r.state, "issued") ? fmt("/verify/%s", r.token) : NULL);
    json_set_bool(model, "issued", text_is(r.state, "issued"));
    return model;
}

static Json form_links(Db *db, const Dossier *d, const char *lang)
{
    Json links = json_list();
    const struct {
        const char *form;
        bool there;
    } forms[] = { { "01", d->accepted_at || d->submitted_at },
                  { "02", db_int(db, "select count(*) from prc_supplement where dossier_id = ?1", ID(d->id)) >
                              0 } };
    for (size_t i = 0; i < 2; i++) {
        if (!forms[i].there)
            continue;
        Json link = json_new();
        json_set_str(link, "form", forms[i].form);
        json_set_str(link, "href", fmt("/dossiers/%lld/forms/%s.pdf", (long long)d->id, forms[i].form));
        json_set_str(link, "text", text_in(lang, fmt("procedures.form.%s", forms[i].form), NULL));
        json_add(links, link);
    }
    return links;
}

/* What the desk's and the specialist's forms need to begin with. */
static void add_choices(Request *rq, const Dossier *d, const Version *v, Json model)
{
    Json cases = json_list();
    int64_t usual = 0;
    version_limit(rq->db, v, d->channel, &usual);
    Json rows =
        db_rows(rq->db,
                "select id, code, quantity, unit from prc_case where version_id = ?1 and unit <> 'OTHER'"
                " and (channel is null or channel = ?2) order by place",
                ID(v->id), I(d->channel));
    json_each (rows, i, row) {
        Json item = json_new();
        const char *limit = limit_text(rq->lang, json_int(row, "quantity"), json_str(row, "unit"));
        json_set_str(item, "value", json_str(row, "id"));
        json_set_str(item, "label",
                     json_has(row, "code") ? fmt("%s (%s)", limit, json_str(row, "code")) : limit);
        json_set_bool(item, "selected", json_id(row, "id") == usual);
        json_add(cases, item);
    }
    json_set(model, "cases", cases);
    json_set_bool(model, "fee_due", text_is(d->fee_state, "due") || text_is(d->fee_state, "unknown"));
    Json results =
        json_at(db_row(rq->db, "select results from prc_version where id = ?1", ID(v->id)), "results");
    json_set_str(model, "result_title", text_or(json_string_value(json_array_get(results, 0)), v->name));
    json_set_bool(model, "may_tax", text_is(v->process_id, "procedures-inter-agency-tax"));
}

static Json record_model(Request *rq, const Dossier *d, const Version *v)
{
    Json model = json_new();
    const State *state = state_find(d->status);
    const Form *form = form_find(v->form_id);
    json_set_id(model, "id", d->id);
    json_set_str(model, "code", d->code);
    json_set_str(model, "title", v->name);
    json_set_str(model, "procedure_code", v->code);
    json_set_bool(model, "sample", v->sample);
    json_set_str(model, "status", d->status);
    json_set_str(model, "state", status_text(rq->lang, d->status));
    json_set_int(model, "national_status", state->national);
    json_set_str(model, "colour", state->colour);
    json_set_int(model, "due_at", d->due_at);
    json_set_bool(model, "late", dossier_late(d, rq->now));
    json_set_bool(model, "mine", dossier_is_mine(d, rq->actor));
    json_set_bool(model, "clock_stopped", d->accepted_at && !state->running && !d->finished_at);
    json_set(model, "facts", facts(rq, d));
    json_set(model, "form_lines", form ? form_review(form, rq->lang, d->form_data) : json_list());
    json_set(model, "papers", papers_given(rq->db, d));
    json_set_bool(model, "forecast", !d->accepted_at);
    json_set(model, "explained", due_explained(rq->db, d, rq->lang, rq->now));
    json_set(model, "timeline", timeline(rq, d));
    json_set(model, "supplement", open_supplement(rq->db, d));
    json_set(model, "result", result_part(rq, d));
    json_set(model, "forms", form_links(rq->db, d, rq->lang));
    add_acts(rq, d, model);
    add_choices(rq, d, v, model);
    return model;
}

Reply dossier_show(Request *rq)
{
    Dossier d;
    Version v;
    if (!dossier_find(rq->db, path_id(rq, "id"), &d) || !dossier_may_read(&d, rq->actor))
        return not_found(rq, "procedures.dossier.missing");
    version_find(rq->db, d.version_id, &v);
    if (text_is(d.status, "draft"))
        return redirect_to(fmt("/procedures/%s/apply?draft=%lld", v.code, (long long)d.id));
    audit_read(rq, "procedures.dossier.read", fmt("dossier:%lld", (long long)d.id));
    Reply reply = page(rq, "procedures/dossier", record_model(rq, &d, &v));
    if (rq->wants_json)
        reply_etag(&reply, dossier_version(&d));
    return reply;
}

Reply dossier_stream(Request *rq)
{
    Dossier d;
    const char **topics = alloc_array(2, sizeof *topics);
    if (!dossier_find(rq->db, path_id(rq, "id"), &d) || !dossier_may_read(&d, rq->actor))
        return not_found(rq, "procedures.dossier.missing");
    topics[0] = fmt("dossier:%lld", (long long)d.id);
    return events_reply(rq, topics);
}
