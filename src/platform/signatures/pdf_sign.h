/* Inside of signatures: the signature dictionary and its place in the file (spec 25 §6.2, §7.1). */
#ifndef SEN_PLATFORM_SIGNATURES_PDF_SIGN_H
#define SEN_PLATFORM_SIGNATURES_PDF_SIGN_H

#include "platform/signatures/form.h"
#include "base/crypto.h"

typedef struct SignatureSpec {
    const char *field, *name, *reason, *location, *lock;
    int64_t now;
    bool seal; /* a body's: drawn as a seal */
    const char *organisation, *title;
    bool sandbox;
    size_t reserve; /* bytes for the CMS */
} SignatureSpec;

typedef struct PreparedSignature {
    char *bytes; /* the whole file, with zeros where the CMS will be */
    size_t size;
    size_t contents_at; /* offset of the '<' */
    size_t reserve;
    unsigned char digest[SHA256_SIZE]; /* of the bytes around it */
    const char *refusal;               /* i18n key; bytes is NULL then */
} PreparedSignature;

/* With total length L and R reserved bytes at offset a of '<': [0 a b L-b], b = a + 2 + 2R. */
void byte_range(size_t a, size_t reserve, size_t length, size_t range[4]);

PreparedSignature signature_prepare(const void *pdf, size_t size, const SignatureSpec *spec);
/* Writes the CMS into its place. False when it is larger than the reserve. */
bool signature_embed(PreparedSignature *prepared, const void *cms, size_t size);

#endif
