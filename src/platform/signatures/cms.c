/* Made by hand, because the key stays in the token; checked with OpenSSL, so that maker and checker do not
 * share mistakes. */
#include "platform/signatures/cms.h"
#include "platform/signatures/der.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

/* SET OF in DER: elements in the order of their bytes (X.690 §11.6). */
typedef struct Elements {
    Buf items[8];
    size_t count;
} Elements;

static int by_bytes(const void *a, const void *b)
{
    const Buf *x = a, *y = b;
    size_t n = x->size < y->size ? x->size : y->size;
    int order = memcmp(x->at, y->at, n);
    return order ? order : (x->size > y->size) - (x->size < y->size);
}

static void add_sorted(Buf *out, int tag, Elements *elements)
{
    Buf all = { 0 };
    qsort(elements->items, elements->count, sizeof *elements->items, by_bytes);
    for (size_t i = 0; i < elements->count; i++)
        buf_add(&all, elements->items[i].at, elements->items[i].size);
    der_wrap(out, tag, &all);
}

static Buf attribute(const char *oid, const Buf *value)
{
    Buf inner = { 0 }, out = { 0 };
    der_oid(&inner, oid);
    der_wrap(&inner, DER_SET, value);
    der_wrap(&out, DER_SEQUENCE, &inner);
    return out;
}

/* SigningCertificateV2 with one ESSCertIDv2: SHA-256 is the default and therefore not written (RFC 5035). */
static void signing_certificate(Buf *out, const void *certificate, size_t size)
{
    unsigned char digest[SHA256_SIZE];
    Buf id = { 0 }, ids = { 0 }, all = { 0 };
    sha256(certificate, size, digest);
    der(&id, DER_OCTETS, digest, sizeof digest);
    der_wrap(&ids, DER_SEQUENCE, &id);
    der_wrap(&all, DER_SEQUENCE, &ids);
    der_wrap(out, DER_SEQUENCE, &all);
}

void cms_attributes(Buf *out, const unsigned char digest[SHA256_SIZE], const void *certificate, size_t size)
{
    Buf type = { 0 }, hash = { 0 }, signer = { 0 };
    der_oid(&type, "1.2.840.113549.1.7.1");
    der(&hash, DER_OCTETS, digest, SHA256_SIZE);
    signing_certificate(&signer, certificate, size);
    Elements all = { .count = 3 };
    all.items[0] = attribute("1.2.840.113549.1.9.3", &type);
    all.items[1] = attribute("1.2.840.113549.1.9.4", &hash);
    all.items[2] = attribute("1.2.840.113549.1.9.16.2.47", &signer);
    add_sorted(out, DER_SET, &all);
}

/* Issuer and serial number, cut out of the certificate as they stand there. */
static void issuer_and_serial(Buf *out, const void *certificate, size_t size)
{
    DerItem whole, body, item = { 0 }, serial = { 0 };
    Buf inner = { 0 };
    if (!der_read(certificate, size, &whole) || !der_read(whole.content, whole.size, &body))
        raise_fault(FAULT_INTERNAL, "signatures.certificate", "a certificate of ours is malformed");
    const unsigned char *at = body.content, *end = body.content + body.size;
    for (int i = 0; i < 4; i++) { /* version, serialNumber, signature, issuer */
        if (!der_read(at, (size_t)(end - at), &item))
            raise_fault(FAULT_INTERNAL, "signatures.certificate", "a certificate of ours is malformed");
        if (i == 1)
            serial = item;
        at += item.total;
    }
    buf_add(&inner, item.start, item.total);
    buf_add(&inner, serial.start, serial.total);
    der_wrap(out, DER_SEQUENCE, &inner);
}

static void signer_info(Buf *out, const Buf *attributes, const CmsChain *chain, bool pss,
                        const unsigned char *signature, size_t signature_size)
{
    Buf inner = { 0 };
    DerItem set;
    der_int(&inner, 1);
    issuer_and_serial(&inner, chain->der[0], chain->size[0]);
    der_sha256(&inner);
    der_read((const unsigned char *)attributes->at, attributes->size, &set);
    der(&inner, DER_CONTEXT + 0, set.content, set.size); /* [0] IMPLICIT stands for SET here */
    der_sign_algorithm(&inner, pss);
    der(&inner, DER_OCTETS, signature, signature_size);
    der_wrap(out, DER_SEQUENCE, &inner);
}

void cms_signed_data(Buf *out, const Buf *attributes, const CmsChain *chain, bool pss,
                     const unsigned char *signature, size_t signature_size)
{
    Buf data = { 0 }, algorithms = { 0 }, content = { 0 }, signers = { 0 }, wrapped = { 0 }, explicit = { 0 },
        whole = { 0 };
    Elements certificates = { .count = chain->count };
    der_int(&data, 1);
    der_sha256(&algorithms);
    der_wrap(&data, DER_SET, &algorithms);
    der_oid(&content, "1.2.840.113549.1.7.1");
    der_wrap(&data, DER_SEQUENCE, &content);
    for (size_t i = 0; i < chain->count; i++)
        buf_add(&certificates.items[i], chain->der[i], chain->size[i]);
    add_sorted(&data, DER_CONTEXT + 0, &certificates);
    signer_info(&signers, attributes, chain, pss, signature, signature_size);
    der_wrap(&data, DER_SET, &signers);
    der_wrap(&wrapped, DER_SEQUENCE, &data);
    der_wrap(&explicit, DER_CONTEXT + 0, &wrapped);
    der_oid(&whole, "1.2.840.113549.1.7.2");
    buf_add(&whole, explicit.at, explicit.size);
    der_wrap(out, DER_SEQUENCE, &whole);
}

bool certificate_signed(const void *certificate, size_t size, bool pss, const void *data, size_t data_size,
                        const unsigned char *signature, size_t signature_size)
{
    const unsigned char *at = certificate;
    X509 *x = d2i_X509(NULL, &at, (long)size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key = NULL;
    bool good = x && context &&
                EVP_DigestVerifyInit(context, &key, EVP_sha256(), NULL, X509_get0_pubkey(x)) == 1 &&
                (!pss || (EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) == 1 &&
                          EVP_PKEY_CTX_set_rsa_pss_saltlen(key, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
                EVP_DigestVerify(context, signature, signature_size, data, data_size) == 1;
    EVP_MD_CTX_free(context);
    X509_free(x);
    return good;
}
