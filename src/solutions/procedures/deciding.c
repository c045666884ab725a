/* From examination to return. The specialist drafts, the leader signs, the clerk numbers and seals, and only
 * what verifies is issued.
 *
 *     drafted --sign (leader's key)--> signed --number--> numbered --seal (agency's key), verify--> issued,
 * never changed again
 *
 * Signing and sealing take long (the key is in a token), so those two routes hold no write transaction while
 * they do it: they look, sign, and then write, looking again. The number is given before the seal in a write
 * of its own; when the seal fails, the same number waits for the next try. */
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/files/files.h"
#include "platform/signatures/signatures.h"
#include "platform/view/view.h"
#include "solutions/procedures/handling.h"
#include "solutions/procedures/results.h"

#include <string.h>

/* ---- Examination ---- */

const Param examine_params[] = {
    { .name = "kind", .type = PARAM_CHOICE, .required = true, .choices = "positive|negative" },
    { .name = "result_title", .type = PARAM_TEXT, .required = true, .min = 3, .max = 300 },
    { .name = "conclusion", .type = PARAM_TEXT, .required = true, .min = 10, .max = 5000 },
    { .name = "tax", .type = PARAM_BOOL },
    { 0 },
};

WfAnswer handling_draft(Db *db, Dossier *d, const char *kind, const char *title, const char *conclusion,
                        bool tax, const Act *act)
{
    Act drafted = *act;
    result_draft(db, d, kind, title, conclusion, act->actor->account_id);
    d->handler_id = act->actor->account_id;
    d->handler_name = act->actor->name;
    drafted.data = json_set_str(json_new(), "kind", kind);
    dossier_note(db, d, "draft_result", &drafted);
    wf_set(db, d->instance_id, "tax", json_boolean(tax));
    WfAnswer answer = process_complete(db, d, act->actor, "examine", "draft", NULL, act->now);
    if (answer != WF_OK)
        return answer;
    dossier_find(db, d->id, d); /* a financial duty has moved it on */
    process_follow(db, d, act->now);
    return WF_OK;
}

Reply dossier_examine(Request *rq)
{
    Dossier d;
    Reply refusal;
    if (!open_for(rq, "procedures.examine", NULL, &d, &refusal) || !process_may(rq, &d, "examine", &refusal))
        return refusal;
    Act act = act_of(rq, NULL);
    WfAnswer answer = handling_draft(rq->db, &d, in_str(rq, "kind"), in_str(rq, "result_title"),
                                     in_str(rq, "conclusion"), in_bool(rq, "tax"), &act);
    return answer == WF_OK ? dossier_done(rq, &d) : process_refused(rq, answer);
}

const Param return_params[] = {
    { .name = "note", .type = PARAM_TEXT, .required = true, .min = 2, .max = 2000 },
    { 0 },
};

/* The leader gives the draft back with what is to be changed. */
Reply dossier_return_draft(Request *rq)
{
    Dossier d;
    Reply refusal;
    if (!open_for(rq, "procedures.sign", NULL, &d, &refusal) || !process_may(rq, &d, "sign", &refusal))
        return refusal;
    Act act = act_of(rq, in_str(rq, "note"));
    dossier_note(rq->db, &d, "return_draft", &act);
    WfAnswer answer = process_complete(rq->db, &d, rq->actor, "sign", "return", NULL, rq->now);
    if (answer != WF_OK)
        return process_refused(rq, answer);
    process_follow(rq->db, &d, rq->now);
    return dossier_done(rq, &d);
}

/* ---- Signature and seal ---- */

typedef struct Sealing {
    Dossier d;
    Result r;
    const void *pdf;
    size_t size;
    Signed done;
    WfAnswer answer;
    bool moved_on; /* somebody else was faster */
} Sealing;

static bool still(Request *rq, Sealing *s, const char *element, const char *state)
{
    s->answer = WF_OK;
    s->moved_on = !dossier_find(rq->db, s->d.id, &s->d) || !text_is(s->d.status, "in_progress") ||
                  !result_of(rq->db, s->d.id, &s->r) || !text_is(s->r.state, state) ||
                  !text_is(process_step(rq->db, s->d.id), element);
    if (s->moved_on)
        db_reject(rq->db);
    return !s->moved_on;
}

static int64_t keep_file(Request *rq, const Sealing *s)
{
    FileRef file = files_put(rq->db, s->pdf, s->size, fmt("%s.pdf", s->d.code), "application/pdf",
                             rq->actor->account_id, s->d.org_id);
    return file.id;
}

static void keep_signed(Request *rq, void *argument)
{
    Sealing *s = argument;
    if (!still(rq, s, "sign", "drafted"))
        return;
    result_signed(rq->db, &s->d, &s->r, &s->done, rq->actor, rq->now);
    s->answer = process_complete(rq->db, &s->d, rq->actor, "sign", "sign", NULL, rq->now);
    if (s->answer != WF_OK)
        db_reject(rq->db);
    else
        process_follow(rq->db, &s->d, rq->now);
}

static Reply sealed_reply(Request *rq, const Sealing *s)
{
    if (s->moved_on)
        return conflict(rq, "procedures.task.not-open", NULL);
    return s->answer == WF_OK ? dossier_done(rq, &s->d) : process_refused(rq, s->answer);
}

Reply dossier_sign(Request *rq)
{
    Sealing s = { 0 };
    Reply refusal;
    if (!open_for(rq, "procedures.sign", NULL, &s.d, &refusal) || !process_may(rq, &s.d, "sign", &refusal))
        return refusal;
    if (!result_of(rq->db, s.d.id, &s.r) || !text_is(s.r.state, "drafted"))
        return conflict(rq, "procedures.result.not-drafted", NULL);
    s.done = result_sign(rq->db, &s.d, &s.r, rq->actor, rq->now);
    if (s.done.refusal)
        return conflict(rq, s.done.refusal, NULL);
    db_in_write(rq, keep_signed, &s);
    return sealed_reply(rq, &s);
}

static void give_number(Request *rq, void *argument)
{
    Sealing *s = argument;
    if (!dossier_find(rq->db, s->d.id, &s->d) || !result_of(rq->db, s->d.id, &s->r))
        raise_fault(FAULT_INTERNAL, "procedures.result", "a result vanished");
    if (s->r.number_seq)
        return;
    Act act = act_of(rq, NULL);
    result_number(rq->db, &s->d, &s->r, rq->now);
    act.data = json_set_str(json_new(), "number", s->r.number);
    dossier_note(rq->db, &s->d, "number", &act);
}

/* Every signature must be good and the last one must cover all: what was altered after signing is not issued.
 */
static bool verified(Request *rq, const Sealing *s)
{
    Json signatures = signatures_verify(rq->db, s->pdf, s->size, rq->now);
    size_t good = 0;
    json_each (signatures, i, signature)
        good += text_is(json_str(signature, "indication"), "TOTAL-PASSED");
    return good == 2 && json_array_size(signatures) == 2;
}

static const char *number_and_seal(Request *rq, Sealing *s)
{
    LocalTime day = local_time(s->r.dated_at);
    const char *date = fmt("ngày %02d tháng %02d năm %04d", day.day, day.month, day.year);
    const char *values[] = { "So", fmt("%lld", (long long)s->r.number_seq), "NgayThang", date, NULL };
    size_t size;
    const void *pdf = files_read(s->r.sha256, &size);
    pdf = pdf_fill(pdf, size, values, &size);
    if (!pdf) /* a field is missing or locked: not what the leader signed */
        return "procedures.result.signature-invalid";
    Signed done = sign_pdf(rq->db, &(SignRequest){ .pdf = pdf,
                                                   .size = size,
                                                   .org_id = s->d.org_id,
                                                   .field = "DauCoQuan",
                                                   .reason = s->r.number,
                                                   .lock = "all",
                                                   .now = rq->now });
    s->pdf = done.pdf;
    s->size = done.size;
    return done.refusal;
}

/* Changes nothing: after it the request reads what was written meanwhile (sealing keeps evidence of its own,
 * perhaps a new certificate). */
static void read_afresh(Request *rq, void *argument)
{
    (void)rq;
    (void)argument;
}

static void keep_issued(Request *rq, void *argument)
{
    Sealing *s = argument;
    if (!still(rq, s, "issue", "numbered"))
        return;
    Act act = act_of(rq, NULL);
    act.document_id = keep_file(rq, s);
    act.data = json_set_str(json_new(), "number", s->r.number);
    db_exec(rq->db,
            "update prc_result set state = 'issued', sealed_by_id = ?2, issued_at = ?3, valid_from = ?3, "
            "file_id = ?4, sha256 = ?5 where id = ?1",
            ID(s->r.id), ID(rq->actor->account_id), I(rq->now), ID(act.document_id),
            T(sha256_hex(s->pdf, s->size)));
    dossier_move(rq->db, &s->d, "issue", &act);
    s->answer = process_complete(rq->db, &s->d, rq->actor, "issue", "issue", NULL, rq->now);
    if (s->answer != WF_OK) {
        db_reject(rq->db);
        return;
    }
    dossier_find(rq->db, s->d.id, &s->d); /* filed online, it has been delivered */
    process_follow(rq->db, &s->d, rq->now);
    tell_applicant(rq->db, &s->d, "issue", NULL);
}

Reply dossier_issue(Request *rq)
{
    Sealing s = { 0 };
    Reply refusal;
    if (!open_for(rq, "procedures.issue", "issue", &s.d, &refusal) ||
        !process_may(rq, &s.d, "issue", &refusal))
        return refusal;
    if (!result_of(rq->db, s.d.id, &s.r) || !s.r.signed_at)
        return conflict(rq, "procedures.result.not-signed", NULL);
    db_in_write(rq, give_number, &s);
    const char *refused = number_and_seal(rq, &s);
    if (!refused)
        db_in_write(rq, read_afresh, NULL);
    if (!refused && !verified(rq, &s))
        refused = "procedures.result.signature-invalid";
    if (refused)
        return conflict(rq, refused, NULL);
    db_in_write(rq, keep_issued, &s);
    return sealed_reply(rq, &s);
}

/* ---- Return (trả kết quả) ---- */

const Param deliver_params[] = {
    { .name = "receiver", .type = PARAM_TEXT, .required = true, .min = 2, .max = 200 },
    { .name = "id_check", .type = PARAM_TEXT, .required = true, .min = 2, .max = 200 },
    { .name = "way", .type = PARAM_CHOICE, .choices = "counter|post" },
    { .name = "proof", .type = PARAM_TEXT, .max = 200 },
    { 0 },
};

Reply dossier_deliver(Request *rq)
{
    Dossier d;
    Result r;
    Reply refusal;
    if (!open_for(rq, "procedures.accept", "deliver", &d, &refusal) ||
        !process_may(rq, &d, "deliver", &refusal))
        return refusal;
    if (!result_of(rq->db, d.id, &r))
        return conflict(rq, "procedures.result.not-drafted", NULL);
    db_exec(
        rq->db,
        "insert into prc_delivery (id, dossier_id, result_id, channel, receiver, id_check, proof, by_id, at)"
        " values (?1,?2,?3,?4,?5,?6,?7,?8,?9)",
        ID(id_new()), ID(d.id), ID(r.id),
        I(text_is(in_str(rq, "way"), "post") ? CHANNEL_POST : CHANNEL_COUNTER), T(in_str(rq, "receiver")),
        T(in_str(rq, "id_check")), T(in_str(rq, "proof")), ID(rq->actor->account_id), I(rq->now));
    Act act = act_of(rq, NULL);
    dossier_move(rq->db, &d, "deliver", &act);
    WfAnswer answer = process_complete(rq->db, &d, rq->actor, "deliver", "deliver", NULL, rq->now);
    if (answer != WF_OK)
        return process_refused(rq, answer);
    process_follow(rq->db, &d, rq->now);
    return dossier_done(rq, &d);
}
