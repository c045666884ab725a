/* One dossier as a page: for its applicant, for the desk, for those who handle it. */
#ifndef SEN_PROCEDURES_RECORD_H
#define SEN_PROCEDURES_RECORD_H

#include "solutions/procedures/dossier.h"

Handler dossier_show;   /* GET /dossiers/{id} */
Handler dossier_stream; /* GET /dossiers/{id}/stream: told when it changes */

/* The explanation of the due date in sentences: [{at, kind, text}]; before acceptance what it would be if
 * the desk accepted at its next opening. */
Json due_explained(Db *db, const Dossier *d, const char *lang, int64_t now);
const char *status_text(const char *lang, const char *status);

#endif
