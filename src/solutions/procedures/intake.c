/* Filing in one request, for programs: a desk's own software, a kiosk, a partner's portal.
 *
 *     POST /dossiers {procedure, request_id, org_id | org, channel, form, applicant_name, applicant_pid,
 * papers}
 *
 * A citizen files for themself, always online. Who may receive at the body (procedures.accept) files for
 * somebody who stands there: the applicant's name and number are given, who helped is recorded, and `papers`
 * names the components that lie on the counter. Everything else is the three-step form's: the same checks,
 * the same submission. Files are not taken here, so a procedure that asks for papers is refused with their
 * list, unless they were brought. All of it is one transaction; the same request_id again gives the same
 * answer. */
#include "base/text.h"
#include "solutions/procedures/filing.h"
#include "solutions/procedures/papers.h"
#include "solutions/procedures/public.h"

const Param intake_params[] = {
    { .name = "procedure", .type = PARAM_TEXT, .required = true, .max = 20 },
    { .name = "request_id", .type = PARAM_TEXT, .required = true, .max = 64 },
    { .name = "org_id", .type = PARAM_ID },
    { .name = "org", .type = PARAM_TEXT, .max = 64 }, /* its key, instead: "ubnd-28261" */
    { .name = "channel", .type = PARAM_CHOICE, .choices = "counter|online|post" },
    { .name = "form", .type = PARAM_JSON, .required = true },
    { .name = "applicant_name", .type = PARAM_TEXT, .max = 200 },
    { .name = "applicant_pid", .type = PARAM_TEXT, .max = 12 },
    { .name = "papers", .type = PARAM_TEXTS }, /* components, by the paper_id of the refusal */
    { 0 },
};

static int64_t body_asked(Request *rq)
{
    const Org *org = in_id(rq, "org_id") ? NULL : org_by_key(in_str(rq, "org"));
    return org ? org->id : in_id(rq, "org_id");
}

static Channel channel_asked(Request *rq)
{
    const char *name = in_str(rq, "channel");
    return text_is(name, "online") ? CHANNEL_ONLINE : text_is(name, "post") ? CHANNEL_POST : CHANNEL_COUNTER;
}

/* What only the desk may say, said by somebody else. */
static void check_own(Request *rq)
{
    static const char *const fields[] = { "applicant_name", "applicant_pid", "papers" };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (in_has(rq, fields[i]))
            invalid(rq, fields[i], "procedures.intake.desk-only", NULL);
    if (in_has(rq, "channel") && channel_asked(rq) != CHANNEL_ONLINE)
        invalid(rq, "channel", "procedures.intake.desk-only", NULL);
}

static Reply answer(Request *rq, const Dossier *d, bool fresh)
{
    const char *page = fmt("/dossiers/%lld", (long long)d->id);
    Json model = json_new();
    json_set_id(model, "id", d->id);
    json_set_str(model, "code", d->code);
    json_set_str(model, "check_word", public_check_word(d->code));
    json_set_str(model, "status", d->status);
    return fresh ? created(rq, page, model) : done(rq, page, model);
}

/* The dossier that this account filed by this request before. */
static bool filed_before(Request *rq, bool desk, Dossier *d)
{
    const char *sql = desk ? "select * from prc_dossier where assisted_by_id = ?1 and request_id = ?2"
                           : "select * from prc_dossier where applicant_account_id = ?1 and request_id = ?2";
    return db_get(rq->db, dossier_fields, d, sql, ID(rq->actor->account_id), T(in_str(rq, "request_id")));
}

static Dossier draft_of(Request *rq, const Version *v, bool desk)
{
    Dossier d = filing_draft(v, desk ? in_str(rq, "applicant_name") : rq->actor->name, rq->now);
    d.applicant_account_id = desk ? 0 : rq->actor->account_id;
    d.assisted_by_id = desk ? rq->actor->account_id : 0;
    d.channel = desk ? channel_asked(rq) : CHANNEL_ONLINE;
    d.reception_org_id = d.org_id = body_asked(rq);
    return d;
}

static Json typed_form(Request *rq, bool desk)
{
    Json data = json_deep_copy(in_json(rq, "form"));
    return desk ? filing_verified(data, in_str(rq, "applicant_name"), in_str(rq, "applicant_pid"))
                : filing_verified(data, rq->actor->name, person_pid(rq->db, rq->actor->person_id));
}

static void check_papers(Request *rq, Dossier *d)
{
    if (json_array_size(in_json(rq, "papers")))
        dossier_insert(rq->db, d); /* its papers refer to it */
    json_each (in_json(rq, "papers"), i, paper) {
        int64_t id = 0;
        if (!text_int(json_string_value(paper), 1, INT64_MAX, &id) ||
            !papers_bring(rq->db, d, id, rq->actor->account_id, rq->now))
            invalid(rq, "papers", "procedures.intake.paper-unknown", NULL);
    }
    Json missing = papers_missing_rows(rq->db, d);
    json_each (missing, i, row)
        invalid(rq, "papers", "procedures.intake.paper-missing",
                json_set_str(json_set_id(json_new(), "paper_id", json_id(row, "id")), "name",
                             json_str(row, "name")));
}

Reply dossier_file_whole(Request *rq)
{
    Version v;
    const Form *form;
    Dossier d = { 0 };
    Reply refusal;
    bool desk = rq->actor->kind != ACTOR_CITIZEN;
    if (desk && !can_for(rq->actor, "procedures.accept", body_asked(rq)))
        return forbidden(rq, "http.forbidden");
    if (filed_before(rq, desk, &d))
        return answer(rq, &d, false);
    if (!filing_open(rq, in_str(rq, "procedure"), &v, &form, &refusal))
        return refusal;
    if (!desk)
        check_own(rq);
    if (!json_is_object(in_json(rq, "form")))
        invalid(rq, "form", "procedures.intake.form", NULL);
    if (has_errors(rq))
        return refuse(rq);
    d = draft_of(rq, &v, desk);
    filing_fill(&d, filing_check(rq, &v, form, d.org_id, typed_form(rq, desk)));
    if (has_errors(rq))
        return refuse(rq);
    check_papers(rq, &d);
    if (has_errors(rq))
        return refuse(rq);
    filing_enter(rq->db, &d, &v, in_str(rq, "request_id"), rq->actor, rq->now);
    return answer(rq, &d, true);
}
