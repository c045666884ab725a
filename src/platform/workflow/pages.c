/* /processes, /processes/{key}, /process-instances/{id}: what runs, in which version, where each instance
 * stands, and retrying what got stuck. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "platform/audit/audit.h"
#include "platform/identity/identity.h"
#include "platform/view/view.h"
#include "platform/workflow/diagram.h"
#include "platform/workflow/engine.h"

#include <stdlib.h>
#include <string.h>

/* ---- Definitions ---- */

static Reply show_processes(Request *rq)
{
    const char *scope = scope_sql(rq->actor, "workflow.read", "i.org_id");
    Json rows = db_rows(
        rq->db,
        fmt("select d.process_id as process, d.name, d.version, d.state, coalesce(nullif(d.effective_from, "
            "0), d.created_at) as effective_at, "
            "(select count(*) from wf_definition o where o.process_id = d.process_id) as versions, "
            "(select count(*) from wf_instance i where i.process_id = d.process_id and i.state = 'active' "
            "and %s) as running, "
            "(select count(*) from wf_instance i where i.process_id = d.process_id and i.incident_count > 0 "
            "and i.state = 'active' and %s) "
            "as stuck from wf_definition d where d.version = (select max(n.version) from wf_definition n "
            "where n.process_id = d.process_id) order by d.name, d.process_id",
            scope, scope));
    json_each (rows, i, row) {
        json_set_str(row, "href", fmt("/processes/%s", url_encode(json_str(row, "process"))));
        json_set_str(row, "state_title", fmt("workflow.definition.%s", json_str(row, "state")));
    }
    return page(rq, "workflow/processes", json_set(json_new(), "processes", rows));
}

/* {element: how many} of scopes in these states, of one version or one instance. */
static Json counts(Db *db, const char *column, int64_t id, const char *states)
{
    Json out = json_new();
    Json rows =
        db_rows(db,
                fmt("select s.element_id as element, count(*) as n from wf_scope s join wf_instance i on "
                    "i.id = s.instance_id "
                    "where %s = ?1 and s.state in (%s) and s.flow_scope_id is not null group by s.element_id",
                    column, states),
                ID(id));
    json_each (rows, i, row)
        json_set_int(out, json_str(row, "element"), json_int(row, "n"));
    return out;
}

#define WAITING "'activating', 'active', 'completing'"

static const char *condition_of(const Element *e)
{
    if (e->timer.text)
        return e->calendar ? fmt("%s (%s)", e->timer.text, e->calendar) : e->timer.text;
    if (e->due.text)
        return e->due_calendar ? fmt("%s (%s)", e->due.text, e->due_calendar) : e->due.text;
    return text_or(e->message, text_or(e->job_type, ""));
}

static const char *next_of(const Element *e)
{
    const char *list = "";
    for (size_t i = 0; i < e->out.count; i++) {
        const Flow *flow = e->out.items[i];
        const char *to = text_empty(flow->to->name) ? flow->to->id : flow->to->name;
        const char *how = flow->condition.text ? fmt(" (%s)", flow->condition.text) : "";
        list = fmt("%s%s%s%s", list, i ? "; " : "", to, how);
    }
    return list;
}

static const char *who_does(const Element *e, const char *lang)
{
    const char *who = e->groups.text ? e->groups.text : e->lane,
               *key = who ? fmt("identity.role.%s", who) : "";
    return *key && text_known(lang, key) ? text_in(lang, key, NULL) : who;
}

/* The same as the drawing, for those who cannot use it, and for files without one. */
static Json steps(const Model *model, const char *lang, Json active)
{
    Json rows = json_list();
    for (size_t i = 1; i < model->elements.count; i++) {
        const Element *e = model->elements.items[i];
        Json row = json_set_str(json_new(), "element", e->id);
        json_set_str(row, "name", text_empty(e->name) ? e->id : e->name);
        json_set_str(row, "type_title", fmt("workflow.element.%s", bpmn_type_name(e)));
        json_set_str(row, "type", bpmn_type_name(e));
        json_set_str(row, "who", who_does(e, lang));
        json_set_str(row, "detail", condition_of(e));
        json_set_str(row, "next", next_of(e));
        json_add(rows, json_set_int(row, "active", json_int(active, e->id)));
    }
    return rows;
}

static Reply show_process(Request *rq)
{
    const char *process = path_str(rq, "key");
    int64_t version = in_has(rq, "version") ? in_int(rq, "version") : 0;
    Json d = db_row(rq->db,
                    "select d.id, d.process_id as process, d.name, d.version, d.version_tag, d.state, "
                    "coalesce(nullif(d.effective_from, 0), d.created_at) as effective_at, r.sha256 "
                    "from wf_definition d join wf_resource r on r.id = d.resource_id where d.process_id = ?1 "
                    "and (?2 = 0 or d.version = ?2) "
                    "order by d.version desc limit 1",
                    T(process), I(version));
    if (!d)
        return not_found(rq, "workflow.process-missing");
    const Model *model = definition_model(rq->db, json_id(d, "id"));
    Json active = counts(rq->db, "i.definition_id", json_id(d, "id"), WAITING);
    json_set(d, "steps", steps(model, rq->lang, active));
    if (!rq->wants_json)
        json_set_str(d, "diagram",
                     diagram_svg(model,
                                 fmt("%s: %s", text_in(rq->lang, "workflow.diagram", NULL), model->name),
                                 active, NULL));
    json_set_str(d, "state_title", fmt("workflow.definition.%s", json_str(d, "state")));
    json_set(d, "versions",
             db_rows(rq->db,
                     "select v.version, v.state, coalesce(nullif(v.effective_from, 0), v.created_at) as "
                     "effective_at, (select count(*) from "
                     "wf_instance i where i.definition_id = v.id "
                     "and i.state = 'active') as running from wf_definition v where v.process_id = ?1 order "
                     "by v.version desc",
                     T(process)));
    json_set(d, "instances",
             db_rows(rq->db,
                     fmt("select i.id, i.business_key, i.subject, i.state, i.started_at, i.due_at, "
                         "i.incident_count from wf_instance i "
                         "where i.definition_id = ?1 and %s order by i.id desc limit 50",
                         scope_sql(rq->actor, "workflow.read", "i.org_id")),
                     I(json_id(d, "id"))));
    json_each (json_object_get(d, "instances"), i, row)
        json_set_str(row, "state_title", fmt("workflow.instance.%s", json_str(row, "state")));
    return page(rq, "workflow/process", d);
}

/* ---- One instance ---- */

static Json find_instance(Request *rq)
{
    return db_row(rq->db,
                  fmt("select i.id, i.definition_id, i.process_id as process, d.name, d.version, "
                      "i.business_key, i.org_id, i.subject, i.url, i.due_at, "
                      "i.state, i.started_at, i.ended_at, i.incident_count from wf_instance i join "
                      "wf_definition d on d.id = i.definition_id "
                      "where i.id = ?1 and %s",
                      scope_sql(rq->actor, "workflow.read", "i.org_id")),
                  I(path_id(rq, "id")));
}

static Json variables_of(Request *rq, int64_t id)
{
    Json all = wf_variables(rq->db, id), list = json_list();
    const char *name;
    Json value;
    json_object_foreach (all, name, value)
        json_add(list, json_set_str(json_set_str(json_new(), "label", name), "value",
                                    text_shorten(json_text(value), 500)));
    return list;
}

static Json incidents_of(Request *rq, int64_t id)
{
    Json rows = db_rows(rq->db,
                        "select id, element_id as element, type, message, created_at, resolved_at from "
                        "wf_incident where instance_id = ?1 order by id desc",
                        ID(id));
    json_each (rows, i, row) {
        json_set_bool(row, "open", !json_has(row, "resolved_at"));
        json_set_str(row, "title",
                     fmt("workflow.incident.%s", text_replace(text_lower(json_str(row, "type")), "_", "-")));
    }
    return rows;
}

static Json history_of(Request *rq, int64_t id)
{
    Json rows = wf_history(rq->db, id);
    json_each (rows, i, row) {
        json_set_str(row, "type_title", fmt("workflow.element.%s", json_str(row, "type")));
        json_set_str(row, "state_title", fmt("workflow.scope.%s", json_str(row, "state")));
    }
    return rows;
}

static Reply show_instance(Request *rq)
{
    Json i = find_instance(rq);
    if (!i)
        return not_found(rq, "workflow.instance-missing");
    int64_t id = json_id(i, "id");
    bool operates = can_for(rq->actor, "workflow.operate", json_id(i, "org_id"));
    Json active = counts(rq->db, "i.id", id, WAITING), passed = counts(rq->db, "i.id", id, "'completed'");
    const Model *model = definition_model(rq->db, json_id(i, "definition_id"));
    json_set(i, "history", history_of(rq, id));
    json_set(i, "incidents", incidents_of(rq, id));
    json_set(
        i, "timers",
        db_rows(rq->db,
                "select element_id as element, due_at from wf_timer where instance_id = ?1 order by due_at",
                ID(id)));
    json_set(i, "waits",
             db_rows(rq->db,
                     "select element_id as element, name as message from wf_subscription where instance_id = "
                     "?1 order by id",
                     ID(id)));
    json_set_bool(i, "operates", operates);
    if (operates) /* variables may hold personal data */
        json_set(i, "variables", rq->wants_json ? wf_variables(rq->db, id) : variables_of(rq, id));
    if (operates)
        audit_read(rq, "workflow.variables", fmt("process-instance:%lld", (long long)id));
    if (!rq->wants_json)
        json_set_str(i, "diagram",
                     diagram_svg(model,
                                 fmt("%s: %s", text_in(rq->lang, "workflow.diagram", NULL), model->name),
                                 active, passed));
    json_set_str(i, "state_title", fmt("workflow.instance.%s", json_str(i, "state")));
    return page(rq, "workflow/instance", i);
}

static Reply retry_incident(Request *rq)
{
    Json i = find_instance(rq);
    if (!i || !can_for(rq->actor, "workflow.operate", json_id(i, "org_id")))
        return not_found(rq, "workflow.instance-missing");
    int64_t id = json_id(i, "id");
    if (!workflow_retry(rq->db, id, path_id(rq, "incident"), rq->actor->account_id, rq->now))
        return conflict(rq, "workflow.incident-resolved", NULL);
    audit(rq, "workflow.retry", fmt("process-instance:%lld", (long long)id),
          json_set_id(json_new(), "incident_id", path_id(rq, "incident")));
    return done(rq, fmt("/process-instances/%lld", (long long)id), json_set_id(json_new(), "id", id));
}

/* ---- The solution ---- */

static const Param no_params[] = { { 0 } };
static const Param process_params[] = { { "version", PARAM_INT, .min = 1, .max = 1000000 }, { 0 } };

static const Route routes[] = {
    { GET, "/processes", show_processes, "workflow.read",
      "The processes of the province with their versions and running instances", no_params },
    { GET, "/processes/{key}", show_process, "workflow.read",
      "One process: drawing, steps, versions, latest instances", process_params },
    { GET, "/process-instances/{id}", show_instance, "workflow.read",
      "One instance: where it stands, its history and incidents", no_params },
    { POST, "/process-instances/{id}/incidents/{incident}/retry", retry_incident, "workflow.operate",
      "Tries again what got stuck", no_params, "/process-instances/{id}" },
    { 0 },
};

static const Permission permissions[] = {
    { "workflow.read", "workflow.permission.read", "leader director process_owner province_admin auditor" },
    { "workflow.operate", "workflow.permission.operate", "process_owner province_admin" },
    { 0 },
};

static const MenuItem menu[] = { { "/processes", "workflow.title", "workflow.read", "sitemap", 800 }, { 0 } };

static void fire(Work *work)
{
    workflow_fire_due(db_store(work->db), work->now);
}

static const Job jobs[] = { { .type = "workflow.timers", .run = fire, .every_s = 1, .slow = true }, { 0 } };

static int64_t count_active(Db *db)
{
    return db_int(db, "select count(*) from wf_instance where state = 'active'");
}

static int64_t count_incidents(Db *db)
{
    return db_int(db, "select count(*) from wf_incident where resolved_at is null");
}

static int64_t late_timers_ms(Db *db)
{
    int64_t now = now_ms(), first = db_int(db, "select min(due_at) from wf_timer");
    return first && first < now ? now - first : 0;
}

static const Metric metrics[] = {
    { "sen_workflow_instances", "Process instances that run", count_active },
    { "sen_workflow_incidents", "Process instances' incidents nobody has resolved", count_incidents },
    { "sen_workflow_timer_lateness_ms", "By how much the most overdue timer is late", late_timers_ms },
    { 0 },
};

static void load_reference(Db *db)
{
    definitions_ship(db, now_ms());
}

const Solution workflow_solution = { .name = "workflow",
                                     .title = NULL,
                                     .routes = routes,
                                     .permissions = permissions,
                                     .menu = menu,
                                     .jobs = jobs,
                                     .metrics = metrics,
                                     .load_reference = load_reference,
                                     .stop = definitions_forget,
                                     .verify = workflow_verify };
