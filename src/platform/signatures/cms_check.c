/* Checking a CMS signature over detached content with OpenSSL, step by step, so that a reader learns what was
 * wrong: the shape, the digest of the document, the signature value, or the attributes. */
#include "platform/signatures/cms.h"
#include "platform/signatures/der.h"
#include "base/arena.h"
#include "base/fault.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

static void release_cms(void *cms)
{
    CMS_ContentInfo_free(cms);
}

static void release_x509(void *x)
{
    X509_free(x);
}

static void release_stack(void *stack)
{
    sk_X509_pop_free(stack, X509_free);
}

/* The padding after a CMS structure is zeros, nothing else: the gap of the ByteRange hides no data. */
static bool only_zeros(const unsigned char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (at[i])
            return false;
    return true;
}

static CMS_ContentInfo *parse(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    DerItem whole;
    if (size > 16 * 1024 * 1024 || !der_read(bytes, size, &whole) ||
        !only_zeros(whole.start + whole.total, size - whole.total))
        return NULL;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)whole.total);
    if (!cms)
        return NULL;
    arena_defer(release_cms, cms);
    ASN1_OCTET_STRING **content =
        OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed ? CMS_get0_content(cms) : NULL;
    return content && !*content ? cms : NULL; /* content stays outside: the document */
}

static X509 *find_signer(CMS_SignerInfo *signer, STACK_OF(X509) * certificates)
{
    for (int i = 0; i < sk_X509_num(certificates); i++)
        if (CMS_SignerInfo_cert_cmp(signer, sk_X509_value(certificates, i)) == 0)
            return sk_X509_value(certificates, i);
    return NULL;
}

static const EVP_MD *digest_of(CMS_SignerInfo *signer)
{
    X509_ALGOR *algorithm = NULL;
    const ASN1_OBJECT *oid = NULL;
    CMS_SignerInfo_get0_algs(signer, NULL, NULL, &algorithm, NULL);
    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    static const int GOOD[] = {
        NID_sha256, NID_sha384, NID_sha512, NID_sha3_256, NID_sha3_384, NID_sha3_512
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        if (OBJ_obj2nid(oid) == GOOD[i])
            return EVP_get_digestbynid(GOOD[i]);
    return NULL;
}

static bool digest_matches(CMS_SignerInfo *signer, const EVP_MD *md, const void *first, size_t first_size,
                           const void *second, size_t second_size)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool computed = context && EVP_DigestInit_ex(context, md, NULL) == 1 &&
                    EVP_DigestUpdate(context, first, first_size) == 1 &&
                    EVP_DigestUpdate(context, second, second_size) == 1 &&
                    EVP_DigestFinal_ex(context, digest, &size) == 1;
    EVP_MD_CTX_free(context);
    if (!computed)
        raise_fault(FAULT_MEMORY, "signatures.digest", "no memory for a digest");
    ASN1_OCTET_STRING *said =
        CMS_signed_get0_data_by_OBJ(signer, OBJ_nid2obj(NID_pkcs9_messageDigest), -3, V_ASN1_OCTET_STRING);
    return said && ASN1_STRING_length(said) == (int)size &&
           memcmp(ASN1_STRING_get0_data(said), digest, size) == 0;
}

/* signingCertificate(V2) names exactly the certificate that the signature was checked with. */
static bool names_signer(CMS_SignerInfo *signer, X509 *certificate)
{
    ESS_SIGNING_CERT *first = NULL;
    ESS_SIGNING_CERT_V2 *second = NULL;
    bool good = false;
    ASN1_STRING *value = CMS_signed_get0_data_by_OBJ(
        signer, OBJ_nid2obj(NID_id_smime_aa_signingCertificateV2), -3, V_ASN1_SEQUENCE);
    const unsigned char *at = value ? ASN1_STRING_get0_data(value) : NULL;
    if (value)
        second = d2i_ESS_SIGNING_CERT_V2(NULL, &at, ASN1_STRING_length(value));
    STACK_OF(X509) *chain = sk_X509_new_null();
    if (second && chain && sk_X509_push(chain, certificate))
        good = OSSL_ESS_check_signing_certs(first, second, chain, 1) > 0;
    sk_X509_free(chain);
    ESS_SIGNING_CERT_V2_free(second);
    return good;
}

static bool key_is_strong(X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    int bits = key ? EVP_PKEY_get_bits(key) : 0, kind = key ? EVP_PKEY_get_base_id(key) : 0;
    return (kind == EVP_PKEY_RSA && bits >= 2048) || (kind == EVP_PKEY_RSA_PSS && bits >= 2048) ||
           (kind == EVP_PKEY_EC && bits >= 256);
}

static CmsFault check_signer(CmsCheck *check, CMS_SignerInfo *signer, const void *first, size_t first_size,
                             const void *second, size_t second_size)
{
    if (CMS_signed_get_attr_count(signer) <= 0)
        return CMS_ATTRIBUTES;
    check->has_time = CMS_signed_get_attr_by_NID(signer, NID_pkcs9_signingTime, -1) >= 0;
    const EVP_MD *md = digest_of(signer);
    if (!md)
        return CMS_ALGORITHM;
    if (!digest_matches(signer, md, first, first_size, second, second_size))
        return CMS_HASH;
    X509 *found = find_signer(signer, check->others);
    if (!found)
        return CMS_NO_CERTIFICATE;
    X509_up_ref(found);
    arena_defer(release_x509, found);
    check->signer = found;
    CMS_SignerInfo_set1_signer_cert(signer, found);
    if (CMS_SignerInfo_verify(signer) != 1)
        return CMS_SIGNATURE;
    if (!key_is_strong(found))
        return CMS_ALGORITHM;
    check->baseline = names_signer(signer, found);
    return check->baseline ? CMS_GOOD : CMS_ATTRIBUTES;
}

CmsCheck cms_check(const void *bytes, size_t size, const void *first, size_t first_size, const void *second,
                   size_t second_size)
{
    CmsCheck check = { .fault = CMS_MALFORMED };
    CMS_ContentInfo *cms = parse(bytes, size);
    STACK_OF(CMS_SignerInfo) *signers = cms ? CMS_get0_SignerInfos(cms) : NULL;
    check.others = cms ? CMS_get1_certs(cms) : NULL;
    if (check.others)
        arena_defer(release_stack, check.others);
    if (signers && sk_CMS_SignerInfo_num(signers) == 1)
        check.fault =
            check_signer(&check, sk_CMS_SignerInfo_value(signers, 0), first, first_size, second, second_size);
    ERR_clear_error();
    return check;
}
