/* Deployed versions: texts in the store, models in memory.
 *
 * A model never changes once its version is deployed, so it is read once and kept for the life of the program
 * in an arena of its own, owned by this file and freed by definitions_forget(). */
#include "base/arena.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/workflow/engine.h"

#include <pthread.h>
#include <string.h>

typedef struct Kept {
    struct Kept *next;
    int64_t definition_id;
    Arena *arena;
    const Model *model;
} Kept;

static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static Kept *kept;

static const Model *find_kept(int64_t definition_id)
{
    pthread_mutex_lock(&kept_lock);
    const Kept *k = kept;
    while (k && k->definition_id != definition_id)
        k = k->next;
    pthread_mutex_unlock(&kept_lock);
    return k ? k->model : NULL;
}

/* Another thread may have been faster; then two equal models are kept, which does no harm. */
static void keep(int64_t definition_id, Arena *arena, const Model *model)
{
    Kept *k = heap_alloc(sizeof *k);
    *k = (Kept){ .definition_id = definition_id, .arena = arena, .model = model };
    pthread_mutex_lock(&kept_lock);
    k->next = kept;
    kept = k;
    pthread_mutex_unlock(&kept_lock);
}

void definitions_forget(void)
{
    while (kept) {
        Kept *next = kept->next;
        arena_free(kept->arena);
        heap_free(kept);
        kept = next;
    }
}

/* Reads into an arena of its own; a fault on the way frees it. */
static const Model *read_kept(int64_t definition_id, const char *xml)
{
    Guard guard;
    Arena *arena = arena_new(0), *outside = arena_current();
    if (!arena)
        raise_fault(FAULT_MEMORY, "memory.exhausted", "no memory for a model");
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        arena_use(arena);
        const Model *model = bpmn_read(xml, strlen(xml), json_list());
        if (!model)
            raise_fault(FAULT_INTERNAL, "workflow.model", "definition %lld cannot be read",
                        (long long)definition_id);
        keep(definition_id, arena, model);
        guard_leave(&guard);
        arena_use(outside);
        return model;
    }
    arena_use(outside);
    arena_free(arena);
    raise_again(&guard.fault);
}

const Model *definition_model(Db *db, int64_t definition_id)
{
    const Model *model = find_kept(definition_id);
    if (model)
        return model;
    const char *xml = db_text(
        db, "select r.body from wf_definition d join wf_resource r on r.id = d.resource_id where d.id = ?1",
        ID(definition_id));
    if (!xml)
        raise_fault(FAULT_INTERNAL, "workflow.model", "definition %lld is gone", (long long)definition_id);
    return read_kept(definition_id, xml);
}

int64_t definition_newest(Db *db, const char *process_id, int64_t now)
{
    return db_int(
        db,
        "select id from wf_definition where process_id = ?1 and state = 'active' and effective_from <= ?2 "
        "order by version desc limit 1",
        T(process_id), I(now));
}

static void refuse_faulty(const char *name, Json problems)
{
    json_each (problems, i, problem)
        if (text_is(json_str(problem, "severity"), "error"))
            raise_fault(FAULT_INTERNAL, "workflow.deploy", "%s: %s at %s: %s", name,
                        json_str(problem, "rule"), json_str(problem, "element"), json_str(problem, "detail"));
}

int64_t definition_deploy(Db *db, const char *name, const char *xml, size_t size, int64_t now)
{
    Json problems = json_list();
    const Model *model = bpmn_read(xml, size, problems);
    refuse_faulty(name, problems);
    const char *sha = sha256_hex(xml, size);
    int64_t deployment = id_new(), resource = id_new(), definition = id_new();
    Json newest = db_row(
        db,
        "select d.id, d.version, r.sha256 from wf_definition d join wf_resource r on r.id = d.resource_id "
        "where d.process_id = ?1 order by d.version desc limit 1",
        T(model->process_id));
    if (newest && text_is(json_str(newest, "sha256"), sha))
        return json_id(newest, "id");
    db_exec(db,
            "insert into wf_deployment (id, name, effective_from, sha256, created_at) values (?1, ?2, ?3, "
            "?4, ?3)",
            ID(deployment), T(name), I(now), T(sha));
    db_exec(db,
            "insert into wf_resource (id, deployment_id, name, kind, body, sha256) values (?1, ?2, ?3, "
            "'bpmn', ?4, ?5)",
            ID(resource), ID(deployment), T(name), T(text_copy_n(xml, size)), T(sha));
    db_exec(db,
            "insert into wf_definition (id, process_id, version, version_tag, name, resource_id, state, "
            "effective_from, created_at) "
            "values (?1, ?2, ?3, ?4, ?5, ?6, 'active', ?8, ?7)",
            ID(definition), T(model->process_id), I(json_int(newest, "version") + 1), T(model->version_tag),
            T(model->name), ID(resource), I(now),
            I(newest ? now : 0)); /* the first has always been in force */
    log_info("workflow.deployed", "process", model->process_id, "version",
             fmt("%d", (int)json_int(newest, "version") + 1), NULL);
    return definition;
}

void definitions_ship(Db *db, int64_t now)
{
    for (const char **name = asset_names("src/", ".bpmn"); *name; name++) {
        size_t size;
        const char *xml = asset_text(*name, &size);
        definition_deploy(db, *name, xml, size, now);
    }
}
