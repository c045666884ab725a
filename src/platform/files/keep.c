/* Looking after what is on disk: scanning what could not be scanned when it came, removing leftovers, and
 * proving that every row's bytes are as they were written. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/files/inside.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMPORARY_DAYS = 1, ORPHAN_DAYS = 7, SCAN_AT_ONCE = 100 };

/* Each name in a folder, but for those that begin with a dot. */
static void each_name(const char *folder, void (*each)(const char *path, const char *name, void *argument),
                      void *argument)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    Vec names = { 0 };
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            vec_add(&names, text_copy(entry->d_name));
    closedir(dir);
    for (size_t i = 0; i < names.count; i++)
        each(fmt("%s/%s", folder, (char *)names.items[i]), names.items[i], argument);
}

static bool older(const char *path, int64_t now, int days)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
           now - status.st_mtime * (int64_t)1000 > days * (int64_t)DAY_MS;
}

/* ---- Leftovers ---- */

typedef struct Cleaning {
    Db *db; /* to look */
    Store *store;
    int64_t now;
    const char *path, *sha256; /* the file that is looked at */
    int64_t temporary, orphans;
} Cleaning;

static void clean_temporary(const char *path, const char *name, void *argument)
{
    Cleaning *cleaning = argument;
    (void)name;
    if (older(path, cleaning->now, TEMPORARY_DAYS) && unlink(path) == 0)
        cleaning->temporary++;
}

/* In a write transaction, so that no other of this store is about to name the file; its age is looked at
 * again, because whoever is about to name it renews its time first. */
static void remove_orphan(Db *db, void *argument)
{
    Cleaning *cleaning = argument;
    if (!db_int(db, "select 1 from file where sha256 = ?1 limit 1", T(cleaning->sha256)) &&
        older(cleaning->path, cleaning->now, ORPHAN_DAYS) && unlink(cleaning->path) == 0)
        cleaning->orphans++;
}

static void clean_file(const char *path, const char *name, void *argument)
{
    Cleaning *cleaning = argument;
    if (!sha256_named(name) || !older(path, cleaning->now, ORPHAN_DAYS))
        return;
    cleaning->path = path;
    cleaning->sha256 = name;
    if (!db_int(cleaning->db, "select 1 from file where sha256 = ?1 limit 1", T(name)))
        store_write_wait(cleaning->store, remove_orphan, cleaning);
}

static void clean_folder(const char *path, const char *name, void *argument)
{
    (void)name;
    each_name(path, clean_file, argument);
}

static void clean(Work *work)
{
    Cleaning cleaning = { .db = work->db, .store = db_store(work->db), .now = work->now };
    each_name(fmt("%s/tmp", settings()->data_dir), clean_temporary, &cleaning);
    each_name(fmt("%s/files", settings()->data_dir), clean_folder, &cleaning);
    if (cleaning.temporary || cleaning.orphans)
        log_info("files.cleaned", "temporary", fmt("%lld", (long long)cleaning.temporary), "orphans",
                 fmt("%lld", (long long)cleaning.orphans), NULL);
}

/* ---- Scanning later ---- */

typedef struct Verdict {
    const char *sha256, *state;
} Verdict;

static void note_verdict(Db *db, void *argument)
{
    const Verdict *verdict = argument;
    db_exec(db, "update file set scan_state = ?1 where sha256 = ?2 and scan_state = 'pending'",
            T(verdict->state), T(verdict->sha256));
}

/* Scans what waits, also what was scanned on its way in: by now the scanner may know more. */
static void scan(Work *work)
{
    if (!settings()->clamd)
        return;
    Json rows =
        db_rows(work->db, "select id, sha256 from file where scan_state = 'pending' order by id limit ?1",
                I(SCAN_AT_ONCE));
    json_each (rows, i, row) {
        Verdict verdict = { .sha256 = json_str(row, "sha256") };
        Mapped file = file_map(files_path(verdict.sha256));
        Scan found = file.at ? clamd_scan(settings()->clamd, file.at, file.size) : SCAN_UNKNOWN;
        if (found == SCAN_UNKNOWN)
            continue;
        verdict.state = found == SCAN_CLEAN ? "clean" : "infected";
        if (found == SCAN_INFECTED)
            log_error("files.infected", "file", json_str(row, "id"), NULL);
        store_write_wait(db_store(work->db), note_verdict, &verdict);
    }
}

const Job files_jobs[] = {
    { .type = "files.clean", .run = clean, .every_s = 24 * 3600, .slow = true },
    { .type = "files.scan", .run = scan, .every_s = 300, .slow = true },
    { 0 },
};

/* ---- Proof ---- */

typedef struct Verifying {
    Json complaints;
    Arena *arena, *outer; /* one file's mapping dies before the next */
    bool sound;
} Verifying;

static bool verify_row(Json row, void *argument)
{
    Verifying *v = argument;
    arena_use(v->arena);
    const char *wrong = disk_complaint(json_str(row, "sha256"), json_int(row, "size"));
    arena_use(v->outer);
    if (*wrong) {
        json_add_str(v->complaints,
                     fmt("file %s (%s) %s", json_str(row, "id"), json_str(row, "sha256"), wrong));
        v->sound = false;
    }
    arena_reset(v->arena);
    return true;
}

static void free_arena(void *arena)
{
    arena_free(arena);
}

bool files_verify(Db *db, Json complaints)
{
    Verifying v = {
        .complaints = complaints, .arena = arena_new(0), .outer = arena_current(), .sound = true
    };
    if (!v.arena)
        raise_fault(FAULT_MEMORY, "memory.exhausted", "no memory to verify files");
    arena_defer(free_arena, v.arena);
    db_each(db, "select min(id) as id, sha256, max(size) as size from file group by sha256 order by 2",
            VALUES(), verify_row, &v);
    return v.sound;
}
