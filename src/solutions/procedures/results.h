/* The result of a dossier: one document that three hands make valid (leader, number, agency's seal) and
 * nobody changes afterwards. */
#ifndef SEN_PROCEDURES_RESULTS_H
#define SEN_PROCEDURES_RESULTS_H

#include "platform/signatures/signatures.h"
#include "solutions/procedures/dossier.h"

typedef struct Result {
    int64_t id, dossier_id;
    const char *token, *kind, *title, *conclusion, *state;
    int64_t number_seq;
    const char *number;
    int64_t dated_at;
    int64_t signer_id;
    const char *signer_name;
    int64_t signed_at, issued_at, file_id;
    const char *sha256;
} Result;

/* The newest one that was not revoked; false when there is none. */
bool result_of(Db *db, int64_t dossier_id, Result *out);
bool result_by_token(Db *db, const char *token, Result *out);
/* A draft, or the draft changed. */
void result_draft(Db *db, const Dossier *d, const char *kind, const char *title, const char *conclusion,
                  int64_t by);
/* The document before any signature, with its empty fields So, NgayThang, ChuKyLanhDao, DauCoQuan (Decree
 * 30/2020, annex I). */
const void *result_document(Db *db, const Dossier *d, const Result *r, int64_t now, size_t *size);
/* Makes the document and signs it with the leader's key. Slow; `db` is a read transaction. */
Signed result_sign(Db *db, const Dossier *d, const Result *r, const Actor *leader, int64_t now);
/* Keeps the signed document and notes the act, in a write transaction. */
void result_signed(Db *db, Dossier *d, const Result *r, const Signed *done, const Actor *leader, int64_t now);
/* Gives the next number of the agency and year, once. */
void result_number(Db *db, const Dossier *d, Result *r, int64_t now);

#endif
