/* Inside of signatures: the certificates that the store knows, and their use. */
#ifndef SEN_PLATFORM_SIGNATURES_CERTIFICATES_H
#define SEN_PLATFORM_SIGNATURES_CERTIFICATES_H

#include "platform/signatures/signatures.h"
#include "platform/signatures/token.h"

#include <openssl/x509.h>

typedef struct Certificate {
    int64_t id;
    const char *sha256, *subject, *organisation, *kind, *role, *status;
    int64_t not_before, not_after, key_bits;
    int64_t account_id, org_id;
    const char *key_id; /* hexadecimal */
    const unsigned char *der;
    size_t size;
} Certificate;

/* The certificate of a person (account) or body; the active one that ends last, else the one that ended last.
 */
bool certificate_of(Db *db, int64_t account_id, int64_t org_id, Certificate *out);
bool certificate_by_digest(Db *db, const char *sha256, Certificate *out);
/* The active roots that signatures of ours end at. */
size_t certificate_anchors(Db *db, Certificate **out);

/* NULL when it may sign now, else the refusal (spec 25 §8: before the device is asked for anything). */
const char *certificate_refusal(const Certificate *certificate, int64_t now);

/* The sandbox root, made on first call; false when the token does not work. */
bool sandbox_start(Store *store);

/* Parsed; released with the arena. NULL when malformed. */
X509 *certificate_parse(const unsigned char *der, size_t size);
char *certificate_name(X509_NAME *name, int nid); /* UTF-8, "" when there is none */
int64_t certificate_time(const ASN1_TIME *time);

#endif
