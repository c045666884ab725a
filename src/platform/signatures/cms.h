/* Inside of signatures: CMS SignedData (RFC 5652) with the signed attributes of PAdES B-B (ETSI EN 319 142-1
 * §6). */
#ifndef SEN_PLATFORM_SIGNATURES_CMS_H
#define SEN_PLATFORM_SIGNATURES_CMS_H

#include "base/buf.h"
#include "base/crypto.h"

#include <openssl/x509.h>
#include <stdbool.h>

/* The signed attributes as a SET OF, which is what is signed: contentType, messageDigest,
 * signingCertificateV2; no signingTime. */
void cms_attributes(Buf *out, const unsigned char digest[SHA256_SIZE], const void *certificate, size_t size);

typedef struct CmsChain {
    const void *der[4]; /* the signer's first */
    size_t size[4], count;
} CmsChain;
/* The whole ContentInfo around a signature of `attributes`. */
void cms_signed_data(Buf *out, const Buf *attributes, const CmsChain *chain, bool pss,
                     const unsigned char *signature, size_t signature_size);

/* Is this the signature of the holder of the certificate? */
bool certificate_signed(const void *certificate, size_t size, bool pss, const void *data, size_t data_size,
                        const unsigned char *signature, size_t signature_size);

typedef enum CmsFault {
    CMS_GOOD,
    CMS_MALFORMED,      /* no CMS, no single signer, trailing bytes */
    CMS_HASH,           /* the digest of the document is another */
    CMS_SIGNATURE,      /* the signature value does not belong to the key and attributes */
    CMS_ATTRIBUTES,     /* a required signed attribute is missing or wrong */
    CMS_NO_CERTIFICATE, /* the signer's certificate is not inside */
    CMS_ALGORITHM,      /* too weak, or unknown */
} CmsFault;

typedef struct CmsCheck {
    CmsFault fault;
    X509 *signer;            /* released with the arena; NULL when there is none */
    STACK_OF(X509) * others; /* all certificates inside */
    bool baseline;           /* signingCertificateV2 there and right */
    bool has_time;           /* signingTime attribute, which PAdES forbids */
} CmsCheck;
/* Checks the CMS in `bytes` (zero-padded) against the two pieces of the document. */
CmsCheck cms_check(const void *bytes, size_t size, const void *first, size_t first_size, const void *second,
                   size_t second_size);

#endif
