/* GET /events/parked: events that a subscriber failed to take in six attempts. Later events of the same
 * subject wait behind a parked one; a person has it tried again (after the cause is gone) or skipped. Event
 * data are not shown: they may name people. */
#include "base/clock.h"
#include "base/text.h"
#include "platform/audit/audit.h"
#include "platform/events/dispatcher.h"
#include "platform/lists/lists.h"

enum { KEEP_DAYS = 90 };

static const ListColumn columns[] = {
    { "topic", "e.topic", LIST_CODE, .link = "/events/parked/{id}", .sortable = true },
    { "subscriber", "p.subscriber", LIST_TEXT, .sortable = true },
    { "at", "e.at", LIST_DATETIME, .sortable = true },
    { "parked_at", "p.parked_at", LIST_DATETIME, .sortable = true },
    { "attempts", "p.attempts", LIST_NUMBER, .link = NULL },
    { "error", "p.error", LIST_TEXT, .link = NULL },
    { 0 },
};

static const List parked_list = {
    .name = "events.parked",
    .path = "/events/parked",
    .from = "event_pending p join event e on e.id = p.event_id",
    .key = "p.id",
    .columns = columns,
    .order = "-parked_at",
};

static Reply show_list(Request *rq)
{
    return list_page(rq, &parked_list, "p.parked_at is not null", NULL);
}

static Json find(Request *rq)
{
    return db_row(
        rq->db,
        "select p.id, p.subscriber, p.attempts, p.parked_at, p.error, e.topic, e.subject_id, e.at,"
        " (select count(*) from event_pending q where q.subscriber = p.subscriber and q.order_id = p.order_id"
        " and q.event_id > p.event_id) as waiting"
        " from event_pending p join event e on e.id = p.event_id where p.id = ?1 and p.parked_at is not null",
        I(path_id(rq, "id")));
}

static Reply show(Request *rq)
{
    Json parked = find(rq);
    return parked ? page(rq, "events/parked", parked) : not_found(rq, "events.parked.missing");
}

/* Does what `sql` says with ?1 = id to a parked event. */
static Reply settle(Request *rq, const char *action, const char *sql)
{
    Json parked = find(rq);
    if (!parked)
        return not_found(rq, "events.parked.missing");
    db_exec(rq->db, sql, I(json_id(parked, "id")));
    db_after_commit(rq->db, events_wake, NULL);
    audit(rq, action, fmt("event-pending:%s", json_str(parked, "id")),
          json_set_str(json_set_str(json_new(), "topic", json_str(parked, "topic")), "subscriber",
                       json_str(parked, "subscriber")));
    return done(rq, "/events/parked", json_new());
}

static Reply retry(Request *rq)
{
    return settle(rq, "events.retry",
                  "update event_pending set parked_at = null, attempts = 0, next_at = 0 where id = ?1");
}

static Reply skip(Request *rq)
{
    return settle(rq, "events.skip", "delete from event_pending where id = ?1");
}

static void expire(Work *work)
{
    db_exec(work->db,
            "delete from event where at < ?1 and not exists (select 1 from event_pending p where p.event_id "
            "= event.id)",
            I(work->now - KEEP_DAYS * (int64_t)DAY_MS));
}

static int64_t count_pending(Db *db)
{
    return db_int(db, "select count(*) from event_pending where parked_at is null");
}

static int64_t count_parked(Db *db)
{
    return db_int(db, "select count(*) from event_pending where parked_at is not null");
}

static const Route routes[] = {
    { GET, "/events/parked", show_list, "platform.operate", "Events that a subscriber could not take",
      .flags = ROUTE_OPEN_PARAMS },
    { GET, "/events/parked/{id}", show, "platform.operate",
      "One parked event, its error, and how many wait behind it", .params = NULL },
    { POST, "/events/parked/{id}/retry", retry, "platform.operate",
      "Offers a parked event to its subscriber again", .form = "/events/parked/{id}" },
    { POST, "/events/parked/{id}/skip", skip, "platform.operate",
      "Gives up a parked event, so that later ones of its subject go on", .form = "/events/parked/{id}" },
    { 0 },
};

static const Job jobs[] = {
    { .type = "events.expire", .run = expire, .every_s = 24 * 3600 },
    { 0 },
};

static const Metric metrics[] = {
    { "sen_events_pending", "Deliveries of events that are still to be made", count_pending },
    { "sen_events_parked", "Deliveries of events given up after their last attempt", count_parked },
    { 0 },
};

static const MenuItem menu[] = {
    { "/events/parked", "events.parked.title", "platform.operate", "inbox-off", 920 },
    { 0 },
};

const Solution events_solution = {
    .name = "events", .routes = routes, .jobs = jobs, .metrics = metrics, .menu = menu
};
