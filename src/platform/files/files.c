/* Files for the rest of the program: rows that name bytes on disk (disk.c), what may come in, and how it goes
 * out. */
#include "platform/files/files.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/files/inside.h"

#include <string.h>

#define OFFICE       "application/vnd.openxmlformats-officedocument."
#define OPENDOCUMENT "application/vnd.oasis.opendocument."
static const char *const default_types =
    "application/pdf image/jpeg image/png " OPENDOCUMENT "text " OFFICE "wordprocessingml.document";
static const int64_t default_size = 50 << 20;

static bool listed(const char *types, const char *type)
{
    for (char **one = text_split(types, ' ', NULL); *one; one++)
        if (text_is(*one, type))
            return true;
    return false;
}

/* What is inside, once size and type are right. */
static const char *check_content(const char *path, const char *type)
{
    Mapped file = file_map(path);
    if (text_is(type, "application/pdf") && pdf_encrypted(file.at, file.size))
        return "files.encrypted";
    if ((text_starts(type, OFFICE) || text_starts(type, OPENDOCUMENT)) && office_macro(file.at, file.size))
        return "files.macro";
    if (settings()->clamd && clamd_scan(settings()->clamd, file.at, file.size) == SCAN_INFECTED)
        return "files.infected";
    return NULL;
}

/* What is good is made durable here, where nobody waits in a transaction: files_take() then only adds its
 * row. */
const char *files_check(const Upload *upload, const FileRules *rules)
{
    const char *types = rules && rules->types ? rules->types : default_types;
    if (upload->size == 0)
        return "files.empty";
    if (upload->size > (rules && rules->max_size ? rules->max_size : default_size))
        return "files.too-large";
    const char *type = type_of_file(upload->path);
    if (!listed(types, type))
        return "files.type";
    const char *refusal = check_content(upload->path, type);
    if (!refusal)
        disk_place(upload->path, upload->sha256);
    return refusal;
}

/* ---- Rows ---- */

static const Field fields[] = {
    FIELD(ID, FileRef, id),     FIELD(TEXT, FileRef, sha256), FIELD(TEXT, FileRef, name),
    FIELD(TEXT, FileRef, type), FIELD(INT, FileRef, size),    { 0 },
};

static FileRef add_row(Db *db, FileRef file, int64_t owner_account, int64_t org_id, const char *scan_state)
{
    file.id = id_new();
    db_exec(
        db,
        "insert into file (id, sha256, name, type, size, owner_account_id, org_id, created_at, scan_state)"
        " values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        I(file.id), T(file.sha256), T(file.name), T(file.type), I(file.size), ID(owner_account), ID(org_id),
        I(now_ms()), T(scan_state));
    return file;
}

FileRef files_take(Db *db, const Upload *upload, int64_t owner_account, int64_t org_id)
{
    disk_place(upload->path, upload->sha256);
    FileRef file = { .sha256 = text_copy(upload->sha256),
                     .name = text_or(upload->file_name, ""),
                     .type = type_of_file(files_path(upload->sha256)),
                     .size = upload->size };
    return add_row(db, file, owner_account, org_id, settings()->clamd ? "pending" : "off");
}

FileRef files_put(Db *db, const void *bytes, size_t size, const char *name, const char *type,
                  int64_t owner_account, int64_t org_id)
{
    FileRef file = { .sha256 = disk_put(bytes, size), .name = name, .type = type, .size = (int64_t)size };
    return add_row(db, file, owner_account, org_id, "own");
}

bool files_find(Db *db, int64_t id, FileRef *out)
{
    return db_get(db, fields, out, "select id, sha256, name, type, size from file where id = ?1", I(id));
}

/* ---- Going out ---- */

/* Only these are shown inside a page; everything else is saved, so that a browser never runs what a stranger
 * filed. */
static bool shown_inside(const char *type)
{
    return listed("application/pdf image/jpeg image/png", type);
}

Reply files_reply(Request *rq, const FileRef *file, bool save)
{
    const char *scan = db_text(rq->db, "select scan_state from file where id = ?1", I(file->id));
    if (text_is(scan, "infected"))
        return forbidden(rq, "files.infected");
    Reply reply = file_reply(file->type, files_path(file->sha256),
                             save || !shown_inside(file->type) ? file->name : NULL);
    reply_etag(&reply, file->sha256);
    reply_header(&reply, "Cache-Control", "private, no-cache");
    reply_header(&reply, "X-Content-Type-Options", "nosniff");
    return reply;
}

static void stop(void)
{
    type_stop();
}

const Solution files_solution = { .name = "files", .jobs = files_jobs, .verify = files_verify, .stop = stop };
