/* Filing a dossier: the citizen's three steps (what you ask for, your papers, review) and the submission. */
#ifndef SEN_PROCEDURES_FILING_H
#define SEN_PROCEDURES_FILING_H

#include "solutions/procedures/dossier.h"

Handler apply_show, apply_post;
extern const Param apply_params[];

/* From a draft to a dossier, in this transaction: code, fee, event, the intake task, the notice. NULL, or the
 * refusal's i18n key. */
const char *filing_submit(Db *db, Dossier *d, const char *request_id, const Actor *actor, int64_t now);

/* The submission itself, without its checks. */
void filing_enter(Db *db, Dossier *d, const char *request_id, const Actor *actor, int64_t now);
/* The intake task of the one-stop desk, due in 8 working hours. */
void ask_reception(Db *db, const Dossier *d, const Actor *actor, int64_t now);
/* Channel, pages and copies, as the form says. */
FeeCase filing_fee_case(const Dossier *d);
/* Puts the dossier into the search of work lists: code, names, procedure. */
void dossier_search(Db *db, const Dossier *d, const char *procedure);

#endif
