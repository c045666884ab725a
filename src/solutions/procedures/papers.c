/* A file is stored before the row that names it and never replaced: a newer paper supersedes the older one,
 * which stays readable for those who handle the dossier. Type is found by content, size is limited, encrypted
 * and macro-carrying files are refused (platform/files). */
#include "solutions/procedures/papers.h"
#include "base/crypto.h"
#include "base/text.h"
#include "platform/audit/audit.h"
#include "platform/files/files.h"

#include <string.h>

static bool belongs(const Upload *upload, const char *prefix)
{
    return upload->size > 0 && text_starts(upload->field, prefix);
}

size_t papers_check(Request *rq, const char *prefix)
{
    size_t count = 0;
    for (size_t i = 0; i < rq->upload_count; i++) {
        const Upload *upload = &rq->uploads[i];
        if (!belongs(upload, prefix))
            continue;
        const char *refusal = files_check(upload, &(FileRules){ 0 });
        if (refusal)
            invalid(rq, upload->field, refusal, json_set_str(json_new(), "name", upload->file_name));
        count++;
    }
    return count;
}

/* A paper of a dossier with the file behind it. */
static void insert_paper(Db *db, const Dossier *d, const FileRef *file, int64_t component_id,
                         const char *name, int64_t supplement_id, int64_t by_id, int64_t now)
{
    db_exec(db,
            "insert into prc_dossier_component (id, dossier_id, component_id, name, state, file_id, "
            "file_name, sha256, size, copy_kind,"
            " digitised, reused, from_national_store, supplement_id, added_by_id, added_at)"
            " values (?1,?2,?3,?4,'given',?5,?6,?7,?8,2,?9,?10,?10,?11,?12,?13)",
            ID(id_new()), ID(d->id), ID(component_id), T(name), ID(file->id), T(file->name), T(file->sha256),
            I(file->size), B(true), B(false), ID(supplement_id), ID(by_id), I(now));
}

static void take_one(Request *rq, const Dossier *d, const Upload *upload, int64_t component_id,
                     const char *name, int64_t supplement_id)
{
    FileRef file = files_take(rq->db, upload, rq->actor->account_id, d->org_id);
    if (component_id)
        db_exec(rq->db,
                "update prc_dossier_component set state = 'superseded' where dossier_id = ?1 and "
                "component_id = ?2",
                ID(d->id), ID(component_id));
    insert_paper(rq->db, d, &file, component_id, name, supplement_id, rq->actor->account_id, rq->now);
}

void papers_take(Request *rq, const Dossier *d, const char *prefix, Json names, int64_t supplement_id)
{
    for (size_t i = 0; i < rq->upload_count; i++) {
        const Upload *upload = &rq->uploads[i];
        int64_t number;
        if (!belongs(upload, prefix) || !text_int(upload->field + strlen(prefix), 0, INT64_MAX, &number))
            continue;
        const char *name =
            names ? json_string_value(json_array_get(names, (size_t)number))
                  : db_text(rq->db, "select name from prc_component_def where id = ?1 and version_id = ?2",
                            ID(number), ID(d->version_id));
        if (name)
            take_one(rq, d, upload, names ? 0 : number, name, supplement_id);
    }
}

bool papers_bring(Db *db, const Dossier *d, int64_t component_id, int64_t by_id, int64_t now)
{
    return db_exec(db,
                   "insert into prc_dossier_component (id, dossier_id, component_id, name, state, copy_kind, "
                   "digitised, reused, from_national_store, added_by_id, added_at)"
                   " select ?1, ?2, id, name, 'given', case when original_qty > 0 then 0 else 1 end, ?5, ?5, "
                   "?5, ?6, ?7 from prc_component_def where id = ?3 and version_id = ?4",
                   ID(id_new()), ID(d->id), ID(component_id), ID(d->version_id), B(false), ID(by_id),
                   I(now)) == 1;
}

void papers_fill(Db *db, const Dossier *d, const FileRef *file, int64_t by_id, int64_t now)
{
    json_each (papers_missing_rows(db, d), i, row)
        insert_paper(db, d, file, json_id(row, "id"), json_str(row, "name"), 0, by_id, now);
}

void papers_remove(Db *db, const Dossier *d, int64_t paper_id)
{
    db_exec(db, "update prc_dossier_component set state = 'superseded' where dossier_id = ?1 and id = ?2",
            ID(d->id), ID(paper_id));
}

Json papers_given(Db *db, const Dossier *d)
{
    Json rows = db_rows(db,
                        "select id, component_id, name, file_id, file_name, size, sha256, added_at, "
                        "case when supplement_id is null then 0 else 1 end as added_later,"
                        " case state when 'given' then 0 else 1 end as superseded from prc_dossier_component "
                        "where dossier_id = "
                        "?1 order by added_at, id",
                        ID(d->id));
    json_each (rows, i, row)
        if (json_id(row, "file_id"))
            json_set_str(row, "url",
                         fmt("/dossiers/%lld/files/%s", (long long)d->id, json_str(row, "file_id")));
    return rows;
}

static void attach(Json paper, Json given)
{
    Json files = json_list();
    json_each (given, i, file) {
        if (!json_int(file, "superseded") && text_is(json_str(file, "component_id"), json_str(paper, "id")))
            json_add(files, json_incref(file));
    }
    json_set_bool(paper, "given", json_array_size(files) > 0);
    json_set(paper, "files", files);
}

Json papers_by_component(Db *db, const Dossier *d)
{
    Json groups = version_papers(db, d->version_id), given = papers_given(db, d);
    json_each (groups, i, group) {
        bool any = false;
        json_each (json_at(group, "papers"), k, paper) {
            attach(paper, given);
            any = any || json_bool(paper, "given");
        }
        json_set_bool(group, "given", any);
    }
    return groups;
}

Json papers_missing_rows(Db *db, const Dossier *d)
{
    return db_rows(
        db,
        "select id, name from prc_component_def c where c.version_id = ?1 and c.required and not exists "
        "(select "
        "1 from"
        " prc_dossier_component g where g.dossier_id = ?2 and g.component_id = c.id and g.state = 'given')"
        " order by c.place",
        ID(d->version_id), ID(d->id));
}

Json papers_missing(Db *db, const Dossier *d)
{
    Json names = json_list(), rows = papers_missing_rows(db, d);
    json_each (rows, i, row)
        json_add_str(names, json_str(row, "name"));
    return names;
}

/* A paper, or a result once it is issued: drafts of decisions never reach the applicant. */
static bool file_of_dossier(Db *db, const Dossier *d, int64_t file_id, bool official)
{
    if (db_int(db, "select count(*) from prc_dossier_component where dossier_id = ?1 and file_id = ?2",
               ID(d->id), ID(file_id)))
        return true;
    return db_int(
        db,
        "select count(*) from prc_result where dossier_id = ?1 and file_id = ?2 and (state = 'issued' or ?3)",
        ID(d->id), ID(file_id), B(official));
}

Reply dossier_file(Request *rq)
{
    Dossier d;
    FileRef file;
    int64_t file_id = path_id(rq, "file_id");
    if (!dossier_find(rq->db, path_id(rq, "id"), &d) || !dossier_may_read(&d, rq->actor) ||
        !file_of_dossier(rq->db, &d, file_id, rq->actor->kind == ACTOR_OFFICIAL) ||
        !files_find(rq->db, file_id, &file))
        return not_found(rq, "procedures.file.missing");
    audit_read(rq, "procedures.file.read",
               fmt("dossier:%lld/file:%lld", (long long)d.id, (long long)file_id));
    return files_reply(rq, &file, *query_str(rq, "save") != '\0');
}
