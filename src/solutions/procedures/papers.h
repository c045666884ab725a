/* The papers of a dossier: what was handed in for which component, and the files behind them. */
#ifndef SEN_PROCEDURES_PAPERS_H
#define SEN_PROCEDURES_PAPERS_H

#include "platform/files/files.h"
#include "solutions/procedures/dossier.h"

/* Checks every upload of a request whose field begins with `prefix` ("paper_", "item_") by content; what is
 * wrong goes to rq->errors under the field's name. Slow: outside write transactions. The number of files
 * sent. */
size_t papers_check(Request *rq, const char *prefix);
/* Takes them into the dossier: "paper_<component>" supersedes what was given before for that component.
 * `names` gives the names of the papers by the number after the prefix when they are items of a supplement
 * request; NULL for components. */
void papers_take(Request *rq, const Dossier *d, const char *prefix, Json names, int64_t supplement_id);
/* A paper of this component was brought to the counter: it counts as given and has no file until somebody
 * digitises it. False when the version asks for no such paper. */
bool papers_bring(Db *db, const Dossier *d, int64_t component_id, int64_t by_id, int64_t now);
/* Puts a file that is in the store already in the place of each required paper that is missing: what the
 * demonstration files. */
void papers_fill(Db *db, const Dossier *d, const FileRef *file, int64_t by_id, int64_t now);
void papers_remove(Db *db, const Dossier *d, int64_t paper_id);
/* What was handed in: [{id, name, file_id, file_name, size, sha256, added_at, superseded, url}]; file
 * and url are missing of what lies on paper. */
Json papers_given(Db *db, const Dossier *d);
/* version_papers() with each paper's `files`, and whether any of a group is `given`. */
Json papers_by_component(Db *db, const Dossier *d);
/* Required components without a paper: [{id, name}], and their names alone. */
Json papers_missing_rows(Db *db, const Dossier *d);
Json papers_missing(Db *db, const Dossier *d);

Handler dossier_file; /* GET /dossiers/{id}/files/{file_id} */

#endif
