/* GET /jobs, GET /jobs/{id}, POST /jobs/{id}/retry: what runs in the background, what was given up and why.
 * Payloads are not shown: they may name people. Here too is the job that clears away finished ones. */
#include "base/clock.h"
#include "base/text.h"
#include "platform/audit/audit.h"
#include "platform/jobs/runner.h"
#include "platform/lists/lists.h"
#include "platform/view/view.h"

enum { KEEP_FINISHED_DAYS = 7 };

static const ListColumn columns[] = {
    { "type", "j.type", LIST_CODE, .link = "/jobs/{id}", .sortable = true },
    { "state", "j.state", LIST_STATE,
      .states = "waiting=blue running=amber done=green parked=red replaced=grey" },
    { "run_at", "j.run_at", LIST_DATETIME, .sortable = true },
    { "attempts", "j.attempts", LIST_NUMBER, .sortable = true },
    { "error", "j.error", LIST_TEXT, .link = NULL },
    { "finished_at", "j.finished_at", LIST_DATETIME, .link = NULL },
    { "key", "j.key", LIST_TEXT, .hidden = true },
    { "created_at", "j.created_at", LIST_DATETIME, .sortable = true, .hidden = true },
    { 0 },
};

static const ListFilter filters[] = {
    { "state", FILTER_CHOICE, "j.state = ?", .choices = "waiting|running|parked|done|replaced" },
    { "type", FILTER_CHOICE, "j.type = ?",
      .options = "select distinct type as value, type as title from job order by 1" },
    { 0 },
};

static const List jobs_list = {
    .name = "jobs",
    .path = "/jobs",
    .from = "job j",
    .key = "j.id",
    .columns = columns,
    .filters = filters,
    .order = "-run_at",
};

static Reply show_list(Request *rq)
{
    return list_page(rq, &jobs_list, "1=1", NULL);
}

static Json find(Request *rq)
{
    return db_row(rq->db,
                  "select id, type, key, run_at, attempts, state, locked_until, error, created_at, "
                  "finished_at from job where id = ?1",
                  I(path_id(rq, "id")));
}

static Reply show(Request *rq)
{
    Json job = find(rq);
    if (!job)
        return not_found(rq, "jobs.missing");
    json_set_str(job, "state_title", text_in(rq->lang, fmt("jobs.state.%s", json_str(job, "state")), NULL));
    json_set_str(job, "colour", text_is(json_str(job, "state"), "parked") ? "red" : "blue");
    json_set_bool(job, "is_parked", text_is(json_str(job, "state"), "parked"));
    json_set_bool(job, "is_scheduled", text_is(json_str(job, "key"), SCHEDULE_KEY));
    return page(rq, "jobs/job", job);
}

/* A parked job waits again, with all its attempts before it. */
static Reply retry(Request *rq)
{
    Json job = find(rq);
    if (!job)
        return not_found(rq, "jobs.missing");
    if (!text_is(json_str(job, "state"), "parked"))
        return conflict(rq, "jobs.not-parked", NULL);
    if (json_has(job, "key") &&
        db_int(rq->db, "select 1 from job where type = ?1 and key = ?2 and state = 'waiting'",
               T(json_str(job, "type")), T(json_str(job, "key"))))
        return conflict(rq, "jobs.asked-anew", NULL);
    db_exec(rq->db, "update job set state = 'waiting', attempts = 0, run_at = ?1 where id = ?2", I(rq->now),
            I(json_id(job, "id")));
    db_after_commit(rq->db, jobs_wake, NULL);
    audit(rq, "jobs.retry", fmt("job:%s", json_str(job, "id")), NULL);
    return done(rq, fmt("/jobs/%s", json_str(job, "id")), find(rq));
}

static void expire(Work *work)
{
    db_exec(work->db, "delete from job where finished_at < ?1 and state in ('done', 'replaced')",
            I(work->now - KEEP_FINISHED_DAYS * (int64_t)DAY_MS));
}

static int64_t count_state(Db *db, const char *state)
{
    return db_int(db, "select count(*) from job where state = ?1", T(state));
}

static int64_t count_waiting(Db *db)
{
    return count_state(db, "waiting");
}

static int64_t count_parked(Db *db)
{
    return count_state(db, "parked");
}

static const Route routes[] = {
    { GET, "/jobs", show_list, "platform.operate", "Background jobs, by state and type",
      .flags = ROUTE_OPEN_PARAMS },
    { GET, "/jobs/{id}", show, "platform.operate", "One background job and its last error", .params = NULL },
    { POST, "/jobs/{id}/retry", retry, "platform.operate", "Lets a parked job be tried again",
      .form = "/jobs/{id}" },
    { 0 },
};

static const Job jobs[] = {
    { .type = "jobs.expire", .run = expire, .every_s = 3600 },
    { 0 },
};

static const Metric metrics[] = {
    { "sen_jobs_waiting", "Background jobs that wait for their time or a runner", count_waiting },
    { "sen_jobs_parked", "Background jobs given up after their last attempt", count_parked },
    { 0 },
};

static const MenuItem menu[] = {
    { "/jobs", "jobs.title", "platform.operate", "stack-2", 910 },
    { 0 },
};

static const Permission permissions[] = {
    { "platform.operate", "jobs.permission.operate", "province_admin" },
    { 0 },
};

const Solution jobs_solution = { .name = "jobs",
                                 .permissions = permissions,
                                 .routes = routes,
                                 .jobs = jobs,
                                 .metrics = metrics,
                                 .menu = menu };
