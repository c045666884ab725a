/* The submission: one transaction in which the draft becomes a dossier. It gets its code here, not at
 * acceptance: whoever files online needs something to ask by, and the code's sequence allows gaps, so that a
 * refused dossier costs nothing. The legal clock begins at acceptance only; until then the reception has 8
 * working hours to look at it (spec 03 §5.1). */
#include "solutions/procedures/filing.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "platform/notify/notify.h"
#include "platform/search/search.h"
#include "platform/tasks/tasks.h"
#include "solutions/procedures/codes.h"
#include "solutions/procedures/papers.h"

enum { INTAKE_CHECK_MS = 8 * HOUR_MS };

FeeCase filing_fee_case(const Dossier *d)
{
    int64_t pages = json_int(d->form_data, "pages"), copies = json_int(d->form_data, "copies");
    return (FeeCase){ (Channel)d->channel, pages > 0 ? pages : 1, copies > 0 ? copies : 1, false };
}

static FeeQuote quote_fee(Db *db, Dossier *d, const Version *v)
{
    FeeCase of = filing_fee_case(d);
    FeeQuote quote = version_fee(db, v, &of);
    d->fee_vnd = quote.vnd;
    d->fee_known = quote.known;
    d->fee_state = !quote.known ? "unknown" : quote.vnd ? "due" : "none";
    return quote;
}

static void add_fee(Db *db, const Dossier *d, FeeQuote quote)
{
    FeeCase of = filing_fee_case(d);
    json_each (quote.lines, i, item)
        if (json_int(item, "vnd"))
            db_exec(
                db,
                "insert into prc_fee_item (id, dossier_id, kind, vnd, pages, copies, moment, state) values "
                "(?1,?2,?3,?4,?5,?6,1,'due')",
                ID(id_new()), ID(d->id), T(json_str(item, "kind")), I(json_int(item, "vnd")), I(of.pages),
                I(of.copies));
}

void ask_reception(Db *db, const Dossier *d, const char *procedure, const Actor *actor, int64_t now)
{
    Task task = { .module = "procedures",
                  .title = "procedures.task.receive",
                  .subject = fmt("%s · %s · %s", d->code, procedure, d->applicant_name),
                  .url = fmt("/dossiers/%lld", (long long)d->id),
                  .subject_id = d->id,
                  .org_id = d->reception_org_id,
                  .role = "reception",
                  .excluded_id = actor->account_id,
                  .due_at = calendar_add_time(calendar(), now, INTAKE_CHECK_MS),
                  .element_id = "receive" };
    tasks_create(db, &task, now);
}

void dossier_search(Db *db, const Dossier *d, const char *procedure)
{
    search_put(db, "dossier", d->id, fmt("%s %s", d->code, d->applicant_name),
               fmt("%s %s", d->owner_name, procedure));
}

void filing_enter(Db *db, Dossier *d, const Version *v, const char *request_id, const Actor *actor,
                  int64_t now)
{
    const Org *org = org_by_id(d->reception_org_id);
    d->code = dossier_code(org->code, now, sequence_next(db, org->code, local_day(now)));
    d->request_id = request_id;
    FeeQuote fee = quote_fee(db, d, v);
    dossier_move(db, d, "submit", &(Act){ .actor = actor, .now = now });
    add_fee(db, d, fee);
    ask_reception(db, d, v->name, actor, now);
    dossier_search(db, d, v->name);
    Json values = json_set_str(json_set_str(json_new(), "code", d->code), "procedure", v->name);
    if (d->applicant_account_id)
        notify_account(db, d->applicant_account_id, "procedures.notice.submit", values,
                       fmt("/dossiers/%lld", (long long)d->id));
}

const char *filing_submit(Db *db, Dossier *d, const char *request_id, const Actor *actor, int64_t now)
{
    Version v;
    if (!version_find(db, d->version_id, &v) || !version_body_ok(&v, d->org_id))
        return "procedures.apply.body-missing";
    if (db_int(db, "select count(*) from prc_version where id = ?1 and effective_to is not null", ID(v.id)))
        return "procedures.apply.version-over";
    if (json_array_size(papers_missing(db, d)))
        return "procedures.apply.papers-missing";
    filing_enter(db, d, &v, request_id, actor, now);
    return NULL;
}
