/* The rows of the inbox and the rules of claiming (spec 23 §5.5): created → claimed → completed, or canceled.
 */
#include "platform/tasks/tasks.h"
#include "base/arena.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"
#include "platform/calendar/calendar.h"
#include "platform/events/events.h"
#include "platform/identity/identity.h"
#include "platform/notify/notify.h"
#include "platform/tasks/rows.h"

static const Field fields[] = {
    FIELD(ID, Task, id),           FIELD(TEXT, Task, module),
    FIELD(TEXT, Task, title),      FIELD(TEXT, Task, subject),
    FIELD(TEXT, Task, url),        FIELD(ID, Task, subject_id),
    FIELD(ID, Task, org_id),       FIELD(TEXT, Task, role),
    FIELD(ID, Task, assignee_id),  FIELD(ID, Task, excluded_id),
    FIELD(ID, Task, due_at),       FIELD(ID, Task, step_due_at),
    FIELD(ID, Task, instance_id),  FIELD(ID, Task, scope_id),
    FIELD(TEXT, Task, element_id), FIELD(TEXT, Task, form_id),
    FIELD(TEXT, Task, state),      FIELD(INT, Task, created_at),
    FIELD(ID, Task, claimed_at),   FIELD(ID, Task, completed_at),
    FIELD(TEXT, Task, outcome),    { 0 },
};

static Json task_data(const Task *task)
{
    Json data = json_set_id(json_new(), "task_id", task->id);
    json_set_str(data, "title", task->title);
    json_set_str(data, "subject", task->subject);
    return json_set_int(data, "due_at", task->due_at);
}

static void announce(Db *db, const Task *task)
{
    if (task->assignee_id)
        notify_account(db, task->assignee_id, "tasks.notice.assigned", task_data(task), task->url);
    else if (task->role[0] && task->org_id)
        notify_role(db, task->role, task->org_id, "tasks.notice.new", task_data(task), task->url);
}

int64_t tasks_create(Db *db, const Task *wanted, int64_t now)
{
    Task task = *wanted;
    task.id = id_new();
    task.module = text_or(task.module, "");
    task.title = text_or(task.title, "");
    task.subject = text_or(task.subject, "");
    task.url = text_or(task.url, "");
    task.role = text_or(task.role, "");
    task.element_id = text_or(task.element_id, "");
    task.state = "created";
    task.created_at = now;
    db_exec(
        db,
        "insert into task (id, module, title, subject, subject_fold, url, subject_id, org_id, role, "
        "assignee_id, excluded_id, due_at, "
        "step_due_at, instance_id, scope_id, element_id, form_id, state, created_at) "
        "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, 'created', ?18)",
        ID(task.id), T(task.module), T(task.title), T(task.subject),
        T(text_fold(fmt("%s %s", task.title, task.subject))), T(task.url), ID(task.subject_id),
        ID(task.org_id), T(task.role), ID(task.assignee_id), ID(task.excluded_id), ID(task.due_at),
        ID(task.step_due_at), ID(task.instance_id), ID(task.scope_id), T(task.element_id), T(task.form_id),
        I(now));
    events_publish(db, "workflow.task.created", task.id, task.org_id, task_data(&task));
    events_tell(db, "tasks", "changed", NULL);
    announce(db, &task);
    return task.id;
}

bool tasks_find(Db *db, int64_t id, Task *out)
{
    return db_get(db, fields, out, fmt("select %s from task where id = ?1", field_columns(fields, "")),
                  ID(id));
}

int64_t tasks_open(Db *db, int64_t subject_id, const char *element_id)
{
    return db_int(db,
                  "select id from task where subject_id = ?1 and state in ('created', 'claimed') and (?2 = "
                  "'' or element_id = ?2) "
                  "order by id limit 1",
                  ID(subject_id), T(text_or(element_id, "")));
}

int64_t tasks_of_scope(Db *db, int64_t scope_id)
{
    return db_int(db, "select id from task where scope_id = ?1 and state in ('created', 'claimed')",
                  ID(scope_id));
}

int64_t tasks_completed_by(Db *db, int64_t instance_id, const char *element_id)
{
    return db_int(
        db,
        "select completed_by from task where instance_id = ?1 and element_id = ?2 and state = 'completed' "
        "order by completed_at desc, id desc limit 1",
        ID(instance_id), T(element_id));
}

/* ---- Who may ---- */

static bool candidate(Db *db, const Task *task, const Actor *actor)
{
    int64_t *accounts;
    if (task->assignee_id)
        return task->assignee_id == actor->account_id;
    size_t count = task->role[0] ? accounts_with_role(db, task->role, task->org_id, &accounts) : 0;
    for (size_t i = 0; i < count; i++)
        if (accounts[i] == actor->account_id)
            return true;
    return false;
}

/* What stands against this person doing it; CLAIM_OK with a task that is free or already theirs. */
static TaskClaim judge(Db *db, const Task *task, const Actor *actor)
{
    if (!text_is(task->state, "created") && !text_is(task->state, "claimed"))
        return CLAIM_GONE;
    if (!actor->account_id)
        return CLAIM_NOT_YOURS;
    if (task->excluded_id == actor->account_id)
        return CLAIM_SAME_PERSON;
    if (text_is(task->state, "claimed"))
        return task->assignee_id == actor->account_id ? CLAIM_OK : CLAIM_TAKEN;
    return candidate(db, task, actor) ? CLAIM_OK : task->assignee_id ? CLAIM_TAKEN : CLAIM_NOT_YOURS;
}

TaskClaim tasks_claim(Db *db, int64_t id, const struct Actor *actor, int64_t now)
{
    Task task;
    if (!tasks_find(db, id, &task))
        return CLAIM_GONE;
    TaskClaim claim = judge(db, &task, actor);
    if (claim != CLAIM_OK || text_is(task.state, "claimed"))
        return claim;
    /* the condition on the state makes the first of two win on engines that run them side by side */
    if (!db_exec(db,
                 "update task set state = 'claimed', assignee_id = ?2, claimed_at = ?3 where id = ?1 and "
                 "state = 'created'",
                 ID(id), ID(actor->account_id), I(now)))
        return CLAIM_TAKEN;
    events_publish(db, "workflow.task.claimed", id, task.org_id, task_data(&task));
    events_tell(db, "tasks", "changed", NULL);
    return CLAIM_OK;
}

TaskClaim tasks_may_do(Db *db, int64_t id, const struct Actor *actor, int64_t now)
{
    return tasks_claim(db, id, actor, now);
}

bool tasks_unclaim(Db *db, int64_t id, const struct Actor *actor)
{
    return db_exec(db,
                   "update task set state = 'created', assignee_id = null, claimed_at = null where id = ?1 "
                   "and state = 'claimed' and assignee_id = ?2",
                   ID(id), ID(actor->account_id)) > 0;
}

void tasks_close(Db *db, int64_t id, const char *state, const char *outcome, int64_t by, int64_t now)
{
    Task task;
    if (!tasks_find(db, id, &task))
        return;
    db_exec(db,
            "update task set state = ?2, outcome = ?3, completed_by = ?4, completed_at = ?5 where id = ?1 "
            "and state in ('created', 'claimed')",
            ID(id), T(state), T(outcome), ID(by), I(now));
    Json data = json_set_str(task_data(&task), "outcome", outcome);
    events_publish(db, fmt("workflow.task.%s", state), id, task.org_id, data);
    events_tell(db, "tasks", "changed", NULL);
}

/* ---- Due dates ---- */

void tasks_due_changed(Db *db, int64_t instance_id, int64_t was, int64_t due_at)
{
    int64_t slack = was && due_at > was ? calendar_between(calendar(), was, due_at) : 0;
    Json rows = db_rows(
        db, "select id, step_due_at from task where instance_id = ?1 and state in ('created', 'claimed')",
        ID(instance_id));
    json_each (rows, i, row) {
        int64_t step = json_int(row, "step_due_at");
        if (step && slack)
            step = calendar_add_time(calendar(), step, slack);
        int64_t due = !step || (due_at && due_at < step) ? due_at : step;
        db_exec(db, "update task set due_at = ?2, step_due_at = ?3 where id = ?1", ID(json_id(row, "id")),
                ID(due), ID(step));
    }
}

/* ---- Least loaded (spec 23 §7.4): L(u) = Σ open w·(1 + overdue), w = step limit in working hours / 8 ----
 */

enum { DAY_OF_WORK_MS = 8 * 60 * 60 * 1000 };

typedef struct Load {
    double sum;
    int64_t last; /* when it was given work last */
} Load;

static Load load_of(Db *db, int64_t account, int64_t now)
{
    Load load = { 0 };
    Json rows = db_rows(
        db, "select created_at, due_at from task where assignee_id = ?1 and state in ('created', 'claimed')",
        ID(account));
    json_each (rows, i, row) {
        int64_t created = json_int(row, "created_at"), due = json_int(row, "due_at");
        double weight =
            due > created ? (double)calendar_between(calendar(), created, due) / DAY_OF_WORK_MS : 1;
        load.sum += weight * (due && due < now ? 2 : 1);
    }
    load.last = db_int(db, "select max(created_at) from task where assignee_id = ?1", ID(account));
    return load;
}

/* The one who is left without `excluded`, 0 when there are more: then their loads decide. */
static int64_t only_one(const int64_t *accounts, size_t count, int64_t excluded)
{
    int64_t one = 0;
    for (size_t i = 0; i < count; i++) {
        if (accounts[i] != excluded && one)
            return 0;
        if (accounts[i] != excluded)
            one = accounts[i];
    }
    return one;
}

int64_t tasks_least_loaded(Db *db, const int64_t *accounts, size_t count, int64_t excluded, int64_t now)
{
    int64_t best = only_one(accounts, count, excluded);
    Load least = { 0 };
    if (best)
        return best;
    for (size_t i = 0; i < count; i++) {
        if (accounts[i] == excluded)
            continue;
        Load load = load_of(db, accounts[i], now);
        bool better = !best || load.sum < least.sum ||
                      (load.sum == least.sum &&
                       (load.last < least.last || (load.last == least.last && accounts[i] < best)));
        if (better) {
            best = accounts[i];
            least = load;
        }
    }
    return best;
}
