/* The engine: the worked example of spec 23 §6.3, the elements of §5.2, timers of §5.3 over a holiday,
 * messages, incidents, crash and threads. */
#include "bench.h"

#include "base/crypto.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static const char *const example = "src/platform/workflow/tests/xac-nhan.bpmn";

/* ---- Handlers ---- */

static atomic_int reminders, failures_to_come, handled;

static void remind(WfStep *step)
{
    (void)step;
    reminders++;
}

static void work_or_fail(WfStep *step)
{
    handled++;
    if (failures_to_come > 0) {
        failures_to_come--;
        wf_set(step->db, step->instance_id, "half_done", json_true());
        db_exec(step->db,
                "insert into iam_role (name, title, privileged) values ('made-by-handler', 'x', ?1)",
                B(false));
        raise_fault(FAULT_INTERNAL, "test.broken", "the other side does not answer");
    }
    step->result = json_set_str(json_new(), "answer", json_str(step->headers, "word"));
}

static void throw_error(WfStep *step)
{
    step->error_code = json_str(step->variables, "error");
    step->error_message = "không hợp lệ";
}

static void publish_to_self(WfStep *step)
{
    wf_publish(step->db, "paid", "K", json_set_int(json_new(), "amount", 5), 0, step->now);
}

static void add_one(WfStep *step)
{
    wf_set(step->db, step->instance_id, "n", json_integer(json_int(step->variables, "n") + 1));
}

static const WfHandler handlers[] = {
    { "notify.supervisor", remind },     { "test.work", work_or_fail }, { "test.error", throw_error },
    { "test.publish", publish_to_self }, { "test.add", add_one },       { 0 },
};

static Store *open_store(void)
{
    workflow_test_handlers(handlers);
    reminders = failures_to_come = handled = 0;
    return bench_open();
}

static Store *open_with(const char *xml)
{
    Store *store = open_store();
    bench_deploy(store, xml);
    return store;
}

/* Every log is sealed, and closes what it opened: no timer, subscription, job or open task of an ended scope
 * (invariant I3). */
static void close_store(Store *store)
{
    Db *db = store_read_begin(store);
    Json complaints = json_list();
    CHECK(workflow_verify(db, complaints));
    static const char *const owners[] = { "wf_timer", "wf_subscription", "wf_job" };
    for (int i = 0; i < 3; i++)
        CHECK_INT(db_int(db, fmt("select count(*) from %s x join wf_scope s on s.id = x.scope_id where "
                                 "s.state in ('completed', 'terminated')",
                                 owners[i])),
                  0);
    CHECK_INT(db_int(db, "select count(*) from task t join wf_scope s on s.id = t.scope_id where t.state in "
                         "('created', 'claimed') "
                         "and s.state in ('completed', 'terminated')"),
              0);
    /* I2: completed iff nothing is active below the root */
    CHECK_INT(db_int(db, "select count(*) from wf_instance i join wf_scope s on s.instance_id = i.id where "
                         "i.state = 'completed' "
                         "and s.state not in ('completed', 'terminated')"),
              0);
    /* I5: the state of every scope is the last lifecycle event of the log */
    CHECK_INT(db_int(db, "select count(*) from wf_scope s where s.state <> (select e.intent from wf_event e "
                         "where e.instance_id = s.instance_id "
                         "and e.scope_id = s.id and e.intent in "
                         "('activating','active','completing','completed','terminating','terminated') "
                         "order by e.seq desc limit 1)"),
              0);
    store_read_end(db);
    bench_close(store);
}

/* ---- The worked example ---- */

TEST(the_worked_example_runs_as_it_is)
{
    Store *store = open_with(bench_file(example));
    int64_t now = bench_now(), i = bench_start(store, "xac-nhan", "HS-1", "{}", now);
    CHECK_TEXT(bench_path(store, i), "bd+ tham-dinh* tre*");
    CHECK_INT(bench_int(store, "select count(*) from task where instance_id = ?1 and state = 'created'", i),
              1);
    CHECK_INT(bench_int(store, "select count(*) from wf_timer where instance_id = ?1", i), 1);
    int64_t did = bench_int(store, "select assignee_id from task where instance_id = ?1", i);
    CHECK(did == 1 || did == 2); /* the policy chose one of the two specialists */
    CHECK_INT(bench_complete(store, i, "tham-dinh", 1, NULL, "{\"ket_luan\":\"dat\"}", now + HOUR_MS), WF_OK);
    CHECK_TEXT(bench_path(store, i), "bd+ tham-dinh+ tre- g+ ky*");
    CHECK_INT(bench_int(store, "select count(*) from wf_timer where instance_id = ?1", i), 0);
    CHECK_INT(bench_claim(store, i, "ky", 1, now), CLAIM_SAME_PERSON);
    CHECK_INT(bench_complete(store, i, "ky", 1, NULL, NULL, now), WF_SAME_PERSON);
    CHECK_INT(bench_complete(store, i, "ky", 4, NULL, NULL, now), WF_NOT_YOURS);
    CHECK_INT(bench_complete(store, i, "ky", 3, NULL, NULL, now), WF_OK);
    CHECK_TEXT(bench_path(store, i), "bd+ tham-dinh+ tre- g+ ky+ kt+");
    CHECK_TEXT(bench_state(store, i), "completed");
    CHECK_INT(bench_complete(store, i, "ky", 3, NULL, NULL, now), WF_NOT_OPEN);
    close_store(store);
}

TEST(the_worked_example_takes_the_default_path)
{
    Store *store = open_with(bench_file(example));
    int64_t i = bench_start(store, "xac-nhan", "HS-2", "{}", bench_now());
    CHECK_INT(bench_complete(store, i, "tham-dinh", 1, NULL, "{\"ket_luan\":\"khong\"}", bench_now()), WF_OK);
    CHECK_TEXT(bench_path(store, i), "bd+ tham-dinh+ tre- g+ kt+");
    CHECK_TEXT(bench_state(store, i), "completed");
    CHECK_TEXT(bench_variable(store, i, "ket_luan"), "\"khong\"");
    close_store(store);
}

/* P2D of working time from Friday 2026-11-20: Monday 23 is the first day, Tuesday 24 is Ngày Văn hóa Việt
 * Nam, so Wednesday 25, 17:30. */
TEST(a_working_time_timer_steps_over_the_holiday)
{
    Store *store = open_with(bench_file(example));
    int64_t friday = local_ms(2026, 11, 20, 16, 0, 0),
            i = bench_start(store, "xac-nhan", "HS-3", "{}", friday);
    int64_t due = local_ms(2026, 11, 25, 17, 30, 0);
    CHECK_INT(bench_int(store, "select due_at from wf_timer where instance_id = ?1", i), due);
    workflow_fire_due(store, due - 1);
    CHECK_INT(reminders, 0);
    workflow_fire_due(store,
                      due + 5 * (int64_t)DAY_MS); /* the program was down meanwhile: once, and only once */
    workflow_fire_due(store, due + 6 * (int64_t)DAY_MS);
    CHECK_INT(reminders, 1);
    CHECK_TEXT(bench_path(store, i), "bd+ tham-dinh* tre+ nhac+");
    CHECK_INT(bench_complete(store, i, "tham-dinh", 1, NULL, "{}", due), WF_OK);
    CHECK_TEXT(bench_state(store, i), "completed");
    close_store(store);
}

/* ---- Gateways ---- */

TEST(a_parallel_join_waits_for_every_flow)
{
    Store *store =
        open_with(BPMN("<startEvent id='s'/>" FLOW("a", "s", "split") "<parallelGateway id='split'/>" FLOW(
            "b", "split", "t1") FLOW("c", "split", "t2") USER("t1") USER("t2") FLOW("d", "t1", "join")
                           FLOW("e", "t2", "join") "<parallelGateway id='join'/>" FLOW(
                               "f", "join", "z") "<endEvent id='z'/>"));
    int64_t i = bench_start(store, "p", "K", "{}", bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ split+ t1* t2*");
    bench_complete(store, i, "t1", 1, NULL, NULL, bench_now());
    CHECK_INT(bench_int(store, "select count from wf_token where instance_id = ?1", i), 1);
    CHECK_TEXT(bench_state(store, i), "active");
    bench_complete(store, i, "t2", 1, NULL, NULL, bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ split+ t1+ t2+ join+ z+");
    CHECK_TEXT(bench_state(store, i), "completed");
    close_store(store);
}

/* Two tokens reach the join on one flow and one on the other: it fires once; the extra one goes when nothing
 * else can come. */
TEST(extra_tokens_wait_for_a_next_round_and_go_at_the_end)
{
    Store *store = open_with(BPMN(
        "<startEvent id='s'/>" FLOW("a", "s", "split") "<parallelGateway id='split'/>" FLOW("b", "split", "m")
            FLOW("c", "split", "m")
                FLOW("d", "split", "t") "<exclusiveGateway id='m'/>" FLOW("e", "m", "join") USER("t")
                    FLOW("f", "t", "join") "<parallelGateway id='join'/>" FLOW("g", "join",
                                                                               "z") "<endEvent id='z'/>"));
    int64_t i = bench_start(store, "p", "K", "{}", bench_now());
    CHECK_INT(bench_int(store, "select count from wf_token where instance_id = ?1 and flow_id = 'e'", i), 2);
    bench_complete(store, i, "t", 1, NULL, NULL, bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ split+ m+ m+ t+ join+ z+");
    CHECK_TEXT(bench_state(store, i), "completed");
    CHECK_INT(bench_int(store, "select count(*) from wf_token where instance_id = ?1", i), 0);
    close_store(store);
}

TEST(a_join_that_can_never_fire_is_a_deadlock)
{
    Store *store = open_with(BPMN("<startEvent id='s'/>" FLOW(
        "a", "s", "x") "<exclusiveGateway id='x' default='b'/>" FLOW("b", "x", "j")
                                      FLOW_IF("c", "x", "j", "no") "<parallelGateway id='j'/>" FLOW(
                                          "d", "j", "z") "<endEvent id='z'/>"));
    int64_t i = bench_start(store, "p", "K", "{}", bench_now());
    CHECK_TEXT(bench_incident(store, i), "DEADLOCK");
    CHECK_TEXT(bench_state(store, i), "active");
    close_store(store);
}

#define INCLUSIVE                                                                                            \
    BPMN("<startEvent id='s'/>" FLOW(                                                                        \
        "a", "s", "split") "<inclusiveGateway id='split' default='d3'/>" FLOW_IF("d1", "split", "t1",        \
                                                                                 "a = 1")                    \
             FLOW_IF("d2", "split", "t2", "b = 1") FLOW("d3", "split", "t3") USER("t1") USER("t2")           \
                 USER("t3") FLOW("j1", "t1", "J") FLOW("j2", "t2", "L")                                      \
                     FLOW("j3", "t3", "J") "<exclusiveGateway id='L' default='l1'/>" FLOW("l1", "L", "J")    \
                         FLOW_IF("l2", "L", "t2", "again") "<inclusiveGateway id='J'/>" FLOW(                \
                             "f", "J", "z") "<endEvent id='z'/>")

/* The example of spec 23 §7.1: a token at the join, another in a task that may loop back. */
TEST(an_inclusive_join_waits_for_what_may_still_come)
{
    Store *store = open_with(INCLUSIVE);
    int64_t i = bench_start(store, "p", "K", "{\"a\":1,\"b\":1}", bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ split+ t1* t2*");
    bench_complete(store, i, "t1", 1, NULL, NULL, bench_now());
    bench_complete(store, i, "t2", 1, NULL, "{\"again\":true}", bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ split+ t1+ t2+ L+ t2*");
    bench_complete(store, i, "t2", 1, NULL, "{\"again\":false}", bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ split+ t1+ t2+ L+ t2+ L+ J+ z+");
    CHECK_TEXT(bench_state(store, i), "completed");
    int64_t one = bench_start(store, "p", "K", "{\"a\":1}", bench_now());
    bench_complete(store, one, "t1", 1, NULL, NULL, bench_now());
    CHECK_TEXT(bench_path(store, one), "s+ split+ t1+ J+ z+");
    int64_t none = bench_start(store, "p", "K", "{}", bench_now());
    CHECK_TEXT(bench_path(store, none), "s+ split+ t3*");
    close_store(store);
}

TEST(no_flow_out_is_an_incident_that_can_be_retried)
{
    Store *store = open_with(BPMN("<startEvent id='s'/>" FLOW(
        "a", "s", "x") "<exclusiveGateway id='x'/>" FLOW_IF("b", "x", "t", "ok = 1")
                                      FLOW_IF("c", "x", "z", "ok = 2") "<task id='t'/>" FLOW_IF(
                                          "d", "t", "z", "= done") "<endEvent id='z'/>"));
    int64_t i = bench_start(store, "p", "K", "{}", bench_now());
    CHECK_TEXT(bench_incident(store, i), "EXCLUSIVE_NO_FLOW");
    CHECK_INT(bench_int(store, "select incident_count from wf_instance where id = ?1", i), 1);
    bench_set(store, i, "ok", "1");
    CHECK(bench_retry(store, i, bench_now()));
    CHECK_TEXT(bench_incident(store, i), "NO_OUTGOING_FLOW");
    bench_set(store, i, "done", "true");
    CHECK(bench_retry(store, i, bench_now()));
    CHECK(!bench_retry(store, i, bench_now()));
    CHECK_TEXT(bench_path(store, i), "s+ x+ t+ z+");
    CHECK_TEXT(bench_state(store, i), "completed");
    CHECK_INT(bench_int(store, "select incident_count from wf_instance where id = ?1", i), 0);
    close_store(store);
}

TEST(an_endless_loop_stops_and_can_go_on)
{
    Store *store = open_with(
        BPMN("<startEvent id='s'/>" FLOW("a", "s",
                                         "x") "<exclusiveGateway id='x' default='b'/>" FLOW("b", "x", "t")
                 FLOW_IF("c", "x", "z", "stop") "<task id='t'/>" FLOW("d", "t", "x") "<endEvent id='z'/>"));
    int64_t i = bench_start(store, "p", "K", "{}", bench_now());
    CHECK_TEXT(bench_incident(store, i), "ENDLESS_LOOP");
    CHECK_TEXT(bench_state(store, i), "active");
    bench_set(store, i, "stop", "true");
    CHECK(bench_retry(store, i, bench_now()));
    CHECK_TEXT(bench_state(store, i), "completed");
    close_store(store);
}

/* ---- Messages and timers ---- */

#define CATCH(id)                                                                                            \
    "<intermediateCatchEvent id='" id "'><messageEventDefinition messageRef='m1'/></intermediateCatchEvent>"
#define TIMER(id, text)                                                                                      \
    "<intermediateCatchEvent id='" id "'><timerEventDefinition><timeDuration>" text                          \
    "</timeDuration></timerEventDefinition></intermediateCatchEvent>"
#define WAITING                                                                                              \
    BPMN("<startEvent id='s'/>" FLOW("a", "s", "c") CATCH("c") FLOW("b", "c", "z") "<endEvent id='z'/>")

TEST(a_message_reaches_the_instance_with_its_key)
{
    Store *store = open_with(WAITING);
    int64_t one = bench_start(store, "p", "A", "{\"key\":\"K1\"}", bench_now()),
            two = bench_start(store, "p", "B", "{\"key\":\"K2\"}", bench_now());
    CHECK_INT(bench_publish(store, "paid", "K2", NULL, "{\"amount\":20000}", 0, bench_now()), 1);
    CHECK_TEXT(bench_state(store, one), "active");
    CHECK_TEXT(bench_state(store, two), "completed");
    CHECK_TEXT(bench_variable(store, two, "amount"), "20000");
    CHECK_INT(bench_publish(store, "paid", "K2", NULL, NULL, 0, bench_now()), 0);
    close_store(store);
}

TEST(a_message_before_its_subscription_waits_for_it)
{
    Store *store = open_with(WAITING);
    int64_t now = bench_now();
    CHECK_INT(bench_publish(store, "paid", "K1", "id-1", "{\"amount\":1}", HOUR_MS, now), 0);
    CHECK_INT(bench_publish(store, "paid", "K1", "id-1", "{\"amount\":2}", HOUR_MS, now),
              0); /* the same again: no effect */
    int64_t i = bench_start(store, "p", "A", "{\"key\":\"K1\"}", now + 1);
    CHECK_TEXT(bench_state(store, i), "completed");
    CHECK_TEXT(bench_variable(store, i, "amount"), "1");
    int64_t second =
        bench_start(store, "p", "A", "{\"key\":\"K1\"}", now + 2); /* one process takes a message once */
    CHECK_TEXT(bench_state(store, second), "active");
    bench_publish(store, "paid", "K9", NULL, "{}", HOUR_MS, now);
    int64_t late = bench_start(store, "p", "A", "{\"key\":\"K9\"}", now + HOUR_MS);
    CHECK_TEXT(bench_state(store, late), "active"); /* its time was over */
    workflow_fire_due(store, now + 2 * HOUR_MS);
    CHECK_INT(bench_int(store, "select count(*) from wf_message where id > ?1", 0), 0);
    close_store(store);
}

TEST(a_null_correlation_key_is_an_incident)
{
    Store *store = open_with(WAITING);
    int64_t i = bench_start(store, "p", "A", "{}", bench_now());
    CHECK_TEXT(bench_incident(store, i), "CORRELATION_NULL");
    CHECK_TEXT(bench_path(store, i), "s+ c?");
    bench_set(store, i, "key", "\"K\"");
    CHECK(bench_retry(store, i, bench_now()));
    CHECK_TEXT(bench_path(store, i), "s+ c*");
    close_store(store);
}

TEST(the_first_event_behind_an_event_gateway_closes_the_others)
{
    Store *store = open_with(
        BPMN("<startEvent id='s'/>" FLOW("a", "s", "g") "<eventBasedGateway id='g'/>" FLOW("b", "g", "c")
                 FLOW("d", "g", "t") CATCH("c") TIMER("t", "PT1H") FLOW("e", "c", "z")
                     FLOW("f", "t", "late") "<endEvent id='z'/><endEvent id='late'/>"));
    int64_t now = bench_now(), i = bench_start(store, "p", "A", "{\"key\":\"K\"}", now);
    CHECK_TEXT(bench_path(store, i), "s+ g*");
    CHECK_INT(bench_publish(store, "paid", "K", NULL, "{\"amount\":3}", 0, now), 1);
    CHECK_TEXT(bench_path(store, i), "s+ g+ c+ z+");
    CHECK_TEXT(bench_variable(store, i, "amount"), "3");
    int64_t slow = bench_start(store, "p", "A", "{\"key\":\"K\"}", now);
    workflow_fire_due(store, now + HOUR_MS);
    CHECK_TEXT(bench_path(store, slow), "s+ g+ t+ late+");
    close_store(store);
}

#define BOUNDARY(cancel, definition)                                                                         \
    BPMN("<startEvent id='s'/>" FLOW("a", "s", "t")                                                          \
             USER("t") "<boundaryEvent id='b' attachedToRef='t' cancelActivity='" cancel "'>" definition     \
                       "</boundaryEvent>" FLOW("c", "b", "n") "<task id='n'/>" FLOW("d", "n", "z2")          \
                           FLOW("e", "t", "z") "<endEvent id='z'/><endEvent id='z2'/>")
#define ON_PAID "<messageEventDefinition messageRef='m1'/>"

TEST(an_interrupting_boundary_event_ends_its_activity)
{
    Store *store = open_with(BOUNDARY("true", ON_PAID));
    int64_t i = bench_start(store, "p", "A", "{\"key\":\"K\"}", bench_now());
    CHECK_INT(bench_publish(store, "paid", "K", NULL, NULL, 0, bench_now()), 1);
    CHECK_TEXT(bench_path(store, i), "s+ t- b+ n+ z2+");
    CHECK_TEXT(bench_text(store, "select state from task where instance_id = ?1", i), "canceled");
    CHECK_TEXT(bench_state(store, i), "completed");
    CHECK_INT(bench_complete(store, i, "t", 1, NULL, NULL, bench_now()), WF_NOT_OPEN);
    close_store(store);
}

TEST(a_boundary_event_that_does_not_interrupt_may_fire_often)
{
    Store *store = open_with(BOUNDARY("false", ON_PAID));
    int64_t i = bench_start(store, "p", "A", "{\"key\":\"K\"}", bench_now());
    bench_publish(store, "paid", "K", NULL, NULL, 0, bench_now());
    bench_publish(store, "paid", "K", NULL, NULL, 0, bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ t* b+ b+ n+ z2+ b* n+ z2+");
    bench_complete(store, i, "t", 1, NULL, NULL, bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ t+ b+ b+ n+ z2+ b- n+ z2+ z+");
    CHECK_TEXT(bench_state(store, i), "completed");
    close_store(store);
}

TEST(a_cycle_timer_fires_as_often_as_it_says)
{
    Store *store = open_with(
        BOUNDARY("false", "<timerEventDefinition><timeCycle>R2/PT10M</timeCycle></timerEventDefinition>"));
    int64_t now = bench_now(), i = bench_start(store, "p", "A", "{}", now);
    workflow_fire_due(store, now + 10 * MINUTE_MS);
    CHECK_TEXT(bench_path(store, i), "s+ t* b+ b* n+ z2+");
    CHECK_INT(bench_int(store, "select due_at from wf_timer where instance_id = ?1", i),
              now + 20 * MINUTE_MS);
    workflow_fire_due(store, now + 20 * MINUTE_MS);
    CHECK_INT(bench_int(store, "select count(*) from wf_timer where instance_id = ?1", i), 0);
    CHECK_TEXT(bench_state(store, i), "active");
    close_store(store);
}

/* ---- Sub-processes, errors, ends ---- */

#define SUB(inside, boundary, after)                                                                         \
    BPMN("<startEvent id='s'/>" FLOW("a", "s", "sub") "<subProcess id='sub'><startEvent id='is'/>" inside    \
                                                      "</subProcess>" boundary FLOW(                         \
                                                          "o", "sub", "z") "<endEvent id='z'/>" after)

TEST(a_sub_process_completes_when_nothing_is_left_inside)
{
    Store *store =
        open_with(SUB(FLOW("i1", "is", "t1") FLOW("i2", "is", "t2") USER("t1") USER("t2"), "", ""));
    int64_t i = bench_start(store, "p", "A", "{}", bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ sub* is+ t1* t2*");
    bench_complete(store, i, "t1", 1, NULL, "{\"x\":1}", bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ sub* is+ t1+ t2*");
    bench_complete(store, i, "t2", 1, NULL, NULL, bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ sub+ is+ t1+ t2+ z+");
    CHECK_TEXT(bench_variable(store, i, "x"), "1");
    close_store(store);
}

#define CATCH_ERROR                                                                                          \
    "<boundaryEvent id='eb' attachedToRef='sub'><errorEventDefinition errorRef='e1'/></boundaryEvent>"
#define AFTER_ERROR FLOW("q", "eb", "h") "<task id='h'/>" FLOW("r", "h", "z2") "<endEvent id='z2'/>"

TEST(an_error_end_is_caught_by_the_boundary_of_its_sub_process)
{
    Store *store = open_with(
        SUB(FLOW("i1", "is", "ie") "<endEvent id='ie'><errorEventDefinition errorRef='e1'/></endEvent>",
            CATCH_ERROR, AFTER_ERROR));
    int64_t i = bench_start(store, "p", "A", "{}", bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ sub- eb+ is+ ie- h+ z2+");
    CHECK_TEXT(bench_state(store, i), "completed");
    close_store(store);
}

TEST(an_error_of_a_handler_is_caught_or_becomes_an_incident)
{
    Store *store = open_with(SUB(FLOW("i1", "is", "w") SERVICE("w", "test.error"), CATCH_ERROR, AFTER_ERROR));
    int64_t i = bench_start(store, "p", "A", "{\"error\":\"E1\"}", bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ sub- eb+ is+ w- h+ z2+");
    CHECK_TEXT(bench_variable(store, i, "error_message"), "\"không hợp lệ\"");
    int64_t other = bench_start(store, "p", "A", "{\"error\":\"E2\"}", bench_now());
    CHECK_TEXT(bench_incident(store, other), "UNHANDLED_ERROR");
    CHECK_TEXT(bench_path(store, other), "s+ sub* eb* is+ w*");
    bench_cancel(store, other, bench_now()); /* what is ended is stuck no more */
    CHECK_TEXT(bench_incident(store, other), "");
    CHECK_INT(bench_int(store, "select incident_count from wf_instance where id = ?1", other), 0);
    close_store(store);
}

TEST(a_terminate_end_ends_its_own_scope_only)
{
    Store *store = open_with(SUB(FLOW("i1", "is", "t") FLOW("i2", "is", "x")
                                     USER("t") "<endEvent id='x'><terminateEventDefinition/></endEvent>",
                                 "", ""));
    int64_t i = bench_start(store, "p", "A", "{}", bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ sub+ is+ t- x+ z+");
    CHECK_TEXT(bench_state(store, i), "completed"); /* not terminated */
    close_store(store);
}

TEST(cancelling_ends_everything)
{
    Store *store = open_with(SUB(FLOW("i1", "is", "t") USER("t"), "", ""));
    int64_t i = bench_start(store, "p", "KEY", "{}", bench_now());
    bench_cancel(store, i, bench_now());
    CHECK_TEXT(bench_path(store, i), "s+ sub- is+ t-");
    CHECK_TEXT(bench_state(store, i), "terminated");
    Db *db = store_read_begin(store);
    CHECK_INT(wf_instance_of(db, "KEY"), 0);
    store_read_end(db);
    close_store(store);
}

/* ---- Service tasks, outcomes, scripts ---- */

static const char work_model[] = BPMN("<startEvent id='s'/>" FLOW(
    "a", "s",
    "w") "<serviceTask id='w'><extensionElements><sen:task type='test.work' retries='2' backoff='PT1M'/>"
         "<sen:header key='word' value='sen'/><sen:output source='= upper case(answer)' "
         "target='loud'/></extensionElements></serviceTask>" FLOW("b", "w", "z") "<endEvent id='z'/>");

TEST(a_handler_runs_in_the_transaction_and_answers_through_its_outputs)
{
    Store *store = open_with(work_model);
    int64_t i = bench_start(store, "p", "A", "{}", bench_now());
    CHECK_TEXT(bench_state(store, i), "completed");
    CHECK_TEXT(bench_variable(store, i, "loud"), "\"SEN\"");
    CHECK_TEXT(bench_variable(store, i, "answer"), ""); /* outputs given: only they go out */
    close_store(store);
}

TEST(a_failing_handler_is_undone_and_tried_again)
{
    Store *store = open_with(work_model);
    failures_to_come = 1;
    int64_t now = bench_now(), i = bench_start(store, "p", "A", "{}", now);
    CHECK_TEXT(bench_path(store, i), "s+ w*");
    CHECK_TEXT(bench_variable(store, i, "half_done"), "");
    CHECK_INT(bench_int(store, "select count(*) from iam_role where name = 'made-by-handler' and ?1 = ?1", 1),
              0);
    CHECK_TEXT(bench_incident(store, i), "");
    workflow_fire_due(store, now + MINUTE_MS - 1);
    CHECK_TEXT(bench_state(store, i), "active");
    workflow_fire_due(store, now + MINUTE_MS);
    CHECK_TEXT(bench_state(store, i), "completed");
    CHECK_INT(handled, 2);
    close_store(store);
}

TEST(a_handler_that_keeps_failing_becomes_an_incident)
{
    Store *store = open_with(work_model);
    failures_to_come = 2;
    int64_t now = bench_now(), i = bench_start(store, "p", "A", "{}", now);
    workflow_fire_due(store, now + MINUTE_MS);
    CHECK_TEXT(bench_incident(store, i), "JOB_FAILED");
    workflow_fire_due(store, now + DAY_MS);
    CHECK_INT(handled, 2);
    CHECK(bench_retry(store, i, now + DAY_MS));
    CHECK_TEXT(bench_state(store, i), "completed");
    close_store(store);
}

TEST(a_handler_may_publish_to_its_own_instance)
{
    Store *store = open_with(BPMN("<startEvent id='s'/>" FLOW("a", "s", "c") FLOW("b", "s", "w") CATCH(
        "c") SERVICE("w", "test.publish") FLOW("d", "c", "z") FLOW("e", "w", "z") "<endEvent id='z'/>"));
    int64_t i = bench_start(store, "p", "A", "{\"key\":\"K\"}", bench_now());
    CHECK_TEXT(bench_state(store, i), "completed");
    CHECK_TEXT(bench_variable(store, i, "amount"), "5");
    close_store(store);
}

TEST(an_outcome_names_the_flow_to_take)
{
    Store *store = open_with(BPMN("<startEvent id='s'/>" FLOW(
        "a", "s", "t") "<userTask id='t'><extensionElements><sen:assignment groups='chuyen-vien'/>"
                       "<sen:outcome value='approve' label='Duyệt'/><sen:outcome value='return' label='Trả "
                       "lại' flow='back'/></extensionElements></userTask>" FLOW("back", "t", "again")
                                      FLOW_IF("on", "t", "z", "outcome = \"approve\"") USER("again")
                                          FLOW("c", "again", "z") "<endEvent id='z'/>"));
    int64_t i = bench_start(store, "p", "A", "{}", bench_now());
    CHECK_INT(bench_complete(store, i, "t", 1, "unknown", NULL, bench_now()), WF_BAD_OUTCOME);
    CHECK_INT(bench_complete(store, i, "t", 1, NULL, NULL, bench_now()), WF_BAD_OUTCOME);
    CHECK_INT(bench_complete(store, i, "t", 1, "return", NULL, bench_now()), WF_OK);
    CHECK_TEXT(bench_path(store, i), "s+ t+ again*");
    CHECK_TEXT(
        bench_text(store, "select outcome from wf_scope where instance_id = ?1 and element_id = 't'", i),
        "return");
    close_store(store);
}

TEST(a_task_someone_holds_is_taken)
{
    Store *store = open_with(
        BPMN("<startEvent id='s'/>" FLOW("a", "s", "t") USER("t") FLOW("b", "t", "z") "<endEvent id='z'/>"));
    int64_t i = bench_start(store, "p", "A", "{}", bench_now());
    CHECK_INT(bench_claim(store, i, "t", 4, bench_now()), CLAIM_NOT_YOURS);
    CHECK_INT(bench_claim(store, i, "t", 1, bench_now()), CLAIM_OK);
    CHECK_INT(bench_claim(store, i, "t", 1, bench_now()), CLAIM_OK);
    CHECK_INT(bench_claim(store, i, "t", 2, bench_now()), CLAIM_TAKEN);
    CHECK_INT(bench_complete(store, i, "t", 2, NULL, NULL, bench_now()), WF_TAKEN);
    CHECK_INT(bench_complete(store, i, "t", 1, NULL, NULL, bench_now()), WF_OK);
    close_store(store);
}

TEST(a_script_is_an_expression_with_a_result)
{
    Store *store = open_with(BPMN("<startEvent id='s'/>" FLOW(
        "a", "s", "c") "<scriptTask id='c' sen:resultVariable='fee'><script>= 0.1 + 0.2 + "
                       "base</script></scriptTask>" FLOW("b", "c", "z") "<endEvent id='z'/>"));
    int64_t i = bench_start(store, "p", "A", "{\"base\":20000}", bench_now());
    CHECK_TEXT(bench_variable(store, i, "fee"),
               "20000.299999999999"); /* as jansson writes the double nearest to 20000.3 */
    close_store(store);
}

TEST(an_expression_that_takes_too_long_is_an_incident)
{
    Store *store = open_with(BPMN("<startEvent id='s'/>" FLOW(
        "a", "s",
        "c") "<scriptTask id='c' sen:resultVariable='n'><script>= if small then 1 else "
             "count(for a in 1..2000 return for b in 1..2000 return a * b)</script></scriptTask>" FLOW(
                 "b", "c", "z") "<endEvent id='z'/>"));
    int64_t i = bench_start(store, "p", "A", "{}", bench_now());
    CHECK_TEXT(bench_incident(store, i), "EXPRESSION_BUDGET");
    CHECK_TEXT(bench_path(store, i), "s+ c?");
    bench_set(store, i, "small", "true");
    CHECK(bench_retry(store, i, bench_now()));
    CHECK_TEXT(bench_state(store, i), "completed");
    CHECK_TEXT(bench_variable(store, i, "n"), "1");
    close_store(store);
}

/* Step limit 8 working hours from Tuesday 08:00 is Wednesday 08:00; the whole is due earlier, then later. */
TEST(a_task_is_due_at_the_earlier_of_its_own_limit_and_the_whole)
{
    Store *store = open_with(BPMN("<startEvent id='s'/>" FLOW(
        "a", "s", "t") "<userTask id='t'><extensionElements><sen:assignment groups='chuyen-vien'/>"
                       "<sen:schedule due='PT8H' businessTime='tinh'/></extensionElements></userTask>" FLOW(
                           "b", "t", "z") "<endEvent id='z'/>"));
    int64_t i = bench_start(store, "p", "A", "{}", bench_now()), step = local_ms(2026, 11, 18, 8, 0, 0);
    const char *due = "select due_at from task where instance_id = ?1";
    CHECK_INT(bench_int(store, due, i), step);
    bench_due(store, i, local_ms(2026, 11, 17, 17, 0, 0));
    CHECK_INT(bench_int(store, due, i), local_ms(2026, 11, 17, 17, 0, 0));
    /* the clock stood still for 8 working hours: both move by them */
    bench_due(store, i, local_ms(2026, 11, 18, 17, 0, 0));
    CHECK_INT(bench_int(store, due, i), local_ms(2026, 11, 18, 17, 0, 0));
    CHECK_INT(bench_int(store, "select step_due_at from task where instance_id = ?1", i),
              local_ms(2026, 11, 19, 8, 0, 0));
    close_store(store);
}

/* ---- Versions, crash, threads, proof ---- */

TEST(instances_keep_the_version_they_started_with)
{
    const char *first =
        BPMN("<startEvent id='s'/>" FLOW("a", "s", "t") USER("t") FLOW("b", "t", "z") "<endEvent id='z'/>");
    const char *second = BPMN("<startEvent id='s'/>" FLOW("a", "s", "t") USER("t") FLOW(
        "b", "t", "n") "<task id='n'/>" FLOW("c", "n", "z") "<endEvent id='z'/>");
    Store *store = open_with(first);
    int64_t old = bench_start(store, "p", "A", "{}", bench_now());
    bench_deploy(store, first); /* unchanged: no new version */
    CHECK_INT(bench_int(store, "select count(*) from wf_definition where id > ?1", 0), 1);
    bench_deploy(store, second);
    int64_t young = bench_start(store, "p", "B", "{}", bench_now());
    bench_complete(store, old, "t", 1, NULL, NULL, bench_now());
    bench_complete(store, young, "t", 1, NULL, NULL, bench_now());
    CHECK_TEXT(bench_path(store, old), "s+ t+ z+");
    CHECK_TEXT(bench_path(store, young), "s+ t+ n+ z+");
    close_store(store);
}

/* What a restart finds: nothing in memory but what the store has. */
TEST(an_instance_goes_on_after_the_models_are_read_again)
{
    Store *store = open_with(INCLUSIVE);
    int64_t i = bench_start(store, "p", "K", "{\"a\":1,\"b\":1}", bench_now());
    bench_complete(store, i, "t1", 1, NULL, NULL, bench_now());
    definitions_forget();
    bench_complete(store, i, "t2", 1, NULL, NULL, bench_now());
    CHECK_TEXT(bench_state(store, i), "completed");
    close_store(store);
}

static const char *const all_rooms[] = { "src/platform/audit",    "src/platform/events",
                                         "src/platform/identity", "src/platform/jobs",
                                         "src/platform/workflow", "src/platform/tasks",
                                         "src/platform/notify",   NULL };

/* The store closed in the middle of an instance and opened again, as after a restart: nothing is lost, the
 * timer that came due meanwhile fires once. (kill -9 under load is the crash test's, tests/e2e.) */
TEST(an_instance_goes_on_in_a_store_that_was_closed_meanwhile)
{
    const char *url = fmt("sqlite:/tmp/sen-workflow-%lld.db", (long long)id_new());
    Store *store = store_open(&(StoreOptions){ .url = url, .readers = 2 });
    workflow_test_handlers(handlers);
    reminders = failures_to_come = handled = 0;
    test_store_migrate(store, all_rooms);
    bench_people(store);
    bench_deploy(store, bench_file(example));
    int64_t now = bench_now(), i = bench_start(store, "xac-nhan", "HS-9", "{}", now);
    store_close(store);
    definitions_forget();
    store = store_open(&(StoreOptions){ .url = url, .readers = 2 });
    workflow_fire_due(store, now + 30 * (int64_t)DAY_MS);
    workflow_fire_due(store, now + 31 * (int64_t)DAY_MS);
    CHECK_INT(reminders, 1);
    CHECK_INT(bench_complete(store, i, "tham-dinh", 1, NULL, "{\"ket_luan\":\"dat\"}", now), WF_OK);
    CHECK_INT(bench_complete(store, i, "ky", 3, NULL, NULL, now), WF_OK);
    CHECK_TEXT(bench_path(store, i), "bd+ tham-dinh+ tre+ nhac+ g+ ky+ kt+");
    CHECK_TEXT(bench_state(store, i), "completed");
    bench_close(store);
    const char *path = url + strlen("sqlite:");
    remove(path);
    remove(fmt("%s-wal", path));
    remove(fmt("%s-shm", path));
}

typedef struct Worker {
    Store *store;
    int64_t instance;
    int failed;
} Worker;

static void *publish_many(void *argument)
{
    Worker *w = argument;
    Arena *arena = arena_new(0);
    for (int n = 0; n < 20; n++) {
        arena_use(arena);
        Guard guard;
        guard_enter(&guard);
        if (setjmp(guard.at) == 0) {
            bench_publish(w->store, "paid", "K", NULL, NULL, 0, bench_now());
            guard_leave(&guard);
        } else {
            w->failed++;
        }
        arena_reset(arena);
    }
    arena_use(NULL);
    arena_free(arena);
    return NULL;
}

/* Each message makes the handler read n and write n + 1: interleaving would lose some. */
TEST(two_threads_on_one_instance_never_interleave)
{
    Store *store =
        open_with(BPMN("<startEvent id='s'/>" FLOW("a", "s", "t")
                           USER("t") "<boundaryEvent id='b' attachedToRef='t' cancelActivity='false'>" ON_PAID
                                     "</boundaryEvent>" FLOW("c", "b", "n") SERVICE("n", "test.add")
                                         FLOW("e", "t", "z") "<endEvent id='z'/>"));
    int64_t i = bench_start(store, "p", "A", "{\"key\":\"K\",\"n\":0}", bench_now());
    Worker workers[2] = { { store, i, 0 }, { store, i, 0 } };
    pthread_t threads[2];
    for (int n = 0; n < 2; n++)
        pthread_create(&threads[n], NULL, publish_many, &workers[n]);
    for (int n = 0; n < 2; n++)
        pthread_join(threads[n], NULL);
    CHECK_INT(workers[0].failed + workers[1].failed, 0);
    CHECK_TEXT(bench_variable(store, i, "n"), "40");
    close_store(store);
}

static void falsify(Db *db, void *argument)
{
    db_exec(db,
            "update wf_event set payload = '{\"name\":\"key\",\"value\":\"other\"}' where instance_id = ?1 "
            "and intent = 'variable'",
            ID(*(int64_t *)argument));
}

TEST(a_changed_event_breaks_the_seal)
{
    Store *store = open_with(WAITING);
    int64_t i = bench_start(store, "p", "A", "{\"key\":\"K1\"}", bench_now());
    store_write_wait(store, falsify, &i);
    Db *db = store_read_begin(store);
    Json complaints = json_list();
    CHECK(!workflow_verify(db, complaints));
    CHECK(strstr(json_string_value(json_array_get(complaints, 0)), "the seal is broken") != NULL);
    store_read_end(db);
    bench_close(store);
}

int main(void)
{
    return run_tests((Test[]){ TEST_CASE(the_worked_example_runs_as_it_is),
                               TEST_CASE(the_worked_example_takes_the_default_path),
                               TEST_CASE(a_working_time_timer_steps_over_the_holiday),
                               TEST_CASE(a_parallel_join_waits_for_every_flow),
                               TEST_CASE(extra_tokens_wait_for_a_next_round_and_go_at_the_end),
                               TEST_CASE(a_join_that_can_never_fire_is_a_deadlock),
                               TEST_CASE(an_inclusive_join_waits_for_what_may_still_come),
                               TEST_CASE(no_flow_out_is_an_incident_that_can_be_retried),
                               TEST_CASE(an_endless_loop_stops_and_can_go_on),
                               TEST_CASE(a_message_reaches_the_instance_with_its_key),
                               TEST_CASE(a_message_before_its_subscription_waits_for_it),
                               TEST_CASE(a_null_correlation_key_is_an_incident),
                               TEST_CASE(the_first_event_behind_an_event_gateway_closes_the_others),
                               TEST_CASE(an_interrupting_boundary_event_ends_its_activity),
                               TEST_CASE(a_boundary_event_that_does_not_interrupt_may_fire_often),
                               TEST_CASE(a_cycle_timer_fires_as_often_as_it_says),
                               TEST_CASE(a_sub_process_completes_when_nothing_is_left_inside),
                               TEST_CASE(an_error_end_is_caught_by_the_boundary_of_its_sub_process),
                               TEST_CASE(an_error_of_a_handler_is_caught_or_becomes_an_incident),
                               TEST_CASE(a_terminate_end_ends_its_own_scope_only),
                               TEST_CASE(cancelling_ends_everything),
                               TEST_CASE(a_handler_runs_in_the_transaction_and_answers_through_its_outputs),
                               TEST_CASE(a_failing_handler_is_undone_and_tried_again),
                               TEST_CASE(a_handler_that_keeps_failing_becomes_an_incident),
                               TEST_CASE(a_handler_may_publish_to_its_own_instance),
                               TEST_CASE(an_outcome_names_the_flow_to_take),
                               TEST_CASE(a_task_someone_holds_is_taken),
                               TEST_CASE(a_script_is_an_expression_with_a_result),
                               TEST_CASE(an_expression_that_takes_too_long_is_an_incident),
                               TEST_CASE(a_task_is_due_at_the_earlier_of_its_own_limit_and_the_whole),
                               TEST_CASE(instances_keep_the_version_they_started_with),
                               TEST_CASE(an_instance_goes_on_after_the_models_are_read_again),
                               TEST_CASE(an_instance_goes_on_in_a_store_that_was_closed_meanwhile),
                               TEST_CASE(two_threads_on_one_instance_never_interleave),
                               TEST_CASE(a_changed_event_breaks_the_seal),
                               { 0 } });
}
