/* See bench.h. */
#include "bench.h"
#include "platform/identity/directory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int64_t bench_now(void)
{
    return local_ms(2026, 11, 17, 8, 0, 0);
}

static void people(Db *db, void *argument)
{
    (void)argument;
    static const char *const roles[] = { "chuyen-vien", "lanh-dao" };
    for (int i = 0; i < 2; i++)
        db_exec(db, "insert into iam_role (name, title, privileged) values (?1, ?1, ?2)", T(roles[i]),
                B(false));
    for (int64_t id = 1; id <= 4; id++)
        db_exec(db, "insert into iam_account (id, kind, username, created_at) values (?1, 'official', ?2, 0)",
                I(id), T(fmt("u%d", (int)id)));
    static const struct {
        int64_t account;
        int role;
    } has[] = { { 1, 0 }, { 2, 0 }, { 1, 1 }, { 3, 1 } };
    for (size_t i = 0; i < sizeof has / sizeof *has; i++)
        db_exec(db,
                "insert into iam_assignment (id, account_id, role, subtree, valid_from, created_at) values "
                "(?1, ?2, ?3, ?4, 0, 0)",
                I((int64_t)i + 1), I(has[i].account), T(roles[has[i].role]), B(true));
}

void bench_people(Store *store)
{
    store_write_wait(store, people, NULL);
    Db *db = store_read_begin(store);
    directory_load(db, bench_now());
    store_read_end(db);
}

Store *bench_open(void)
{
    static const char *const rooms[] = { "src/platform/audit",    "src/platform/events",
                                         "src/platform/identity", "src/platform/jobs",
                                         "src/platform/workflow", "src/platform/tasks",
                                         "src/platform/notify",   NULL };
    Store *store = test_store_open();
    test_store_migrate(store, rooms);
    bench_people(store);
    return store;
}

typedef struct Call {
    const char *text, *key, *name, *outcome;
    int64_t instance, account, now, number;
    int64_t answer;
} Call;

static Json parsed(const char *text)
{
    return text ? json_parse_own(text, strlen(text), "test") : NULL;
}

static void deploy(Db *db, void *argument)
{
    Call *c = argument;
    definition_deploy(db, "test.bpmn", c->text, strlen(c->text), 1);
}

void bench_deploy(Store *store, const char *xml)
{
    store_write_wait(store, deploy, &(Call){ .text = xml });
}

static void start(Db *db, void *argument)
{
    Call *c = argument;
    WfStart s = { .process_id = c->name,
                  .business_key = c->key,
                  .subject_id = 77,
                  .module = "test",
                  .subject = "Hồ sơ thử",
                  .url = "/t",
                  .started_by = 1,
                  .due_at = c->number,
                  .variables = parsed(c->text) };
    c->answer = wf_start(db, &s, c->now);
}

int64_t bench_start(Store *store, const char *process, const char *key, const char *variables, int64_t now)
{
    Call c = { .name = process, .key = key, .text = variables, .now = now };
    store_write_wait(store, start, &c);
    return c.answer;
}

static int64_t task_of(Db *db, const Call *c)
{
    return db_int(db, "select id from task where instance_id = ?1 and element_id = ?2 order by id desc",
                  ID(c->instance), T(c->name));
}

static void complete(Db *db, void *argument)
{
    Call *c = argument;
    Actor actor = { .kind = ACTOR_OFFICIAL, .account_id = c->account };
    c->answer = wf_complete_task(db, task_of(db, c), &actor, c->outcome, parsed(c->text), c->now);
}

WfAnswer bench_complete(Store *store, int64_t instance, const char *element, int64_t account,
                        const char *outcome, const char *data, int64_t now)
{
    Call c = { .instance = instance,
               .name = element,
               .account = account,
               .outcome = outcome,
               .text = data,
               .now = now };
    store_write_wait(store, complete, &c);
    return (WfAnswer)c.answer;
}

static void claim(Db *db, void *argument)
{
    Call *c = argument;
    Actor actor = { .kind = ACTOR_OFFICIAL, .account_id = c->account };
    c->answer = tasks_claim(db, task_of(db, c), &actor, c->now);
}

TaskClaim bench_claim(Store *store, int64_t instance, const char *element, int64_t account, int64_t now)
{
    Call c = { .instance = instance, .name = element, .account = account, .now = now };
    store_write_wait(store, claim, &c);
    return (TaskClaim)c.answer;
}

static void publish(Db *db, void *argument)
{
    Call *c = argument;
    c->answer = wf_publish_once(db, c->name, c->key, c->outcome, parsed(c->text), c->number, c->now);
}

int bench_publish(Store *store, const char *name, const char *key, const char *message_id,
                  const char *variables, int64_t ttl_ms, int64_t now)
{
    Call c = {
        .name = name, .key = key, .outcome = message_id, .text = variables, .number = ttl_ms, .now = now
    };
    store_write_wait(store, publish, &c);
    return (int)c.answer;
}

static void retry(Db *db, void *argument)
{
    Call *c = argument;
    int64_t incident =
        db_int(db, "select id from wf_incident where instance_id = ?1 and resolved_at is null order by id",
               ID(c->instance));
    c->answer = workflow_retry(db, c->instance, incident, 1, c->now);
}

bool bench_retry(Store *store, int64_t instance, int64_t now)
{
    Call c = { .instance = instance, .now = now };
    store_write_wait(store, retry, &c);
    return c.answer;
}

static void cancel(Db *db, void *argument)
{
    Call *c = argument;
    wf_cancel(db, c->instance, "thử", c->now);
}

void bench_cancel(Store *store, int64_t instance, int64_t now)
{
    store_write_wait(store, cancel, &(Call){ .instance = instance, .now = now });
}

static void set(Db *db, void *argument)
{
    Call *c = argument;
    wf_set(db, c->instance, c->name, parsed(c->text));
}

void bench_set(Store *store, int64_t instance, const char *name, const char *value)
{
    store_write_wait(store, set, &(Call){ .instance = instance, .name = name, .text = value });
}

static void due(Db *db, void *argument)
{
    Call *c = argument;
    wf_due_changed(db, c->instance, c->number);
}

void bench_due(Store *store, int64_t instance, int64_t due_at)
{
    store_write_wait(store, due, &(Call){ .instance = instance, .number = due_at });
}

/* ---- Looking ---- */

static char mark(const char *state)
{
    return text_is(state, "completed")    ? '+'
           : text_is(state, "terminated") ? '-'
           : text_is(state, "active")     ? '*'
           : text_is(state, "activating") ? '?'
                                          : '!';
}

const char *bench_path(Store *store, int64_t instance)
{
    Db *db = store_read_begin(store);
    Json rows = wf_history(db, instance);
    store_read_end(db);
    char *path = "";
    json_each (rows, i, row)
        path = fmt("%s%s%s%c", path, *path ? " " : "", json_str(row, "element_id"),
                   mark(json_str(row, "state")));
    return path;
}

const char *bench_text(Store *store, const char *sql, int64_t id)
{
    Db *db = store_read_begin(store);
    const char *text = text_or(db_text(db, sql, ID(id)), "");
    store_read_end(db);
    return text;
}

int64_t bench_int(Store *store, const char *sql, int64_t id)
{
    Db *db = store_read_begin(store);
    int64_t n = db_int(db, sql, I(id));
    store_read_end(db);
    return n;
}

const char *bench_state(Store *store, int64_t instance)
{
    return bench_text(store, "select state from wf_instance where id = ?1", instance);
}

const char *bench_incident(Store *store, int64_t instance)
{
    return bench_text(
        store, "select type from wf_incident where instance_id = ?1 and resolved_at is null order by id",
        instance);
}

const char *bench_variable(Store *store, int64_t instance, const char *name)
{
    Db *db = store_read_begin(store);
    Json value = json_object_get(wf_variables(db, instance), name);
    store_read_end(db);
    return value ? json_text(value) : "";
}

const char *bench_file(const char *name)
{
    char folder[4096];
    if (!getcwd(folder, sizeof folder))
        raise_fault(FAULT_INTERNAL, "test.file", "no working folder");
    for (;;) {
        FILE *file = fopen(fmt("%s/%s", folder, name), "r");
        if (file) {
            char *text = alloc(100000);
            size_t size = fread(text, 1, 99999, file);
            fclose(file);
            return text_copy_n(text, size);
        }
        char *slash = strrchr(folder, '/');
        if (!slash)
            raise_fault(FAULT_INTERNAL, "test.file", "%s is not there", name);
        *slash = '\0';
    }
}

void bench_close(Store *store)
{
    test_store_close(store);
    definitions_forget();
    directory_free();
}
