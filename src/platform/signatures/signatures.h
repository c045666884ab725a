/* Digital signatures (spec 25): keys stay in PKCS#11 tokens, documents get PAdES signatures. */
#ifndef SEN_PLATFORM_SIGNATURES_H
#define SEN_PLATFORM_SIGNATURES_H

#include "platform/solution.h"

extern const Solution signatures_solution; /* certificates page; public /signatures/check */

/* Prepares the token: on first start of a demonstration, a SoftHSM token, a sandbox CA ("CHỮ KÝ THỬ NGHIỆM")
 * and keys for demonstration holders. */
void signatures_start(Store *store);
void signatures_stop(void);

typedef struct SignRequest {
    const void *pdf;
    size_t size;
    int64_t account_id; /* whose certificate: a person… */
    int64_t org_id;     /* …or a body (seal) when account_id is 0 */
    const char *field;  /* "ChuKyLanhDao", "DauCoQuan" */
    const char *reason, *location;
    const char *lock; /* FieldMDP: NULL, "all", or "exclude So NgayThang DauCoQuan" */
    int64_t now;
} SignRequest;

typedef struct Signed {
    const void *pdf; /* arena; NULL when refused */
    size_t size;
    const char *refusal; /* i18n key: signatures.no-certificate, signatures.expired, signatures.revoked,
                            signatures.device */
    const char *certificate_sha256, *signer;
} Signed;

/* Signs (PAdES B-B, incremental update). Slow: on a worker, outside write transactions. */
Signed sign_pdf(Db *db, const SignRequest *request);
/* Fills text fields by an incremental update (number, date). */
const void *pdf_fill(const void *pdf, size_t size, const char *const *names_and_values, size_t *out_size);
/* Every signature of a document: [{field, signer, signed_at, indication, sub_indication, covers_all,
 * message}]. */
Json signatures_verify(Db *db, const void *pdf, size_t size, int64_t now);
/* Gives an account (or a body) a sandbox certificate with a key in the token. */
void signatures_enrol(Store *store, int64_t account_id, int64_t org_id, const char *common_name,
                      const char *organisation);

#endif
