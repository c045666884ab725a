/* Filing a dossier: the citizen's three steps (what you ask for, your papers, review), the one request of
 * programs (intake.c), and the submission in which both end. */
#ifndef SEN_PROCEDURES_FILING_H
#define SEN_PROCEDURES_FILING_H

#include "platform/forms/forms.h"
#include "solutions/procedures/dossier.h"

Handler apply_show, apply_post;
extern const Param apply_params[];

Handler dossier_file_whole; /* POST /dossiers */
extern const Param intake_params[];

/* The procedure in force under this code, if it is filed here, and its form; a refusal otherwise. */
bool filing_open(Request *rq, const char *code, Version *v, const Form **form, Reply *refusal);
/* What is known of the applicant is put in by us and cannot be typed: the name, and the personal number where
 * there is one (NULL: none). Returns `data`. */
Json filing_verified(Json data, const char *name, const char *pid);
/* The form's content, checked and cleaned; what is wrong goes to rq->errors, a body that may not receive it
 * too. */
Json filing_check(Request *rq, const Version *v, const Form *form, int64_t org_id, Json typed);
/* A new draft, filed online, and what its form says of applicant and owner. */
Dossier filing_draft(const Version *v, const char *applicant_name, int64_t now);
void filing_fill(Dossier *d, Json data);

/* From a draft to a dossier, in this transaction: code, fee, event, the intake task, the notice. NULL, or the
 * refusal's i18n key. */
const char *filing_submit(Db *db, Dossier *d, const char *request_id, const Actor *actor, int64_t now);

/* The submission itself, without its checks. */
void filing_enter(Db *db, Dossier *d, const Version *v, const char *request_id, const Actor *actor,
                  int64_t now);
/* The intake task of the one-stop desk, due in 8 working hours. */
void ask_reception(Db *db, const Dossier *d, const char *procedure, const Actor *actor, int64_t now);
/* Channel, pages and copies, as the form says. */
FeeCase filing_fee_case(const Dossier *d);
/* Puts the dossier into the search of work lists: code, names, procedure. */
void dossier_search(Db *db, const Dossier *d, const char *procedure);

#endif
