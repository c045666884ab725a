/* Inside of signatures: the sandbox certificate authority. Its keys lie in the token like all others. */
#ifndef SEN_PLATFORM_SIGNATURES_CA_H
#define SEN_PLATFORM_SIGNATURES_CA_H

#include "platform/signatures/token.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Name {
    const char *organisation, *unit, *common_name, *serial; /* NULL: left out; the country is VN */
} Name;

typedef struct Issue {
    Name subject, issuer;
    const unsigned char *public_key; /* DER SubjectPublicKeyInfo */
    size_t public_key_size;
    const unsigned char *issuer_public_key;
    size_t issuer_public_key_size;
    const unsigned char *issuer_key_id; /* the key in the token that signs */
    bool authority;                     /* may issue certificates, but not sign documents */
    int64_t not_before, not_after;      /* UTC ms, whole seconds */
} Issue;

/* Name of the sandbox root: people see it as the issuer. */
extern const Name SANDBOX_ROOT;

/* Makes and signs an X.509 v3 certificate (RFC 5280). DER in the arena; NULL when the token failed. */
unsigned char *ca_issue(const Issue *issue, size_t *size);

#endif
