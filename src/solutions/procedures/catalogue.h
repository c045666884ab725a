/* The catalogue of procedures: what the law asks for, from whom, in what time and for what money. */
#ifndef SEN_PROCEDURES_CATALOGUE_H
#define SEN_PROCEDURES_CATALOGUE_H

#include "platform/solution.h"
#include "solutions/procedures/clock.h"
#include "solutions/procedures/fees.h"

/* A procedure with one of its versions, as rules need it. */
typedef struct Version {
    int64_t id, procedure_id;
    const char *code, *name, *field, *level, *agency;
    const char *route, *online_level, *process_id, *form_id;
    Json clock_policy;
    bool by_hours, sample;
} Version;

bool version_find(Db *db, int64_t version_id, Version *out);
/* The version in force of a procedure. */
bool version_in_force(Db *db, const char *procedure_code, Version *out);

/* The limit of a case; with case_id 0, of the first case that has a time for this channel (*case_id is set).
 */
Limit version_limit(Db *db, const Version *v, int64_t channel, int64_t *case_id);
FeeQuote version_fee(Db *db, const Version *v, const FeeCase *of);

/* Papers in groups for people: [{name, one_of, papers: [{id, code, name, required, presented, form,
 * original_qty, copy_qty}]}]. */
Json version_papers(Db *db, int64_t version_id);
/* Time and money per channel: [{channel, title, limits: [text], fees: [text]}], texts in `lang`. */
Json version_channels(Db *db, const Version *v, const char *lang);
/* "3 ngày làm việc", "Trong ngày". */
const char *limit_text(const char *lang, int64_t quantity, const char *unit);

/* The bodies that may receive it: communes, or the one department of its field. */
Json version_bodies(const Version *v);
const char *version_department(
    const Version *v); /* key of the department that decides at the province, "" when none is named */
bool version_body_ok(const Version *v, int64_t org_id);

/* Loads data/procedures.json with data/local-rules.json; the same content again changes nothing. */
void catalogue_load(Db *db);

Handler procedures_home, procedures_search, procedures_show;

#endif
