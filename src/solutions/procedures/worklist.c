/* One table, two lists: what a citizen has filed, and what an official's bodies have to do, most urgent
 * first. */
#include "solutions/procedures/worklist.h"
#include "base/text.h"
#include "platform/lists/lists.h"
#include "platform/view/view.h"
#include "solutions/procedures/record.h"

#define FROM_SQL "prc_dossier d join prc_procedure p on p.id = d.procedure_id"
#define DUE_SQL  "coalesce(case when d.status in ('accepted', 'in_progress') then d.due_at end, 0)"
#define STATE_COLOURS                                                                                        \
    "submitted=amber refused=red incomplete=amber accepted=blue awaiting_payment=amber in_progress=blue"     \
    " awaiting_supplement=amber withdrawing=grey stopped=grey resolved=green returned=green draft=grey"

static const ListColumn official_columns[] = {
    { .name = "code", .sql = "d.code", .kind = LIST_CODE, .link = "/dossiers/{id}", .sortable = true },
    { .name = "procedure", .sql = "p.name", .kind = LIST_TEXT, .sortable = true },
    { .name = "applicant", .sql = "d.applicant_name", .kind = LIST_TEXT, .sortable = true },
    { .name = "status", .sql = "d.status", .kind = LIST_STATE, .states = STATE_COLOURS, .sortable = true },
    { .name = "due_at", .sql = DUE_SQL, .kind = LIST_DUE, .sortable = true },
    { .name = "submitted_at", .sql = "d.submitted_at", .kind = LIST_DATETIME, .sortable = true },
    { .name = "urgent_at", .sql = "d.urgent_at", .kind = LIST_DATETIME, .sortable = true, .hidden = true },
    { .name = "accepted_at",
      .sql = "coalesce(d.accepted_at, 0)",
      .kind = LIST_DATETIME,
      .sortable = true,
      .hidden = true },
    { .name = "finished_at",
      .sql = "coalesce(d.finished_at, 0)",
      .kind = LIST_DATETIME,
      .sortable = true,
      .hidden = true },
    { .name = "handler",
      .sql = "coalesce(d.handler_name, '')",
      .kind = LIST_TEXT,
      .sortable = true,
      .hidden = true },
    { .name = "owner", .sql = "d.owner_name", .kind = LIST_TEXT, .hidden = true },
    { .name = "applicant_pid", .sql = "d.applicant_pid", .kind = LIST_CODE, .hidden = true, .masked = true },
    { 0 },
};

/* Late: past its due date while the clock runs, or finished after it. The question mark is now. */
#define LATE_SQL                                                                                             \
    "d.finished_at > d.due_at or (d.finished_at is null and d.status in ('accepted', 'in_progress') and "    \
    "d.due_at < ?)"

static const ListFilter official_filters[] = {
    { .name = "state",
      .kind = FILTER_CHOICE,
      .sql = "d.status = ?",
      .choices = "submitted|incomplete|accepted|in_progress|awaiting_supplement|awaiting_payment|withdrawing|"
                 "resolved|returned|"
                 "refused|stopped" },
    { .name = "late", .kind = FILTER_FLAG, .sql = LATE_SQL },
    { .name = "field",
      .kind = FILTER_CHOICE,
      .sql = "cast(p.field_id as text) = ?",
      .options = "select cast(id as text) as value, name as title from prc_field order by name" },
    { .name = "channel", .kind = FILTER_CHOICE, .sql = "cast(d.channel as text) = ?", .choices = "1|2|3" },
    { .name = "unit",
      .kind = FILTER_ORG,
      .sql = "d.org_id = ?",
      .options = "select cast(o.org_id as text) as value, o.short_name as title from iam_org_name o where "
                 "o.valid_to is null and"
                 " exists (select 1 from prc_dossier x where x.org_id = o.org_id) order by o.short_name" },
    { .name = "from", .kind = FILTER_DATE_FROM, .sql = "d.submitted_at >= ?" },
    { .name = "to", .kind = FILTER_DATE_TO, .sql = "d.submitted_at < ?" },
    { 0 },
};

static const List official_list = {
    .name = "procedures.dossiers",
    .path = "/dossiers",
    .from = FROM_SQL,
    .key = "d.id",
    .columns = official_columns,
    .filters = official_filters,
    .order = "urgent_at",
    .search = "dossier",
    .topic = "dossiers",
};

static const ListColumn citizen_columns[] = {
    { .name = "code",
      .sql = "coalesce(d.code, '–')",
      .kind = LIST_CODE,
      .link = "/dossiers/{id}",
      .sortable = true },
    { .name = "procedure", .sql = "p.name", .kind = LIST_TEXT, .link = "/dossiers/{id}", .sortable = true },
    { .name = "status", .sql = "d.status", .kind = LIST_STATE, .states = STATE_COLOURS, .sortable = true },
    { .name = "due_at", .sql = DUE_SQL, .kind = LIST_DUE, .sortable = true },
    { .name = "updated_at", .sql = "d.updated_at", .kind = LIST_DATETIME, .sortable = true },
    { 0 },
};

static const List citizen_list = {
    .name = "procedures.dossiers",
    .path = "/dossiers",
    .from = FROM_SQL,
    .key = "d.id",
    .columns = citizen_columns,
    .order = "-updated_at",
    .action = "procedures.find",
    .action_path = "/procedures",
};

Reply dossiers_list(Request *rq)
{
    bool citizen = rq->actor->kind == ACTOR_CITIZEN;
    if (!citizen && !can(rq->actor, "procedures.read"))
        return forbidden(rq, "http.forbidden");
    Json extra = NULL;
    if (citizen)
        extra = json_set_str(json_new(), "title", text_in(rq->lang, "procedures.menu.my-dossiers", NULL));
    return list_page(rq, citizen ? &citizen_list : &official_list, dossier_scope(rq->actor), extra);
}
