/* A citizen files in three steps, each a page that works without JavaScript. The draft is a row from the
 * first saved step on: it can be left and come back to, and is no dossier yet (it has no code and no official
 * sees it).
 *
 *     GET  apply                  the form, filled from the account
 *     POST apply step=details     → draft saved         → step=papers
 *     POST apply step=papers      → files taken         → step=review (or the same step, to add another)
 *     POST apply step=review      → submitted           → /dossiers/{id}
 *
 * The same submission twice (double click, repeated request) leads to the same dossier. Checking files by
 * content is slow, so the route runs without a write transaction and opens one when everything is checked. */
#include "solutions/procedures/filing.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/view/view.h"
#include "solutions/procedures/papers.h"

#include <string.h>

typedef struct Filing {
    Version v;
    const Form *form;
    Dossier d;  /* id 0: not saved yet */
    bool saved; /* before this request: the write of a new draft may be run again */
    Json data;
    int64_t org_id;
    const char *refusal;
} Filing;

const Param apply_params[] = {
    { .name = "step", .type = PARAM_CHOICE, .choices = "details|papers|review" },
    { .name = "draft", .type = PARAM_ID },
    { .name = "org_id", .type = PARAM_ID },
    { .name = "request_id", .type = PARAM_TEXT, .max = 64 },
    { .name = "go", .type = PARAM_CHOICE, .choices = "next|stay" },
    { .name = "remove", .type = PARAM_ID },
    { 0 },
};

static const char *apply_url(const Filing *f, const char *step)
{
    return fmt("/procedures/%s/apply?draft=%lld&step=%s", f->v.code, (long long)f->d.id, step);
}

static const char *wanted_step(Request *rq)
{
    return text_or(in_str(rq, "step"), text_or(query_str(rq, "step"), "details"));
}

static int64_t draft_id(Request *rq)
{
    int64_t id = in_id(rq, "draft");
    return id || text_int(query_str(rq, "draft"), 1, INT64_MAX, &id) ? id : 0;
}

bool filing_open(Request *rq, const char *code, Version *v, const Form **form, Reply *refusal)
{
    if (!version_in_force(rq->db, code, v)) {
        *refusal = not_found(rq, "procedures.missing");
        return false;
    }
    if (!text_is(v->route, "local")) {
        *refusal = conflict(rq, "procedures.route-elsewhere", NULL);
        return false;
    }
    *form = form_find(v->form_id);
    if (!*form)
        raise_fault(FAULT_INTERNAL, "procedures.form", "procedure %s names form %s, which does not exist",
                    v->code, v->form_id);
    return true;
}

/* The procedure, its form and the draft of this person; a refusal otherwise. */
static bool open_filing(Request *rq, Filing *f, Reply *refusal)
{
    *f = (Filing){ 0 };
    if (!filing_open(rq, path_str(rq, "code"), &f->v, &f->form, refusal))
        return false;
    if (rq->actor->kind != ACTOR_CITIZEN) {
        *refusal = forbidden(rq, "procedures.citizens-file");
        return false;
    }
    if (draft_id(rq) && (!dossier_find(rq->db, draft_id(rq), &f->d) || !dossier_is_mine(&f->d, rq->actor) ||
                         f->d.procedure_id != f->v.procedure_id)) {
        *refusal = not_found(rq, "procedures.draft.missing");
        return false;
    }
    return true;
}

/* ---- The pages ---- */

Json filing_verified(Json data, const char *name, const char *pid)
{
    Json applicant = json_object_get(data, "applicant");
    if (!json_is_object(applicant))
        applicant = json_object_get(json_set(data, "applicant", json_new()), "applicant");
    json_object_del(data, "applicant.name");
    json_set_str(applicant, "name", name);
    if (pid) {
        json_object_del(data, "applicant.pid");
        json_set_str(applicant, "pid", pid);
    }
    return data;
}

static Json with_verified(Request *rq, Json data)
{
    return filing_verified(data, rq->actor->name, person_pid(rq->db, rq->actor->person_id));
}

static Json locked_fields(Request *rq)
{
    Json locked = json_list();
    json_add_str(locked, "applicant.name");
    if (person_pid(rq->db, rq->actor->person_id))
        json_add_str(locked, "applicant.pid");
    return locked;
}

static Json typed_data(Request *rq)
{
    Json data = json_deep_copy(rq->typed);
    for (const Param *p = apply_params; p->name; p++)
        json_object_del(data, p->name);
    json_object_del(data, "_csrf");
    return with_verified(rq, data);
}

static void show_details(Request *rq, Filing *f, Json model)
{
    Json bodies = version_bodies(&f->v);
    Json data = has_errors(rq) ? typed_data(rq) : with_verified(rq, f->d.id ? f->d.form_data : json_new());
    int64_t chosen = in_id(rq, "org_id") ? in_id(rq, "org_id") : f->d.org_id;
    json_each (bodies, i, body)
        json_set_bool(body, "selected", json_id(body, "id") == chosen || json_array_size(bodies) == 1);
    json_set(model, "bodies", bodies);
    json_set(model, "fields", form_fields(f->form, rq->lang, data, rq->errors, locked_fields(rq)));
}

static void show_papers(Request *rq, Filing *f, Json model)
{
    json_set(model, "groups", papers_by_component(rq->db, &f->d));
    json_set(model, "missing", papers_missing(rq->db, &f->d));
}

/* Spec 03 §7.8: the same filed again within a day is said, not forbidden. */
static const char *duplicate_of(Db *db, const Dossier *d, int64_t now)
{
    Json rows = db_rows(db,
                        "select code, form_data from prc_dossier where applicant_account_id = ?1 and "
                        "procedure_id = ?2 and id <> ?3"
                        " and submitted_at > ?4 and finished_at is null",
                        ID(d->applicant_account_id), ID(d->procedure_id), ID(d->id), I(now - DAY_MS));
    json_each (rows, i, row)
        if (text_is(json_canonical(json_at(row, "form_data")), json_canonical(d->form_data)))
            return json_str(row, "code");
    return NULL;
}

static void show_review(Request *rq, Filing *f, Json model)
{
    FeeCase of = filing_fee_case(&f->d);
    FeeQuote quote = version_fee(rq->db, &f->v, &of);
    const Org *org = org_by_id(f->d.org_id);
    json_set(model, "lines", form_review(f->form, rq->lang, f->d.form_data));
    json_set(model, "papers", papers_given(rq->db, &f->d));
    json_set(model, "missing", papers_missing(rq->db, &f->d));
    json_set_str(model, "body", org ? org->name : "");
    json_set_bool(model, "fee_known", quote.known);
    json_set_int(model, "fee_vnd", quote.vnd);
    json_set(model, "fee_lines", quote.lines);
    json_set_str(model, "duplicate", duplicate_of(rq->db, &f->d, rq->now));
    json_set_str(model, "request_id", random_token());
}

static Json step_marks(const char *lang, const char *now)
{
    static const char *const names[] = { "details", "papers", "review" };
    Json marks = json_list();
    bool before = true;
    for (size_t i = 0; i < 3; i++) {
        bool current = text_is(names[i], now);
        Json mark = json_new();
        before = before && !current;
        json_set_str(mark, "text", text_in(lang, fmt("procedures.apply.step.%s", names[i]), NULL));
        json_set_bool(mark, "current", current);
        json_set_bool(mark, "done", before);
        json_add(marks, mark);
    }
    return marks;
}

Reply apply_show(Request *rq)
{
    static const struct {
        const char *step;
        void (*show)(Request *, Filing *, Json);
    } steps[] = { { "details", show_details }, { "papers", show_papers }, { "review", show_review } };
    Filing f;
    Reply refusal;
    if (!open_filing(rq, &f, &refusal))
        return refusal;
    const char *step = f.d.id ? wanted_step(rq) : "details";
    if (f.d.id && !text_is(f.d.status, "draft"))
        return redirect_to(fmt("/dossiers/%lld", (long long)f.d.id));
    Json model = json_new();
    json_set_str(model, "title", f.v.name);
    json_set_str(model, "code", f.v.code);
    json_set_bool(model, "sample", f.v.sample);
    json_set_id(model, "draft", f.d.id);
    json_set_str(model, "action", f.d.id ? apply_url(&f, step) : fmt("/procedures/%s/apply", f.v.code));
    json_set_str(model, "back",
                 text_is(step, "review") ? apply_url(&f, "papers")
                 : f.d.id                ? apply_url(&f, "details")
                                         : NULL);
    json_set(model, "step_items", step_marks(rq->lang, step));
    for (size_t i = 0; i < 3; i++) {
        json_set_bool(model, fmt("is_%s", steps[i].step), text_is(step, steps[i].step));
        if (text_is(step, steps[i].step))
            steps[i].show(rq, &f, model);
    }
    return page(rq, "procedures/apply", model);
}

/* ---- details ---- */

void filing_fill(Dossier *d, Json data)
{
    bool for_another = json_bool(data, "for_another");
    d->form_data = data;
    d->applicant_pid = json_str(data, "applicant.pid");
    d->applicant_phone = json_str(data, "applicant.phone");
    d->applicant_email = json_str(data, "applicant.email");
    d->applicant_address = json_str(data, "applicant.address");
    d->owner_name = for_another ? json_str(data, "owner.name") : d->applicant_name;
    d->owner_pid = for_another ? json_str(data, "owner.pid") : d->applicant_pid;
    d->authority = for_another ? json_str(data, "owner.authority") : NULL;
}

Dossier filing_draft(const Version *v, const char *applicant_name, int64_t now)
{
    return (Dossier){ .id = id_new(),
                      .procedure_id = v->procedure_id,
                      .version_id = v->id,
                      .channel = CHANNEL_ONLINE,
                      .applicant_name = applicant_name,
                      .owner_name = applicant_name,
                      .status = "draft",
                      .fee_state = "none",
                      .owner_system = "local",
                      .created_at = now,
                      .updated_at = now,
                      .event_hash = "",
                      .fresh = true };
}

/* Reads the draft again inside the write: it may have been submitted meanwhile, in another window or by a
 * second request of the same moment, and a dossier is not written over. */
static bool still_draft(Request *rq, Filing *f)
{
    bool still = dossier_find(rq->db, f->d.id, &f->d) && text_is(f->d.status, "draft");
    f->refusal = still ? NULL : "procedures.draft.submitted";
    if (!still)
        db_reject(rq->db);
    return still;
}

static void save_details(Request *rq, void *argument)
{
    Filing *f = argument;
    bool fresh = !f->saved;
    if (!fresh && !still_draft(rq, f))
        return;
    if (fresh) {
        f->d = filing_draft(&f->v, rq->actor->name, rq->now);
        f->d.applicant_account_id = rq->actor->account_id;
    }
    f->d.version_id = f->v.id;
    f->d.reception_org_id = f->d.org_id = f->org_id;
    filing_fill(&f->d, f->data);
    if (fresh) {
        f->d.updated_at = rq->now;
        dossier_insert(rq->db, &f->d);
    } else {
        dossier_save(rq->db, &f->d, rq->now);
    }
}

Json filing_check(Request *rq, const Version *v, const Form *form, int64_t org_id, Json typed)
{
    Json data = form_check(form, rq->lang, typed, NULL, rq->errors);
    if (!version_body_ok(v, org_id))
        invalid(rq, "org_id", "procedures.apply.body-missing", NULL);
    return data;
}

static Reply post_details(Request *rq, Filing *f)
{
    f->org_id = in_id(rq, "org_id");
    f->data = filing_check(rq, &f->v, f->form, f->org_id, typed_data(rq));
    if (has_errors(rq))
        return refuse(rq);
    f->saved = f->d.id != 0;
    db_in_write(rq, save_details, f);
    if (f->refusal)
        return conflict(rq, f->refusal, NULL);
    return done(rq, apply_url(f, "papers"), json_set_id(json_new(), "draft", f->d.id));
}

/* ---- papers ---- */

static void save_papers(Request *rq, void *argument)
{
    Filing *f = argument;
    if (!still_draft(rq, f))
        return;
    papers_take(rq, &f->d, "paper_", NULL, 0);
    if (in_id(rq, "remove"))
        papers_remove(rq->db, &f->d, in_id(rq, "remove"));
    dossier_save(rq->db, &f->d, rq->now);
}

static Reply post_papers(Request *rq, Filing *f)
{
    papers_check(rq, "paper_");
    if (has_errors(rq))
        return refuse(rq);
    db_in_write(rq, save_papers, f);
    if (f->refusal)
        return conflict(rq, f->refusal, NULL);
    bool on = !in_id(rq, "remove") && !text_is(in_str(rq, "go"), "stay");
    Json missing = papers_missing(rq->db, &f->d);
    if (on && json_array_size(missing)) {
        json_each (missing, i, name)
            invalid(rq, "", "procedures.apply.paper-missing",
                    json_set_str(json_new(), "name", json_string_value(name)));
        return refuse(rq);
    }
    return done(rq, apply_url(f, on ? "review" : "papers"), json_set_id(json_new(), "draft", f->d.id));
}

/* ---- review: the submission ---- */

static void submit(Request *rq, void *argument)
{
    Filing *f = argument;
    if (!dossier_find(rq->db, f->d.id, &f->d))
        raise_fault(FAULT_INTERNAL, "procedures.draft", "a draft vanished");
    f->refusal = NULL;
    if (text_is(f->d.status, "draft")) /* else it was submitted already: the same answer again */
        f->refusal = filing_submit(rq->db, &f->d, in_str(rq, "request_id"), rq->actor, rq->now);
    if (f->refusal)
        db_reject(rq->db);
}

static Reply post_review(Request *rq, Filing *f)
{
    if (text_empty(in_str(rq, "request_id")))
        invalid(rq, "request_id", "procedures.apply.request-id", NULL);
    if (has_errors(rq))
        return refuse(rq);
    db_in_write(rq, submit, f);
    if (f->refusal) {
        invalid(rq, "", f->refusal, NULL);
        return refuse(rq);
    }
    Json model = json_new();
    json_set_id(model, "id", f->d.id);
    json_set_str(model, "code", f->d.code);
    json_set_str(model, "status", f->d.status);
    Reply reply = created(rq, fmt("/dossiers/%lld", (long long)f->d.id), model);
    view_flash(&reply, rq, "procedures.flash.submitted", json_set_str(json_new(), "code", f->d.code));
    return reply;
}

Reply apply_post(Request *rq)
{
    Filing f;
    Reply refusal;
    if (!open_filing(rq, &f, &refusal))
        return refusal;
    const char *step = wanted_step(rq);
    if (text_is(step, "review") && f.d.id)
        return post_review(rq, &f);
    if (f.d.id && !text_is(f.d.status, "draft"))
        return conflict(rq, "procedures.draft.submitted", NULL);
    return text_is(step, "papers") && f.d.id ? post_papers(rq, &f) : post_details(rq, &f);
}
