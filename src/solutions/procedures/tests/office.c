#include "solutions/procedures/tests/office.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/test.h"
#include "base/text.h"
#include "net/inside.h"
#include "platform/app/start.h"
#include "platform/audit/audit.h"
#include "platform/calendar/calendar.h"
#include "platform/events/events.h"
#include "platform/files/files.h"
#include "platform/forms/forms.h"
#include "platform/identity/grants.h"
#include "platform/jobs/jobs.h"
#include "platform/notify/notify.h"
#include "platform/reports/reports.h"
#include "platform/search/search.h"
#include "platform/signatures/signatures.h"
#include "platform/tasks/tasks.h"
#include "platform/view/view.h"
#include "platform/workflow/workflow.h"
#include "solutions/procedures/procedures.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const Solution *const rooms[] = { &audit_solution,      &identity_solution,
                                         &events_solution,     &jobs_solution,
                                         &files_solution,      &search_solution,
                                         &calendar_solution,   &notify_solution,
                                         &tasks_solution,      &forms_solution,
                                         &workflow_solution,   &signatures_solution,
                                         &procedures_solution, NULL };
static const char *const folders[] = { "src/platform/audit",
                                       "src/platform/identity",
                                       "src/platform/events",
                                       "src/platform/jobs",
                                       "src/platform/files",
                                       "src/platform/search",
                                       "src/platform/notify",
                                       "src/platform/tasks",
                                       "src/platform/forms",
                                       "src/platform/workflow",
                                       "src/platform/signatures",
                                       "src/solutions/procedures",
                                       NULL };

static const struct {
    const char *username, *name, *role, *org_key;
} people[PEOPLE] = {
    [LAN] = { "lan", "Nguyễn Thị Lan", NULL, NULL },
    [SON] = { "son", "Trần Văn Sơn", NULL, NULL },
    [RECEPTION] = { "hanh", "Trần Thị Ngọc Hạnh", "reception", "ubnd-28261" },
    [SPECIALIST] = { "khoa", "Lê Minh Khoa", "specialist", "ubnd-28261" },
    [LEADER] = { "thang", "Huỳnh Quốc Thắng", "leader", "ubnd-28261" },
    [CLERK] = { "cuc", "Phạm Thị Thu Cúc", "clerk", "ubnd-28261" },
    [RECEPTION_ELSEWHERE] = { "tuyen", "Võ Thanh Tuyền", "reception", "ubnd-28249" },
    [TWO_HATS] = { "hai", "Đỗ Văn Hai", "reception", "ubnd-28261" },
};

static Store *store;
static char folder[] = "/tmp/sen-procedures-XXXXXX";
static int64_t accounts[PEOPLE];

Store *office_store(void)
{
    return store;
}

static void hire(Db *db, void *argument)
{
    (void)argument;
    for (Who who = LAN; who < PEOPLE; who++) {
        const Org *org = people[who].org_key ? org_by_key(people[who].org_key) : NULL;
        accounts[who] =
            account_create(db, org ? ACTOR_OFFICIAL : ACTOR_CITIZEN, people[who].username, "-",
                           people[who].name, who == LAN ? "087190900001" : NULL, org ? org->id : 0);
        if (org)
            role_assign(db, accounts[who], people[who].role, org->id, true);
    }
}

static void promote(Db *db, void *role)
{
    role_assign(db, accounts[TWO_HATS], role, org_by_key("ubnd-28261")->id, true);
}

void office_second_hat(const char *role)
{
    if (role)
        store_write_wait(store, promote, (void *)role);
    else
        office_run(fmt("delete from iam_assignment where account_id = %lld and role <> 'reception'",
                       (long long)accounts[TWO_HATS]));
}

void office_open(void)
{
    static Settings settings;
    CHECK(mkdtemp(folder) != NULL);
    for (const char *const *name = (const char *const[]){ "files", "tmp", "keys", NULL }; *name; name++)
        mkdir(fmt("%s/%s", folder, *name), 0700);
    store = test_store_open();
    test_store_migrate(store, (const char *const *)folders);
    settings = (Settings){
        .data_dir = folder, .province_code = "H20", .base_url = "https://sen.test", .demo = true
    };
    solutions_use(rooms);
    app_use(&settings, store, NULL);
    view_start();
    app_prepare(store);
    office_now("2026-11-02T07:30"); /* before any of the tests: who is not in office yet gets no work */
    store_write_wait(store, hire, NULL);
    time_freeze(0);
}

void office_close(void)
{
    time_freeze(0);
    audit_flush();
    alarm(30); /* a test that broke off inside a read keeps the store from closing: rather fail than wait */
    app_finish();
    test_store_close(store);
    view_stop();
    reports_stop();
    CHECK(system(fmt("rm -rf %s", folder)) == 0);
}

/* ---- Requests ---- */

static Actor *actor_of(Db *db, Who who)
{
    Actor *actor = alloc(sizeof *actor);
    *actor = (Actor){ .kind = ACTOR_STRANGER };
    if (who == STRANGER)
        return actor;
    Json row = db_row(db, "select person_id, org_id, grants_version from iam_account where id = ?1",
                      ID(accounts[who]));
    actor->kind = people[who].org_key ? ACTOR_OFFICIAL : ACTOR_CITIZEN;
    actor->account_id = accounts[who];
    actor->person_id = json_id(row, "person_id");
    actor->org_id = json_id(row, "org_id");
    actor->name = people[who].name;
    actor->username = people[who].username;
    actor->grants = grants_of(db, accounts[who], actor->kind, json_int(row, "grants_version"), now_ms());
    return actor;
}

/* Does "/dossiers/12/accept" match "/dossiers/{id}/accept"? Fills the values. */
static bool matches(const char *pattern, const char *path, Json values)
{
    size_t n, m;
    char **want = text_split(pattern, '/', &n), **have = text_split(path, '/', &m);
    for (size_t i = 0; n == m && i < n; i++) {
        if (*want[i] == '{')
            json_set_str(values, text_copy_n(want[i] + 1, strlen(want[i]) - 2), have[i]);
        else if (!text_is(want[i], have[i]))
            return false;
    }
    return n == m;
}

static const Route *route_of(Method method, const char *path, Json *values)
{
    for (const Route *route = procedures_solution.routes; route->path; route++) {
        *values = json_new();
        if (route->method == method && matches(route->path, path, *values))
            return route;
    }
    return NULL;
}

static Json query_of(const char *text)
{
    Json query = json_new();
    for (char **pair = text_split(text, '&', NULL); *text && *pair; pair++) {
        char *equals = strchr(*pair, '=');
        json_set_str(query, text_copy_n(*pair, (size_t)(equals - *pair)),
                     url_decode(equals + 1, strlen(equals + 1), true));
    }
    return query;
}

static Request *request(Who who, Method method, const char *target, const char *typed)
{
    Exchange *exchange = alloc(sizeof *exchange);
    Request *rq = &exchange->rq;
    size_t path_size = strcspn(target, "?");
    const char *query = target[path_size] ? target + path_size + 1 : "";
    const char *json = text_replace(text_or(typed, "{}"), "'", "\"");
    *rq = (Request){ .arena = arena_current(),
                     .method = method,
                     .target = target,
                     .now = now_ms(),
                     .ip = "203.0.113.7",
                     .trace_id = "test",
                     .wants_json = true,
                     .lang = "vi",
                     .connection = exchange,
                     .input = json_new(),
                     .errors = json_list() };
    rq->path = text_copy_n(target, path_size);
    rq->route = route_of(method, rq->path, &rq->path_values);
    rq->query = query_of(query);
    rq->typed = json_parse_own(json, strlen(json), "typed");
    CHECK(rq->route != NULL);
    rq->db = store_read_begin(store);
    rq->actor = actor_of(rq->db, who);
    return rq;
}

static bool may(const Request *rq)
{
    const char *permission = rq->route->permission;
    if (text_is(permission, "public"))
        return true;
    return rq->actor->kind != ACTOR_STRANGER &&
           (text_is(permission, "signed-in") || can(rq->actor, permission));
}

typedef struct Write {
    Request *rq;
    Reply reply;
} Write;

static void write_one(Db *db, void *argument)
{
    Write *w = argument;
    w->rq->db = db;
    w->rq->errors = json_list();
    w->reply = w->rq->route->handler(w->rq);
    if (w->reply.status >= 400 || has_errors(w->rq))
        db_reject(db);
}

static Reply answer(Request *rq)
{
    Write w = { .rq = rq };
    if (!may(rq)) {
        store_read_end(rq->db);
        return problem(rq, 403, "http.forbidden", NULL);
    }
    params_check(rq);
    bool reads = rq->method == GET || rq->route->flags & ROUTE_SLOW;
    if (has_errors(rq))
        w.reply = refuse(rq);
    else if (reads)
        w.reply = rq->route->handler(rq);
    store_read_end(rq->db);
    rq->db = NULL;
    if (!has_errors(rq) && !reads)
        store_write_wait(store, write_one, &w);
    if (has_errors(rq)) {
        w.reply.status = 422;
        Json wrong = json_array_get(rq->errors, 0);
        bool key = strchr(json_str(wrong, "rule"), '.') !=
                   NULL; /* "procedures.…"; a form's own rule says its field too */
        w.reply.code =
            key ? json_str(wrong, "rule") : fmt("%s %s", json_str(wrong, "rule"), json_str(wrong, "path"));
    }
    if (!w.reply.model && text_is(w.reply.type, "application/json"))
        w.reply.model = json_parse_own(w.reply.bytes, w.reply.size, "answer");
    return w.reply;
}

Reply office_get(Who who, const char *path)
{
    return answer(request(who, GET, path, NULL));
}

Reply office_post(Who who, const char *path, const char *typed)
{
    return answer(request(who, POST, path, typed));
}

static const char small_pdf[] =
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Size 4/Root 1 0 R>>\n%%EOF\n";

Reply office_send(Who who, const char *path, const char *typed, const char *field)
{
    Request *rq = request(who, POST, path, typed);
    Upload *upload = alloc(sizeof *upload);
    char *file = fmt("%s/tmp/upload-XXXXXX", folder);
    int fd = mkstemp(file);
    CHECK(fd >= 0 && write(fd, small_pdf, sizeof small_pdf - 1) == (ssize_t)sizeof small_pdf - 1);
    close(fd);
    *upload =
        (Upload){ .field = field, .file_name = "giay-to.pdf", .path = file, .size = sizeof small_pdf - 1 };
    strcpy(upload->sha256, sha256_hex(small_pdf, sizeof small_pdf - 1));
    rq->uploads = upload;
    rq->upload_count = 1;
    return answer(rq);
}

void office_now(const char *moment)
{
    int64_t ms = 0;
    CHECK(!moment || time_parse(moment, &ms));
    time_freeze(ms);
}

/* ---- Looking ---- */

Dossier office_dossier(int64_t id)
{
    Dossier d = { 0 };
    Db *db = store_read_begin(store);
    bool there = dossier_find(db, id, &d);
    store_read_end(db);
    CHECK(there);
    return d;
}

int64_t office_int(const char *sql)
{
    Db *db = store_read_begin(store);
    int64_t value = db_int(db, sql);
    store_read_end(db);
    return value;
}

static void run(Db *db, void *sql)
{
    db_exec(db, sql);
}

void office_run(const char *sql)
{
    store_write_wait(store, run, (void *)sql);
}

const char *office_error(Reply reply)
{
    return reply.status < 400 ? "" : text_or(reply.code, "");
}

/* ---- A dossier's life ---- */

#define APPLICANT "'applicant.phone': '0912345678', 'applicant.address': '12 Trưng Trắc'"

static const char *form_of(const char *procedure)
{
    const char *org =
        fmt("'step': 'details', 'org_id': '%lld', " APPLICANT, (long long)org_by_key("ubnd-28261")->id);
    if (text_is(procedure, "2.000815"))
        return fmt("{%s, 'document': 'Bằng tốt nghiệp', 'pages': '5', 'copies': '3'}", org);
    if (text_is(procedure, "1.004222"))
        return fmt("{%s, 'mover.name': 'Nguyễn Thị Lan', 'mover.birth_date': '1990-02-03', 'mover.gender': "
                   "'nu', 'mover.pid': '087190900001',"
                   " 'mover.new_address': '12 Trưng Trắc', 'household.head_name': 'Nguyễn Văn Ba', "
                   "'household.relation': 'con',"
                   " 'request': 'Đăng ký thường trú'}",
                   org);
    return fmt("{%s, 'request': 'Đề nghị giải quyết'}", org);
}

static int64_t file_it(const char *procedure)
{
    Reply reply = office_post(LAN, fmt("/procedures/%s/apply", procedure), form_of(procedure));
    CHECK_TEXT(office_error(reply), "");
    int64_t id = json_id(reply.model, "draft");
    Json rows;
    Db *db = store_read_begin(store);
    rows = db_rows(db,
                   "select c.id from prc_component_def c join prc_dossier d on d.version_id = c.version_id "
                   "where d.id = ?1 and c.required",
                   ID(id));
    store_read_end(db);
    json_each (rows, i, row)
        office_send(LAN, fmt("/procedures/%s/apply?draft=%lld", procedure, (long long)id),
                    "{'step': 'papers', 'go': 'stay'}", fmt("paper_%s", json_str(row, "id")));
    reply = office_post(LAN, fmt("/procedures/%s/apply?draft=%lld", procedure, (long long)id),
                        fmt("{'step': 'review', 'request_id': 'r%lld'}", (long long)id));
    CHECK_TEXT(office_error(reply), "");
    return id;
}

Reply office_act(Who who, int64_t id, const char *act, const char *typed)
{
    return office_post(who, fmt("/dossiers/%lld/%s", (long long)id, act), typed);
}

int64_t office_at(const char *stage, const char *procedure)
{
    static const struct {
        const char *stage, *act, *typed;
        Who who;
    } way[] = {
        { "submitted", "accept", "{}", RECEPTION },
        { "examine", "examine",
          "{'kind': 'positive', 'result_title': 'Kết quả', 'conclusion': 'Hồ sơ đủ điều kiện giải quyết.'}",
          SPECIALIST },
        { "sign", "sign", "{}", LEADER },
        { "issue", "issue", "{}", CLERK },
    };
    int64_t id = file_it(procedure);
    for (size_t i = 0; i < sizeof way / sizeof *way && !text_is(way[i].stage, stage); i++)
        CHECK_TEXT(office_error(office_act(way[i].who, id, way[i].act, way[i].typed)), "");
    return id;
}
