/* The audit trail: one row for every write and every read of personal data.
 *
 * Way of the data: a handler calls audit() in the transaction of its change, so the row stands if and only if
 * the change stands. A reading handler has a snapshot that cannot write: its row is queued (reads.c) and
 * written right after, in a transaction of its own.
 *
 * What the chain proves. Each row carries the hash of the one before it in its stream, and the head of the
 * stream is kept apart. So whoever changes a row, takes one out, or puts one in between must rewrite all rows
 * after it and the head; otherwise audit_verify() names the row. Someone who may write the whole table can do
 * just that: no table proves anything against its own owner. Against that person stands only what has left
 * his reach. Therefore the heads of all streams are hashed into one root a day (audit_anchor) and the root
 * goes into the log, which is collected elsewhere; a chain that was rewritten afterwards differs from the
 * anchor. The last rows since the latest anchor are protected by rights on the database alone, and the chain
 * never proves that something happened which nobody recorded.
 *
 * What it never holds: secrets and whole personal numbers. audit_scrub() takes them out of details on the way
 * in. */
#include "platform/audit/audit.h"
#include "platform/audit/chain.h"
#include "platform/audit/reads.h"
#include "platform/audit/search.h"
#include "platform/identity/identity.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <string.h>

static const char *actor_text(const Actor *actor)
{
    if (!actor || actor->kind == ACTOR_STRANGER)
        return "stranger";
    return actor->kind == ACTOR_SYSTEM ? "system" : fmt("u:%lld", (long long)actor->account_id);
}

/* Takes a member out of the details into a column of its own. */
static void lift_details(Json row, Json details)
{
    details = audit_scrub(details);
    if (!json_is_object(details))
        return;
    if (json_id(details, "case_id"))
        json_set_id(row, "case_id", json_id(details, "case_id"));
    if (json_has(details, "on_behalf_of"))
        json_set_str(row, "on_behalf_of", json_str(details, "on_behalf_of"));
    json_object_del(details, "case_id");
    json_object_del(details, "on_behalf_of");
    if (json_object_size(details))
        json_set(row, "details", details);
}

static Json row_of(const Actor *actor, int64_t at, const char *action, const char *object, const char *result,
                   Json details)
{
    Json row = json_new();
    json_set_int(row, "at", at);
    json_set_str(row, "actor", actor_text(actor));
    if (actor && actor->org_id)
        json_set_id(row, "org_id", actor->org_id);
    if (actor && actor->session_id)
        json_set_id(row, "session_id", actor->session_id);
    json_set_str(row, "action", action);
    json_set_str(row, "object", json_string_value(audit_scrub(json_string(object))));
    json_set_str(row, "result", result);
    lift_details(row, details);
    return row;
}

void audit_result(Request *rq, const char *action, const char *object, const char *result, Json details)
{
    Json row = row_of(rq->actor, rq->now, action, object, result, details);
    if (rq->ip)
        json_set_str(row, "ip_prefix", network_of(rq->ip));
    if (rq->trace_id)
        json_set_str(row, "trace_id", rq->trace_id);
    if (db_writable(rq->db))
        audit_append(rq->db, row);
    else
        audit_later(db_store(rq->db), row);
}

void audit(Request *rq, const char *action, const char *object, Json details)
{
    audit_result(rq, action, object, "ok", details);
}

void audit_as(Db *db, const Actor *actor, const char *action, const char *object, const char *result,
              Json details)
{
    audit_append(db, row_of(actor, now_ms(), action, object, result, details));
}

void audit_read(Request *rq, const char *action, const char *object)
{
    audit(rq, action, object, NULL);
}

/* ---- The daily anchor ---- */

static int64_t rows_total(Db *db)
{
    return db_int(db, "select coalesce(sum(seq), 0) from audit_head");
}

static void anchor(Work *work)
{
    int64_t day = local_day(work->now);
    Json heads = db_rows(work->db, "select stream, seq, row_id, hash from audit_head order by stream");
    if (!json_array_size(heads) ||
        db_int(work->db, "select count(*) from audit_anchor where day = ?1", I(day)))
        return;
    const char *root = audit_root(heads);
    int64_t rows = rows_total(work->db);
    db_exec(work->db,
            "insert into audit_anchor (day, at, rows_total, root, heads) values (?1, ?2, ?3, ?4, ?5)", I(day),
            I(work->now), I(rows), T(root), J(heads));
    log_info("audit.anchor", "day", date_iso(work->now), "rows", fmt("%lld", (long long)rows), "root", root,
             NULL);
}

static const Route routes[] = {
    { GET, "/audit", audit_search, "audit.read", "Search the audit trail", audit_search_params, NULL, 0 },
    { 0 },
};

static const Permission permissions[] = {
    { "audit.read", "audit.permission.read", "auditor security" },
    { 0 },
};

static const MenuItem menu[] = {
    { "/audit", "audit.menu", "audit.read", "shield-check", 920 },
    { 0 },
};

static const Job jobs[] = {
    { "audit.anchor", anchor, 3600, 0, false },
    { 0 },
};

static const Metric metrics[] = {
    { "sen_audit_rows", "Rows in the audit chain", rows_total },
    { 0 },
};

const Solution audit_solution = {
    .name = "audit",
    .routes = routes,
    .permissions = permissions,
    .menu = menu,
    .jobs = jobs,
    .metrics = metrics,
    .stop = audit_flush,
    .verify = audit_verify,
};
