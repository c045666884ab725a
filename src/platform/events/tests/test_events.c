/* The outbox: what a subscriber writes happens once, in order, and a subscriber that fails holds up nobody
 * but its own subject. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/test.h"
#include "base/text.h"
#include "net/server.h"
#include "platform/app/start.h"
#include "platform/events/dispatcher.h"
#include "store/test_store.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the subscribers of this test write down. */
static const char *const seen_sql =
    "create table seen (id bigint primary key, name text, subject_id bigint, n bigint, attempt bigint)";

static _Atomic int64_t failing_subject; /* "stubborn" refuses events of this subject */

static bool dying; /* "stubborn" ends the process in the middle of its work */

static void note(Work *work, const char *name)
{
    db_exec(work->db, "insert into seen (id, name, subject_id, n, attempt) values (?1, ?2, ?3, ?4, ?5)",
            I(id_new()), T(name), ID(work->subject_id), I(json_int(work->data, "n")), I(work->attempt));
}

static void steady(Work *work)
{
    note(work, "steady");
}

static void stubborn(Work *work)
{
    note(work, "stubborn");
    if (dying)
        _exit(3);
    if (work->subject_id == failing_subject)
        raise_fault(FAULT_INTERNAL, "test.stubborn", "not today");
}

static void cascade(Work *work)
{
    note(work, "cascade");
    events_publish(work->db, "second.made", work->subject_id, 0, work->data);
}

static const Subscription subscriptions[] = {
    { "first.made", "test.steady", steady },
    { "first.*", "test.stubborn", stubborn },
    { "chain.begun", "test.cascade", cascade },
    { "second.made", "test.second", steady },
    { 0 },
};
static const Solution test_solution = { .name = "test", .subscribes = subscriptions };
static const Solution *const list[] = { &test_solution, NULL };

typedef struct Publish {
    const char *topic;
    int64_t subject_id, n;
    bool reject, fail;
} Publish;

static void publish(Db *db, void *argument)
{
    const Publish *p = argument;
    events_publish(db, p->topic, p->subject_id, 0, json_set_int(json_new(), "n", p->n));
    if (p->reject)
        db_reject(db);
    if (p->fail)
        raise_fault(FAULT_INTERNAL, "test", "the change fails");
}

static void say(Store *store, const char *topic, int64_t subject_id, int64_t n)
{
    store_write_wait(store, publish, &(Publish){ .topic = topic, .subject_id = subject_id, .n = n });
}

static Store *open_store(void)
{
    Store *store = test_store_open();
    failing_subject = 0;
    solutions_use(list);
    test_store_migrate(store, (const char *const[]){ "src/platform/events", NULL });
    store_migrate(store, &(Migration){ "test/0001-seen", seen_sql }, 1);
    return store;
}

static int64_t ask(Store *store, const char *sql)
{
    Db *db = store_read_begin(store);
    int64_t value = db_int(db, sql);
    store_read_end(db);
    return value;
}

/* "steady:1 steady:2 …" in the order in which they were written. */
static const char *seen(Store *store, const char *where)
{
    char *text = "";
    Db *db = store_read_begin(store);
    Json rows = db_rows(db, fmt("select name, n from seen where %s order by id", where));
    store_read_end(db);
    json_each (rows, i, row)
        text = fmt("%s%s%s:%lld", text, i ? " " : "", json_str(row, "name"), (long long)json_int(row, "n"));
    return text;
}

TEST(every_subscriber_of_a_topic_gets_the_event_once)
{
    Store *store = open_store();
    say(store, "first.made", 7, 1);
    say(store, "first.changed", 7, 2);
    say(store, "unheard.of", 7, 3);
    events_drain(store);
    CHECK_TEXT(seen(store, "name = 'steady'"), "steady:1");
    CHECK_TEXT(seen(store, "name = 'stubborn'"), "stubborn:1 stubborn:2");
    events_drain(store);
    CHECK_INT(ask(store, "select count(*) from seen"), 3);
    CHECK_INT(ask(store, "select count(*) from event_pending"), 0);
    CHECK_INT(ask(store, "select count(*) from event"), 3);
    test_store_close(store);
}

TEST(a_change_that_is_undone_tells_nobody)
{
    Store *store = open_store();
    store_write_wait(store, publish,
                     &(Publish){ .topic = "first.made", .subject_id = 1, .n = 1, .reject = true });
    CHECK_FAULT(
        FAULT_INTERNAL,
        store_write_wait(store, publish, &(Publish){ .topic = "first.made", .subject_id = 1, .fail = true }));
    events_drain(store);
    CHECK_INT(ask(store, "select count(*) from seen"), 0);
    CHECK_INT(ask(store, "select count(*) from event"), 0);
    test_store_close(store);
}

TEST(events_of_one_subject_arrive_in_order)
{
    Store *store = open_store();
    for (int n = 1; n <= 20; n++)
        say(store, "first.made", n % 2 ? 101 : 102, n);
    events_drain(store);
    CHECK_TEXT(seen(store, "name = 'steady' and subject_id = 101"),
               "steady:1 steady:3 steady:5 steady:7 steady:9 steady:11 steady:13"
               " steady:15 steady:17 steady:19");
    CHECK_INT(ask(store, "select count(*) from seen where name = 'stubborn' and subject_id = 102"), 10);
    test_store_close(store);
}

TEST(what_a_subscriber_publishes_is_delivered_too)
{
    Store *store = open_store();
    say(store, "chain.begun", 5, 9);
    events_drain(store);
    CHECK_TEXT(seen(store, "1=1"), "cascade:9 steady:9");
    test_store_close(store);
}

TEST(a_failing_event_waits_and_is_tried_again_without_holding_up_other_subjects)
{
    Store *store = open_store();
    int64_t start = 1795000000000;
    time_freeze(start);
    failing_subject = 1;
    say(store, "first.changed", 1, 1);
    say(store, "first.changed", 1, 2);
    say(store, "first.changed", 2, 3);
    events_drain(store);
    CHECK_TEXT(seen(store, "1=1"), "stubborn:3"); /* what the failing one wrote was undone */
    CHECK_INT(ask(store, "select attempts from event_pending order by event_id limit 1"), 1);
    time_freeze(start + 59 * SECOND_MS);
    failing_subject = 0;
    events_drain(store);
    CHECK_TEXT(seen(store, "1=1"), "stubborn:3"); /* not yet: one minute */
    time_freeze(start + 60 * SECOND_MS);
    events_drain(store);
    CHECK_TEXT(seen(store, "1=1"), "stubborn:3 stubborn:1 stubborn:2");
    CHECK_INT(ask(store, "select attempt from seen where n = 1"), 2);
    time_freeze(0);
    test_store_close(store);
}

TEST(after_six_attempts_an_event_is_parked_with_its_error)
{
    Store *store = open_store();
    int64_t now = 1795000000000;
    static const int64_t waits[] = { MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 6 * HOUR_MS };
    time_freeze(now);
    failing_subject = 1;
    say(store, "first.changed", 1, 1);
    say(store, "first.changed", 1, 2);
    events_drain(store);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(ask(store, "select max(attempts) from event_pending"), i + 1);
        time_freeze(now += waits[i] - 1);
        events_drain(store);
        CHECK_INT(ask(store, "select max(attempts) from event_pending"), i + 1);
        time_freeze(++now);
        events_drain(store);
    }
    CHECK_INT(ask(store, "select count(*) from event_pending where parked_at is not null"), 1);
    time_freeze(now + 30 * (int64_t)DAY_MS);
    failing_subject = 0;
    events_drain(store);
    CHECK_INT(ask(store, "select count(*) from seen"), 0); /* the second waits behind the parked one */
    Db *db = store_read_begin(store);
    CHECK_TEXT(db_text(db, "select error from event_pending where parked_at is not null"),
               "test.stubborn: not today");
    store_read_end(db);
    time_freeze(0);
    test_store_close(store);
}

/* The store of the crash: on SQLite a file of its own, since a process that dies takes its connections with
 * it. */
static Store *crash_store(const char *path)
{
    Store *store = store_open(&(StoreOptions){ .url = fmt("sqlite:%s", path) });
    test_store_migrate(store, (const char *const[]){ "src/platform/events", NULL });
    store_migrate(store, &(Migration){ "test/0001-seen", seen_sql }, 1);
    return store;
}

/* Another process that dies in the middle of the delivery. */
static int deliver_and_die(const char *path)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        dying = true;
        events_drain(store_open(&(StoreOptions){ .url = fmt("sqlite:%s", path) }));
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    return WEXITSTATUS(status);
}

TEST(what_was_committed_before_a_crash_is_delivered_once_after_it)
{
    char *path = fmt("/tmp/sen-events-%d.db", getpid());
    Store *other = open_store();
    if (store_engine(other) != ENGINE_SQLITE) {
        test_store_close(other);
        test_skip("dying is tried on SQLite");
    }
    test_store_close(other);
    Store *before = crash_store(path);
    say(before, "first.changed", 3, 1);
    store_close(before);
    CHECK_INT(deliver_and_die(path), 3);
    Store *after = crash_store(path);
    CHECK_INT(ask(after, "select count(*) from seen"), 0);
    CHECK_INT(ask(after, "select count(*) from event_pending"), 1);
    events_drain(after);
    events_drain(after);
    CHECK_TEXT(seen(after, "1=1"), "stubborn:1");
    store_close(after);
    for (const char *const *end = (const char *const[]){ "", "-wal", "-shm", NULL }; *end; end++)
        unlink(fmt("%s%s", path, *end));
}

static bool within_s(Store *store, int seconds, const char *sql, int64_t wanted)
{
    for (int i = 0; i < seconds * 100; i++) {
        if (ask(store, sql) == wanted)
            return true;
        nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
    }
    return false;
}

TEST(the_dispatcher_wakes_by_itself_and_two_of_them_deliver_once)
{
    Store *store = open_store();
    events_start(store);
    for (int n = 1; n <= 50; n++)
        say(store, "first.made", n % 5 + 1, n);
    events_drain(store); /* a second dispatcher, beside the thread */
    CHECK(within_s(store, 20, "select count(*) from event_pending", 0));
    events_stop();
    CHECK_INT(ask(store, "select count(*) from seen"), 100);
    CHECK_INT(ask(store, "select count(distinct n) from seen where name = 'steady'"), 50);
    CHECK_INT(ask(store,
                  "select count(*) from seen a join seen b on a.name = b.name and a.subject_id = b.subject_id"
                  " and a.n < b.n and a.id > b.id"),
              0);
    test_store_close(store);
}

/* ---- Browsers ---- */

static Reply listen_to_board(Request *rq)
{
    static const char *topics[] = { "board", NULL };
    return events_reply(rq, topics);
}

static void answer(Request *rq)
{
    request_finish(rq, rq->route->handler(rq));
}

static const Route stream_routes[] = { { GET, "/stream", listen_to_board, "public", "for this test" },
                                       { 0 } };

static void tell(Db *db, void *argument)
{
    const Publish *p = argument;
    events_tell(db, p->topic, "moved", json_set_int(json_new(), "n", p->n));
    if (p->reject)
        db_reject(db);
}

/* A listener's connection; the head of the answer has been read. */
static int listener(Server *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)server_port(server)) };
    static const char ask[] = "GET /stream HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n";
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) == (ssize_t)sizeof ask - 1);
    for (int i = 0; i < 500 && server_stats(server).streams < 1; i++)
        usleep(10000);
    CHECK_INT(server_stats(server).streams, 1);
    return fd;
}

/* What came until `wanted` was in it, or for three seconds. */
static const char *heard(int fd, const char *wanted)
{
    static char text[8192];
    size_t used = 0;
    struct timeval limit = { .tv_sec = 3 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    for (ssize_t n; used < sizeof text - 1 && (n = recv(fd, text + used, sizeof text - 1 - used, 0)) > 0;) {
        text[used += (size_t)n] = '\0';
        if (strstr(text, wanted))
            break;
    }
    return text;
}

TEST(open_pages_are_told_after_the_commit_and_never_of_what_was_undone)
{
    static const Hooks hooks = { .handle = answer };
    static const Settings none;
    Store *store = open_store();
    Server *server =
        server_start(&(ServerOptions){ .listen = "127.0.0.1:0", .io_threads = 1, .workers = 1 }, &hooks);
    server_add_routes(server, stream_routes);
    server_open(server);
    app_use(&none, store, server);
    int fd = listener(server);
    store_write_wait(store, tell, &(Publish){ .topic = "board", .n = 1, .reject = true });
    store_write_wait(store, tell, &(Publish){ .topic = "other", .n = 2 });
    store_write_wait(store, tell, &(Publish){ .topic = "board", .n = 3 });
    const char *text = heard(fd, "{\"n\":3}");
    CHECK(strstr(text, "event: moved") && strstr(text, "data: {\"n\":3}"));
    CHECK(!strstr(text, "{\"n\":1}") && !strstr(text, "{\"n\":2}"));
    close(fd);
    app_use(&none, store, NULL);
    server_stop(server, 1000);
    test_store_close(store);
    events_forget_told();
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(every_subscriber_of_a_topic_gets_the_event_once),
        TEST_CASE(a_change_that_is_undone_tells_nobody),
        TEST_CASE(events_of_one_subject_arrive_in_order),
        TEST_CASE(what_a_subscriber_publishes_is_delivered_too),
        TEST_CASE(a_failing_event_waits_and_is_tried_again_without_holding_up_other_subjects),
        TEST_CASE(after_six_attempts_an_event_is_parked_with_its_error),
        TEST_CASE(what_was_committed_before_a_crash_is_delivered_once_after_it),
        TEST_CASE(the_dispatcher_wakes_by_itself_and_two_of_them_deliver_once),
        TEST_CASE(open_pages_are_told_after_the_commit_and_never_of_what_was_undone),
        { 0 },
    });
}
