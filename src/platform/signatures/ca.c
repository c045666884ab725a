/* A certificate is its TBSCertificate, signed in the token with sha256WithRSAEncryption, which every reader
 * knows; documents are signed with RSASSA-PSS (Thông tư 15/2025/TT-BKHCN).
 *
 * Profile of a signer: keyUsage digitalSignature and nonRepudiation, critical; no extended usage; key
 * identifiers by RFC 7093 method 1 (the first 160 bits of the SHA-256 of the key). Names are UTF8String, in
 * full Vietnamese. */
#include "platform/signatures/ca.h"
#include "platform/signatures/der.h"
#include "base/arena.h"
#include "base/crypto.h"
#include "base/text.h"

#include <string.h>

const Name SANDBOX_ROOT = { "Sen", "CHỮ KÝ THỬ NGHIỆM", "Sen – CA thử nghiệm", NULL };

static void rdn(Buf *out, const char *oid, const char *text, int tag)
{
    Buf pair = { 0 }, set = { 0 };
    if (text_empty(text))
        return;
    der_oid(&pair, oid);
    der(&pair, tag, text, strlen(text));
    der_wrap(&set, DER_SEQUENCE, &pair);
    der_wrap(out, DER_SET, &set);
}

static void add_name(Buf *out, const Name *name)
{
    Buf rdns = { 0 };
    rdn(&rdns, "2.5.4.6", "VN", 0x13); /* countryName is PrintableString */
    rdn(&rdns, "2.5.4.10", name->organisation, DER_UTF8);
    rdn(&rdns, "2.5.4.11", name->unit, DER_UTF8);
    rdn(&rdns, "2.5.4.3", name->common_name, DER_UTF8);
    rdn(&rdns, "2.5.4.5", name->serial, 0x13);
    der_wrap(out, DER_SEQUENCE, &rdns);
}

/* The bits of the key itself: the BIT STRING inside SubjectPublicKeyInfo, without its count of unused bits.
 */
static void key_identifier(const unsigned char *info, size_t size, unsigned char out[20])
{
    unsigned char digest[SHA256_SIZE];
    DerItem outer, algorithm, bits = { 0 };
    if (der_read(info, size, &outer) && der_read(outer.content, outer.size, &algorithm))
        der_read(outer.content + algorithm.total, outer.size - algorithm.total, &bits);
    sha256(bits.size ? bits.content + 1 : info, bits.size ? bits.size - 1 : size, digest);
    memcpy(out, digest, 20);
}

static void extension(Buf *out, const char *oid, bool critical, const Buf *value)
{
    Buf inner = { 0 };
    der_oid(&inner, oid);
    if (critical)
        der_true(&inner);
    der_wrap(&inner, DER_OCTETS, value);
    der_wrap(out, DER_SEQUENCE, &inner);
}

static void add_extensions(Buf *out, const Issue *issue)
{
    /* Bits of KeyUsage from the left: digitalSignature 0, nonRepudiation 1, keyCertSign 5, cRLSign 6. */
    static const unsigned char SIGNER[] = { 6, 0xc0 }, AUTHORITY[] = { 1, 0x06 };
    unsigned char identifier[20];
    Buf all = { 0 }, list = { 0 }, basic = { 0 }, basic_inner = { 0 }, usage = { 0 }, subject = { 0 };
    Buf issuer = { 0 }, issuer_inner = { 0 };
    if (issue->authority)
        der_true(&basic_inner);
    der_wrap(&basic, DER_SEQUENCE, &basic_inner);
    extension(&list, "2.5.29.19", true, &basic);
    der(&usage, DER_BITS, issue->authority ? AUTHORITY : SIGNER, 2);
    extension(&list, "2.5.29.15", true, &usage);
    key_identifier(issue->public_key, issue->public_key_size, identifier);
    der(&subject, DER_OCTETS, identifier, sizeof identifier);
    extension(&list, "2.5.29.14", false, &subject);
    key_identifier(issue->issuer_public_key, issue->issuer_public_key_size, identifier);
    der(&issuer_inner, 0x80, identifier, sizeof identifier);
    der_wrap(&issuer, DER_SEQUENCE, &issuer_inner);
    extension(&list, "2.5.29.35", false, &issuer);
    der_wrap(&all, DER_SEQUENCE, &list);
    der_wrap(out, DER_CONTEXT + 3, &all);
}

static void add_body(Buf *out, const Issue *issue)
{
    Buf tbs = { 0 }, version = { 0 }, validity = { 0 };
    unsigned char serial[16];
    random_bytes(serial, sizeof serial); /* RFC 5280: positive, at most 20 bytes, unguessable */
    serial[0] = (serial[0] & 0x7f) | 0x40;
    der_int(&version, 2);
    der_wrap(&tbs, DER_CONTEXT + 0, &version);
    der_number(&tbs, serial, sizeof serial);
    der_sign_algorithm(&tbs, false);
    add_name(&tbs, &issue->issuer);
    der_time(&validity, issue->not_before);
    der_time(&validity, issue->not_after);
    der_wrap(&tbs, DER_SEQUENCE, &validity);
    add_name(&tbs, &issue->subject);
    buf_add(&tbs, issue->public_key, issue->public_key_size);
    add_extensions(&tbs, issue);
    der_wrap(out, DER_SEQUENCE, &tbs);
}

unsigned char *ca_issue(const Issue *issue, size_t *size)
{
    Buf inner = { 0 }, whole = { 0 };
    unsigned char signature[MAX_SIGNATURE];
    add_body(&inner, issue);
    size_t n = token_sign(issue->issuer_key_id, SCHEME_RSA_PKCS1, inner.at, inner.size, signature);
    if (!n)
        return NULL;
    der_sign_algorithm(&inner, false);
    der_bits(&inner, signature, n);
    der_wrap(&whole, DER_SEQUENCE, &inner);
    *size = whole.size;
    return (unsigned char *)whole.at;
}
