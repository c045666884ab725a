/* The desk's and the applicant's acts. Each handler reads: open the dossier for this person and this move,
 * check what the person gave, make the move, tell whom it concerns. What the table of states does not allow
 * is refused with the names of what it does. */
#include "solutions/procedures/handling.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/notify/notify.h"
#include "platform/tasks/tasks.h"
#include "platform/view/view.h"
#include "solutions/procedures/filing.h"
#include "solutions/procedures/papers.h"

enum { SUPPLEMENT_WORKING_DAYS = 10 };

/* ---- Shared ---- */

bool open_for(Request *rq, const char *permission, const char *event, Dossier *d, Reply *refusal)
{
    if (!dossier_find(rq->db, path_id(rq, "id"), d) || !dossier_may_read(d, rq->actor)) {
        *refusal = not_found(rq, "procedures.dossier.missing");
        return false;
    }
    if (permission ? !dossier_may(d, rq->actor, permission) : !dossier_is_mine(d, rq->actor)) {
        *refusal = forbidden(rq, "http.forbidden");
        return false;
    }
    if (!text_is(d->owner_system, "local")) {
        *refusal = conflict(rq, "procedures.mirror", NULL);
        return false;
    }
    if (!if_match(rq, dossier_version(d))) {
        *refusal = problem(rq, 412, "procedures.changed", NULL);
        return false;
    }
    if (event ? !move_find(event, d->status) : !text_is(d->status, "in_progress")) {
        *refusal = dossier_move_refused(rq, d, event ? event : "examine");
        return false;
    }
    return true;
}

Act act_of(Request *rq, const char *note)
{
    return (Act){ .actor = rq->actor, .now = rq->now, .note = text_empty(note) ? NULL : note };
}

Reply dossier_done(Request *rq, const Dossier *d)
{
    Json model = json_new();
    json_set_id(model, "id", d->id);
    json_set_str(model, "code", d->code);
    json_set_str(model, "status", d->status);
    json_set_int(model, "due_at", d->due_at);
    Reply reply = done(rq, fmt("/dossiers/%lld", (long long)d->id), model);
    view_flash(&reply, rq, fmt("procedures.flash.%s", d->status), json_set_str(json_new(), "code", d->code));
    return reply;
}

void tell_applicant(Db *db, const Dossier *d, const char *event, const char *note)
{
    Json values = json_new();
    json_set_str(values, "code", d->code);
    json_set_str(values, "note", text_or(note, ""));
    json_set_int(values, "due_at", d->due_at);
    if (d->applicant_account_id)
        notify_account(db, d->applicant_account_id, fmt("procedures.notice.%s", event), values,
                       fmt("/dossiers/%lld", (long long)d->id));
}

static void close_task(Db *db, const Dossier *d, const char *element, const char *outcome, const Actor *actor,
                       int64_t now)
{
    int64_t task = tasks_open(db, d->id, element);
    if (task)
        tasks_close(db, task, "completed", outcome, actor->account_id, now);
}

/* ---- Acceptance ---- */

const Param accept_params[] = {
    { .name = "case_id", .type = PARAM_ID },
    { .name = "fee", .type = PARAM_CHOICE, .choices = "due|paid|exempt" },
    { .name = "fee_reference", .type = PARAM_TEXT, .max = 100 },
    { .name = "note", .type = PARAM_TEXT, .max = 500 },
    { 0 },
};

/* What the desk says of the fee: paid with the receipt's number, or exempt with the evidence's name. */
static bool settle_fee(Request *rq, Dossier *d)
{
    const char *fee = in_str(rq, "fee"), *reference = in_str(rq, "fee_reference");
    if (text_empty(fee) || text_is(fee, "due"))
        return true;
    if (text_empty(reference)) {
        invalid(rq, "fee_reference", "procedures.fee.reference-missing", NULL);
        return false;
    }
    db_exec(rq->db,
            "update prc_fee_item set state = ?2, reference = ?3, paid_at = ?4 where dossier_id = ?1 and "
            "state = 'due'",
            ID(d->id), T(fee), T(reference), I(rq->now));
    if (text_is(fee, "exempt"))
        d->fee_vnd = 0;
    d->fee_state = fee;
    return true;
}

Reply dossier_accept(Request *rq)
{
    Dossier d;
    Version v;
    Reply refusal;
    if (!open_for(rq, "procedures.accept", "accept", &d, &refusal))
        return refusal;
    version_find(rq->db, d.version_id, &v);
    d.case_id = in_id(rq, "case_id");
    version_limit(rq->db, &v, d.channel, &d.case_id);
    if (in_id(rq, "case_id") && d.case_id != in_id(rq, "case_id"))
        invalid(rq, "case_id", "procedures.case.missing", NULL);
    if (json_array_size(papers_missing(rq->db, &d)))
        invalid(rq, "", "procedures.apply.papers-missing", NULL);
    if (!settle_fee(rq, &d) || has_errors(rq))
        return refuse(rq);
    Act act = act_of(rq, in_str(rq, "note"));
    dossier_move(rq->db, &d, "accept", &act);
    close_task(rq->db, &d, "receive", "accept", rq->actor, rq->now);
    process_start(rq->db, &d, &v, rq->actor, rq->now);
    tell_applicant(rq->db, &d, "accept", NULL);
    return dossier_done(rq, &d);
}

const Param ground_params[] = {
    { .name = "ground", .type = PARAM_TEXT, .required = true, .min = 5, .max = 2000 },
    { 0 },
};

Reply dossier_refuse(Request *rq)
{
    Dossier d;
    Reply refusal;
    if (!open_for(rq, "procedures.accept", "refuse", &d, &refusal))
        return refusal;
    Act act = act_of(rq, in_str(rq, "ground"));
    dossier_move(rq->db, &d, "refuse", &act);
    process_end(rq->db, &d, "refused", rq->now);
    tell_applicant(rq->db, &d, "refuse", in_str(rq, "ground"));
    return dossier_done(rq, &d);
}

/* ---- Supplement (phiếu yêu cầu bổ sung, form 02) ---- */

const Param request_supplement_params[] = {
    { .name = "items", .type = PARAM_TEXTS, .required = true },
    { .name = "ground", .type = PARAM_TEXT, .required = true, .min = 5, .max = 2000 },
    { 0 },
};

static Json items_asked(Request *rq)
{
    Json items = json_list();
    json_each (in_json(rq, "items"), i, item)
        if (*text_trim(json_string_value(item)))
            json_add_str(items, text_trim(json_string_value(item)));
    return items;
}

void handling_ask(Db *db, Dossier *d, const char *event, const char *ground, Json items, const Act *act)
{
    bool intake = text_is(event, "ask_completion");
    Act asked = *act;
    d->supplement_count++;
    db_exec(db,
            "insert into prc_supplement (id, dossier_id, number, stage, ground, items, asked_by_id, "
            "asked_by_name, asked_at, due_at)"
            " values (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
            ID(id_new()), ID(d->id), I(d->supplement_count), T(intake ? "intake" : "examination"), T(ground),
            J(items), ID(act->actor->account_id), T(act->actor->name), I(act->now),
            I(calendar_add_days(calendar(), act->now, SUPPLEMENT_WORKING_DAYS)));
    asked.note = ground;
    asked.data = json_set(json_new(), "items", items);
    dossier_move(db, d, event, &asked);
    if (intake)
        close_task(db, d, "receive", "ask_completion", act->actor, act->now);
    else
        process_message(db, d, "procedures.supplement", act->now);
    process_follow(db, d, act->now);
    tell_applicant(db, d, "request_supplement", ground);
}

/* Before acceptance the desk asks and the clock has not begun; in examination desk or handler may ask, once:
 * a second time only the leader. */
Reply dossier_request_supplement(Request *rq)
{
    Dossier d;
    Reply refusal;
    if (!dossier_find(rq->db, path_id(rq, "id"), &d) || !dossier_may_read(&d, rq->actor))
        return not_found(rq, "procedures.dossier.missing");
    bool intake = text_is(d.status, "submitted"), leader = dossier_may(&d, rq->actor, "procedures.sign");
    const char *event = intake ? "ask_completion" : "request_supplement";
    const char *permission = leader ? "procedures.sign"
                             : !intake && dossier_may(&d, rq->actor, "procedures.examine")
                                 ? "procedures.examine"
                                 : "procedures.accept";
    if (!open_for(rq, permission, event, &d, &refusal))
        return refusal;
    if (!intake && !text_is(process_step(rq->db, d.id), "examine"))
        return conflict(rq, "procedures.supplement.after-examination", NULL);
    if (!intake && !leader &&
        db_int(rq->db, "select count(*) from prc_supplement where dossier_id = ?1 and stage = 'examination'",
               ID(d.id)))
        return conflict(rq, "procedures.supplement.second-needs-leader", NULL);
    Json items = items_asked(rq);
    if (!json_array_size(items))
        invalid(rq, "items", "procedures.supplement.items-missing", NULL);
    if (has_errors(rq))
        return refuse(rq);
    Act act = act_of(rq, NULL);
    handling_ask(rq->db, &d, event, in_str(rq, "ground"), items, &act);
    return dossier_done(rq, &d);
}

const Param supplement_params[] = {
    { .name = "note", .type = PARAM_TEXT, .max = 500 },
    { 0 },
};

typedef struct Answering {
    Dossier d;
    const char *event;
    bool refused;
} Answering;

static const char *procedure_name(Db *db, const Dossier *d)
{
    return db_text(db, "select name from prc_procedure where id = ?1", ID(d->procedure_id));
}

void handling_answer(Db *db, Dossier *d, const char *event, const Act *act)
{
    db_exec(db, "update prc_supplement set answered_at = ?2 where dossier_id = ?1 and answered_at is null",
            ID(d->id), I(act->now));
    dossier_move(db, d, event, act);
    if (text_is(event, "complete"))
        ask_reception(db, d, procedure_name(db, d), act->actor, act->now);
    else
        process_message(db, d, "procedures.supplemented", act->now);
    process_follow(db, d, act->now);
    if (d->handler_id)
        notify_account(db, d->handler_id, "procedures.notice.supplemented",
                       json_set_str(json_new(), "code", d->code), fmt("/dossiers/%lld", (long long)d->id));
}

static void take_supplement(Request *rq, void *argument)
{
    Answering *a = argument;
    dossier_find(rq->db, a->d.id, &a->d);
    a->refused = !move_find(a->event, a->d.status);
    if (a->refused) {
        db_reject(rq->db);
        return;
    }
    Json asked = db_row(rq->db,
                        "select id, items from prc_supplement where dossier_id = ?1 and answered_at is null "
                        "order by number desc limit 1",
                        ID(a->d.id));
    papers_take(rq, &a->d, "item_", json_at(asked, "items"), json_id(asked, "id"));
    Act act = act_of(rq, in_str(rq, "note"));
    handling_answer(rq->db, &a->d, a->event, &act);
}

/* The applicant adds what was asked for, or the desk does for someone who came by. */
Reply dossier_supplement(Request *rq)
{
    Answering a = { 0 };
    Reply refusal;
    bool desk = rq->actor->kind == ACTOR_OFFICIAL;
    if (!dossier_find(rq->db, path_id(rq, "id"), &a.d))
        return not_found(rq, "procedures.dossier.missing");
    a.event = text_is(a.d.status, "incomplete") ? "complete" : "supplement";
    if (!open_for(rq, desk ? "procedures.accept" : NULL, a.event, &a.d, &refusal))
        return refusal;
    if (!papers_check(rq, "item_") && !has_errors(rq))
        invalid(rq, "item_0", "procedures.supplement.file-missing", NULL);
    if (has_errors(rq))
        return refuse(rq);
    db_in_write(rq, take_supplement, &a);
    return a.refused ? dossier_move_refused(rq, &a.d, a.event) : dossier_done(rq, &a.d);
}

/* ---- Withdrawal and stop (form 05) ---- */

const Param withdraw_params[] = {
    { .name = "reason", .type = PARAM_TEXT, .required = true, .min = 2, .max = 1000 },
    { 0 },
};

void handling_withdraw(Db *db, Dossier *d, const Act *act)
{
    dossier_move(db, d, "withdraw", act);
    Task task = { .module = "procedures",
                  .title = "procedures.task.withdrawal",
                  .subject = fmt("%s · %s", d->code, d->applicant_name),
                  .url = fmt("/dossiers/%lld", (long long)d->id),
                  .subject_id = d->id,
                  .org_id = d->org_id,
                  .role = "reception",
                  .element_id = "withdrawal" };
    tasks_create(db, &task, act->now);
}

Reply dossier_withdraw(Request *rq)
{
    Dossier d;
    Reply refusal;
    if (!open_for(rq, NULL, "withdraw", &d, &refusal))
        return refusal;
    Act act = act_of(rq, in_str(rq, "reason"));
    handling_withdraw(rq->db, &d, &act);
    return dossier_done(rq, &d);
}

const Param settle_params[] = {
    { .name = "agree", .type = PARAM_BOOL },
    { .name = "reason", .type = PARAM_TEXT, .max = 1000 },
    { 0 },
};

Reply dossier_settle_withdrawal(Request *rq)
{
    Dossier d;
    Reply refusal;
    bool agree = in_bool(rq, "agree");
    if (!open_for(rq, "procedures.accept", agree ? "agree_withdrawal" : "reject_withdrawal", &d, &refusal))
        return refusal;
    if (!agree && text_empty(in_str(rq, "reason"))) {
        invalid(rq, "reason", "procedures.withdrawal.reason-missing", NULL);
        return refuse(rq);
    }
    Act act = act_of(rq, in_str(rq, "reason"));
    dossier_move(rq->db, &d, agree ? "agree_withdrawal" : "reject_withdrawal", &act);
    close_task(rq->db, &d, "withdrawal", agree ? "agree" : "reject", rq->actor, rq->now);
    if (agree)
        process_end(rq->db, &d, "withdrawn", rq->now);
    tell_applicant(rq->db, &d, agree ? "agree_withdrawal" : "reject_withdrawal", in_str(rq, "reason"));
    return dossier_done(rq, &d);
}

/* On a legal ground while it is handled; or because what was asked for did not come by its date. */
Reply dossier_stop(Request *rq)
{
    Dossier d;
    Reply refusal;
    if (!dossier_find(rq->db, path_id(rq, "id"), &d))
        return not_found(rq, "procedures.dossier.missing");
    const char *event = text_is(d.status, "awaiting_supplement") ? "expire" : "stop";
    if (!open_for(rq, "procedures.sign", event, &d, &refusal))
        return refusal;
    if (text_is(event, "expire") && db_int(rq->db,
                                           "select count(*) from prc_supplement where dossier_id = ?1 and "
                                           "answered_at is null and due_at > ?2",
                                           ID(d.id), I(rq->now)))
        return conflict(rq, "procedures.supplement.still-time", NULL);
    Act act = act_of(rq, in_str(rq, "ground"));
    dossier_move(rq->db, &d, event, &act);
    process_end(rq->db, &d, "stopped", rq->now);
    tell_applicant(rq->db, &d, "stop", in_str(rq, "ground"));
    return dossier_done(rq, &d);
}

/* ---- Financial duty ---- */

const Param pay_params[] = {
    { .name = "reference", .type = PARAM_TEXT, .required = true, .max = 100 },
    { 0 },
};

/* The desk records the receipt of the tax or treasury office; the process goes on. */
Reply dossier_pay(Request *rq)
{
    Dossier d;
    Reply refusal;
    if (!open_for(rq, "procedures.accept", "pay", &d, &refusal))
        return refusal;
    Act act = act_of(rq, in_str(rq, "reference"));
    dossier_move(rq->db, &d, "pay", &act);
    process_message(rq->db, &d, "procedures.paid", rq->now);
    process_follow(rq->db, &d, rq->now);
    tell_applicant(rq->db, &d, "pay", NULL);
    return dossier_done(rq, &d);
}
