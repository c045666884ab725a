/* A dossier's process: BPMN in processes/, run by platform/workflow in the transaction of the act. The
 * process decides whose turn it is; the table of states decides what the dossier may become; both must agree
 * or nothing stands.
 *
 * Elements that the acts know by id: the user tasks examine, sign, issue, deliver; the messages
 * procedures.supplement (asks, leaves examine), procedures.supplemented (back to it) and procedures.paid.
 * Service tasks call the handlers below. */
#include "base/crypto.h"
#include "base/text.h"
#include "platform/tasks/tasks.h"
#include "solutions/procedures/filing.h"
#include "solutions/procedures/handling.h"

static const char *const user_tasks[] = { "examine", "sign", "issue", "deliver", NULL };

static void follow(Db *db, Dossier *d, bool due_changed, int64_t now)
{
    const char *step = process_step(db, d->id);
    d->step = *step ? step : NULL;
    if (due_changed && d->instance_id && d->due_at)
        wf_due_changed(db, d->instance_id, d->due_at);
    dossier_save(db, d, now);
}

void process_start(Db *db, Dossier *d, const Version *v, const Actor *actor, int64_t now)
{
    Json variables = json_new();
    json_set_int(variables, "channel", d->channel);
    json_set_str(variables, "code", d->code);
    json_set_str(variables, "procedure", v->code);
    json_set_bool(variables, "tax", false);
    WfStart start = { .process_id = v->process_id,
                      .business_key = d->code,
                      .subject_id = d->id,
                      .org_id = d->org_id,
                      .module = "procedures",
                      .subject = fmt("%s · %s · %s", d->code, v->name, d->applicant_name),
                      .url = fmt("/dossiers/%lld", (long long)d->id),
                      .due_at = d->due_at,
                      .started_by = actor->account_id,
                      .variables = variables };
    int64_t instance = wf_start(db, &start, now);
    dossier_find(db, d->id, d); /* the process has moved it on */
    d->instance_id = instance;
    follow(db, d, d->due_at != start.due_at, now);
}

const char *process_step(Db *db, int64_t dossier_id)
{
    for (const char *const *element = user_tasks; *element; element++)
        if (tasks_open(db, dossier_id, *element))
            return *element;
    return "";
}

void process_follow(Db *db, Dossier *d, int64_t now)
{
    follow(db, d, true, now);
}

WfAnswer process_complete(Db *db, const Dossier *d, const Actor *actor, const char *element,
                          const char *outcome, Json data, int64_t now)
{
    int64_t task = tasks_open(db, d->id, element);
    return task ? wf_complete_task(db, task, actor, outcome, data, now) : WF_NOT_OPEN;
}

Reply process_refused(Request *rq, WfAnswer answer)
{
    static const char *const codes[] = {
        [WF_OK] = "procedures.task.not-open",
        [WF_NOT_OPEN] = "procedures.task.not-open",
        [WF_BAD_OUTCOME] = "procedures.task.not-open",
        [WF_TAKEN] = "procedures.task.taken",
        [WF_SAME_PERSON] = "procedures.task.same-person",
        [WF_NOT_YOURS] = "procedures.task.not-yours",
    };
    return conflict(rq, codes[answer], NULL);
}

bool process_may(Request *rq, const Dossier *d, const char *element, Reply *refusal)
{
    const char *before = dossier_same_eyes(rq->db, d, rq->actor, element);
    if (before) {
        *refusal = conflict(rq, "procedures.task.same-person", json_set_str(json_new(), "before", before));
        return false;
    }
    if (!tasks_open(rq->db, d->id, element)) {
        *refusal = conflict(rq, "procedures.task.not-open",
                            json_set_str(json_new(), "step", process_step(rq->db, d->id)));
        return false;
    }
    return true;
}

void process_message(Db *db, const Dossier *d, const char *message, int64_t now)
{
    if (d->instance_id)
        wf_publish(db, message, d->code, NULL, 0, now);
}

void process_end(Db *db, Dossier *d, const char *reason, int64_t now)
{
    if (d->instance_id && wf_instance_of(db, d->code))
        wf_cancel(db, d->instance_id, reason, now);
    for (int64_t task; (task = tasks_open(db, d->id, ""));)
        tasks_close(db, task, "canceled", NULL, 0, now);
    d->step = NULL;
    dossier_save(db, d, now);
}

/* ---- Service tasks ---- */

static void step_move(WfStep *step, const char *event)
{
    Dossier d;
    if (!dossier_find(step->db, step->subject_id, &d))
        raise_fault(FAULT_INTERNAL, "procedures.process", "process %s has no dossier", step->business_key);
    if (!dossier_move(step->db, &d, event, &(Act){ .actor = system_actor(), .now = step->now }))
        raise_fault(FAULT_INTERNAL, "procedures.process", "%s: %s is not allowed from %s", d.code, event,
                    d.status);
}

static void run_hand_over(WfStep *step)
{
    step_move(step, "hand_over");
}

static void run_require_payment(WfStep *step)
{
    step_move(step, "require_payment");
}

/* A result filed for online lies in the applicant's account from this moment: that is its delivery (form of
 * proof: the account itself). */
static void run_deliver_online(WfStep *step)
{
    Dossier d;
    step_move(step, "deliver");
    dossier_find(step->db, step->subject_id, &d);
    db_exec(step->db,
            "insert into prc_delivery (id, dossier_id, result_id, channel, receiver, id_check, proof, at) "
            "values (?1, ?2,"
            " (select max(id) from prc_result where dossier_id = ?2 and state = 'issued'), 2, ?3, 'account', "
            "'account', ?4)",
            ID(id_new()), ID(d.id), T(d.applicant_name), I(step->now));
}

const WfHandler process_handlers[] = {
    { "procedures.hand_over", run_hand_over },
    { "procedures.require_payment", run_require_payment },
    { "procedures.deliver_online", run_deliver_online },
    { 0 },
};
