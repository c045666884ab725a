/* The forms of the program by id, their versions in the store, and drafts. */
#include "platform/forms/forms.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/forms/schema.h"

#include <pthread.h>

enum { KEEP_DRAFTS_DAYS = 90 };

/* Every <room>/forms/…json, read once and kept in an arena of its own until forms_forget(). */
static pthread_mutex_t shipped_lock = PTHREAD_MUTEX_INITIALIZER;
static Arena *shipped_arena;
static Map *shipped;

static bool is_form(const char *name)
{
    size_t count;
    char **parts = text_split(name, '/', &count);
    return count > 2 && text_is(parts[count - 2], "forms") && !text_is(parts[count - 1], "package.json");
}

static Map *read_shipped(void)
{
    Map *forms = alloc(sizeof *forms);
    for (const char **name = asset_names("src/", ".json"); *name; name++) {
        char error[200];
        size_t size;
        if (!is_form(*name))
            continue;
        const char *text = asset_text(*name, &size);
        const Form *form = form_read(text, size, error, sizeof error);
        if (!form)
            raise_fault(FAULT_INTERNAL, "forms.shipped", "%s: %s", *name, error);
        if (map_get(forms, form->id))
            raise_fault(FAULT_INTERNAL, "forms.shipped", "%s: there are two forms with the id %s", *name,
                        form->id);
        map_put(forms, form->id, (void *)form);
    }
    return forms;
}

static void load_shipped(void)
{
    Guard guard;
    Arena *outside = arena_current(), *arena = arena_new(0);
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        arena_use(arena);
        shipped = read_shipped();
        shipped_arena = arena;
        guard_leave(&guard);
        arena_use(outside);
        return;
    }
    arena_use(outside);
    arena_free(arena);
    pthread_mutex_unlock(&shipped_lock);
    raise_again(&guard.fault);
}

const Form *form_find(const char *id)
{
    pthread_mutex_lock(&shipped_lock);
    if (!shipped)
        load_shipped();
    pthread_mutex_unlock(&shipped_lock);
    return map_get(shipped, id);
}

void forms_forget(void)
{
    arena_free(shipped_arena);
    shipped_arena = NULL;
    shipped = NULL;
    form_communes_forget();
    form_patterns_forget();
}

/* ---- Versions ---- */

static void deploy(Db *db, const char *id, const char *text, size_t size, int64_t now)
{
    const char *sha = sha256_hex(text, size);
    Json newest = db_row(
        db, "select version, sha256 from form_definition where form_id = ?1 order by version desc limit 1",
        T(id));
    if (newest && text_is(json_str(newest, "sha256"), sha))
        return;
    db_exec(db,
            "insert into form_definition (form_id, version, schema, sha256, created_at) values (?1, ?2, ?3, "
            "?4, ?5)",
            T(id), I(json_int(newest, "version") + 1), T(text_copy_n(text, size)), T(sha), I(now));
}

static void load_reference(Db *db)
{
    for (const char **name = asset_names("src/", ".json"); *name; name++) {
        size_t size;
        if (!is_form(*name))
            continue;
        const char *text = asset_text(*name, &size);
        deploy(db, json_str(json_parse_own(text, size, *name), "id"), text, size, now_ms());
    }
}

/* ---- Drafts ---- */

void form_draft_save(Db *db, int64_t owner, const char *form_id, const char *subject, Json data, int64_t now)
{
    db_exec(
        db,
        "insert into form_draft (owner_id, form_id, subject, data, updated_at) values (?1, ?2, ?3, ?4, ?5) "
        "on conflict (owner_id, form_id, subject) do update set data = excluded.data, updated_at = "
        "excluded.updated_at",
        ID(owner), T(form_id), T(subject), J(data), I(now));
}

Json form_draft(Db *db, int64_t owner, const char *form_id, const char *subject)
{
    Json row = db_row(
        db, "select data, updated_at from form_draft where owner_id = ?1 and form_id = ?2 and subject = ?3",
        ID(owner), T(form_id), T(subject));
    return row;
}

void form_draft_drop(Db *db, int64_t owner, const char *form_id, const char *subject)
{
    db_exec(db, "delete from form_draft where owner_id = ?1 and form_id = ?2 and subject = ?3", ID(owner),
            T(form_id), T(subject));
}

static void expire(Work *work)
{
    db_exec(work->db, "delete from form_draft where updated_at < ?1",
            I(work->now - KEEP_DRAFTS_DAYS * (int64_t)DAY_MS));
}

static const Job jobs[] = { { .type = "forms.expire-drafts", .run = expire, .every_s = 24 * 3600 }, { 0 } };

const Solution forms_solution = {
    .name = "forms", .jobs = jobs, .load_reference = load_reference, .stop = forms_forget
};
