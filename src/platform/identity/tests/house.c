/* See house.h. Requests are made as net makes them, so that cookies are read from a real Cookie line. */
#include "platform/identity/tests/house.h"
#include "platform/identity/identity.h"
#include "platform/identity/pages.h"
#include "platform/identity/sessions.h"
#include "platform/identity/throttle.h"
#include "platform/app/start.h"
#include "platform/audit/audit.h"
#include "net/inside.h"
#include "base/clock.h"
#include "base/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const Permission test_permissions[] = {
    { "test.receive", "test.receive", "reception" },
    { "test.lead", "test.lead", "leader" },
    { 0 },
};
static const Solution test_solution = { .name = "test", .permissions = test_permissions };
static const Solution *const list[] = { &audit_solution, &identity_solution, &test_solution, NULL };

static const char *one_hash; /* of HOUSE_PASSWORD, made once: hashing is slow on purpose */

House *house_open(void)
{
    static const char *const rooms[] = { "src/platform/audit", "src/platform/identity", NULL };
    static Settings settings;
    House *house = alloc(sizeof *house);
    time_freeze(0);
    throttle_network_reset();
    house->folder = text_copy("/tmp/sen-identity-XXXXXX");
    CHECK(mkdtemp(house->folder) != NULL);
    house->store = test_store_open();
    test_store_migrate(house->store, rooms);
    settings = (Settings){ .data_dir = house->folder, .province_code = "H20", .base_url = "http://sen.test" };
    app_use(&settings, house->store, NULL);
    solutions_use(list);
    app_prepare(house->store);
    if (!one_hash) {
        char *hash = password_hash(HOUSE_PASSWORD);
        one_hash = heap_dup(hash);
    }
    return house;
}

void house_close(House *house)
{
    time_freeze(0);
    app_finish();
    test_store_close(house->store);
    unlink(fmt("%s/keys/pid.key", house->folder));
    unlink(fmt("%s/keys/csrf.key", house->folder));
    rmdir(fmt("%s/keys", house->folder));
    rmdir(house->folder);
}

/* ---- people ---- */

typedef struct NewAccount {
    ActorKind kind;
    const char *username, *pid, *role, *org_key;
    int64_t id;
    const char *token;
} NewAccount;

static void make(Db *db, void *argument)
{
    NewAccount *n = argument;
    const Org *org = n->org_key ? org_by_key(n->org_key) : NULL;
    int64_t home = n->kind == ACTOR_CITIZEN ? 0 : org ? org->id : org_by_key("ubnd-tinh")->id;
    n->id = account_create(db, n->kind, n->username, n->kind == ACTOR_SERVICE ? NULL : one_hash, n->username,
                           n->pid, home);
    if (n->role)
        role_assign(db, n->id, n->role, org ? org->id : 0, true);
    if (n->kind == ACTOR_SERVICE)
        n->token = account_token(db, n->id, "thử", 0);
}

int64_t house_citizen(House *house, const char *username, const char *pid)
{
    NewAccount n = { .kind = ACTOR_CITIZEN, .username = username, .pid = pid };
    store_write_wait(house->store, make, &n);
    return n.id;
}

int64_t house_official(House *house, const char *username, const char *role, const char *org_key)
{
    NewAccount n = { .kind = ACTOR_OFFICIAL, .username = username, .role = role, .org_key = org_key };
    store_write_wait(house->store, make, &n);
    return n.id;
}

const char *house_service(House *house, const char *username)
{
    NewAccount n = { .kind = ACTOR_SERVICE, .username = username, .org_key = "ubnd-28261" };
    store_write_wait(house->store, make, &n);
    return n.token;
}

static void lock_account(Db *db, void *argument)
{
    account_set_locked(db, *(int64_t *)argument, true);
}

void house_lock(House *house, int64_t account_id)
{
    store_write_wait(house->store, lock_account, &account_id);
}

static void run(Db *db, void *sql)
{
    db_exec(db, sql);
}

void house_run(House *house, const char *sql)
{
    store_write_wait(house->store, run, (void *)sql);
}

int64_t house_int(House *house, const char *sql)
{
    Db *db = store_read_begin(house->store);
    int64_t value = db_int(db, sql);
    store_read_end(db);
    return value;
}

void house_settle(House *house)
{
    const char *behind = fmt("select count(*) from iam_session where revoked_at is null and idle_until > "
                             "%lld and last_seen_at < %lld",
                             (long long)now_ms(), (long long)now_ms() - 30 * SECOND_MS);
    for (int i = 0; i < 2000 && house_int(house, behind); i++)
        usleep(1000);
}

/* ---- requests ---- */

Request *house_request(House *house, const char *session)
{
    Exchange *ex = alloc(sizeof *ex);
    Request *rq = &ex->rq;
    ex->headers = alloc(sizeof *ex->headers);
    ex->header_count = session ? 1 : 0;
    ex->headers[0] = (HeaderLine){ "Cookie", fmt("lang=vi; sen_session=%s", session) };
    *rq = (Request){ .arena = arena_current(),
                     .method = POST,
                     .path = "/",
                     .target = "/",
                     .now = now_ms(),
                     .ip = "203.0.113.7",
                     .trace_id = "test",
                     .wants_json = true,
                     .lang = "vi",
                     .connection = ex,
                     .input = json_new(),
                     .typed = json_new(),
                     .errors = json_list() };
    rq->db = store_read_begin(house->store);
    rq->actor = identity_of(rq);
    store_read_end(rq->db);
    rq->db = NULL;
    return rq;
}

Reply house_call(House *house, Request *rq, Handler *handler)
{
    rq->db = store_read_begin(house->store);
    Reply reply = handler(rq);
    store_read_end(rq->db);
    rq->db = NULL;
    return reply;
}

typedef struct Write {
    Request *rq;
    Handler *handler;
    Reply reply;
} Write;

static void write_one(Db *db, void *argument)
{
    Write *w = argument;
    w->rq->db = db;
    w->rq->errors = json_list();
    w->reply = w->handler(w->rq);
    w->rq->db = NULL;
    if (w->reply.status >= 400 || has_errors(w->rq))
        db_reject(db);
}

Reply house_write(House *house, Request *rq, Handler *handler)
{
    Write w = { .rq = rq, .handler = handler };
    store_write_wait(house->store, write_one, &w);
    return w.reply;
}

const char *house_cookie(const Reply *reply)
{
    const char *name = SESSION_COOKIE "=";
    for (const ReplyHeader *h = reply->headers; h; h = h->next)
        if (text_is(h->name, "Set-Cookie") && text_starts(h->value, name))
            return text_copy_n(h->value + strlen(name), strcspn(h->value + strlen(name), ";"));
    return NULL;
}

static Reply attempt(House *house, Request *rq, const char *username, const char *password, Handler *handler)
{
    json_set_str(rq->input, "username", username);
    json_set_str(rq->input, "password", password);
    return house_call(house, rq, handler);
}

const char *house_sign_in(House *house, const char *username, const char *password, const char *session)
{
    Reply reply = attempt(house, house_request(house, session), username, password, sign_in_post);
    return house_cookie(&reply);
}

const char *house_again(House *house, const char *session, const char *password)
{
    Reply reply = attempt(house, house_request(house, session), "", password, sign_in_again_post);
    return house_cookie(&reply);
}

char *house_refusal(House *house, const char *username, const char *password)
{
    Request *rq = house_request(house, NULL);
    Reply reply = attempt(house, rq, username, password, sign_in_post);
    return fmt("%d %s", reply.status, json_text(rq->errors));
}

typedef struct Failures {
    const char *username;
    int times;
} Failures;

static void fail(Db *db, void *argument)
{
    const Failures *f = argument;
    for (int i = 0; i < f->times; i++)
        throttle_failed(db, f->username, now_ms());
}

void house_fail(House *house, const char *username, int times)
{
    store_write_wait(house->store, fail, &(Failures){ username, times });
}
