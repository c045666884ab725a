/* The certificate of a signature: a path to one of our anchors by cryptography, its time, its state, its
 * usage.
 *
 * A signature of level B proves no time, so a certificate that has ended or was revoked since leaves the
 * verdict open (EN 319 102-1 §5.3: no proof of existence), never "valid". */
#include "platform/signatures/verify.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <time.h>

const VerdictText VERDICT_TEXTS[VERDICTS] = {
    [VERDICT_VALID] = { "TOTAL-PASSED", NULL, "signatures.verdict.valid" },
    [VERDICT_VALID_FIELDS] = { "TOTAL-PASSED", NULL, "signatures.verdict.valid-fields" },
    [VERDICT_FORMAT] = { "TOTAL-FAILED", "FORMAT_FAILURE", "signatures.verdict.format" },
    [VERDICT_UNREADABLE] = { "TOTAL-FAILED", "FORMAT_FAILURE", "signatures.verdict.unreadable" },
    [VERDICT_HASH] = { "TOTAL-FAILED", "HASH_FAILURE", "signatures.verdict.hash" },
    [VERDICT_CRYPTO] = { "TOTAL-FAILED", "SIG_CRYPTO_FAILURE", "signatures.verdict.crypto" },
    [VERDICT_NO_CERTIFICATE] = { "INDETERMINATE", "NO_SIGNING_CERTIFICATE_FOUND",
                                 "signatures.verdict.no-certificate" },
    [VERDICT_ALGORITHM] = { "INDETERMINATE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
                            "signatures.verdict.algorithm" },
    [VERDICT_ATTRIBUTES] = { "INDETERMINATE", "SIG_CONSTRAINTS_FAILURE", "signatures.verdict.attributes" },
    [VERDICT_CHANGED] = { "TOTAL-FAILED", "FORMAT_FAILURE", "signatures.verdict.changed" },
    [VERDICT_CHANGED_UNSURE] = { "INDETERMINATE", "FORMAT_FAILURE", "signatures.verdict.changed-unsure" },
    [VERDICT_NO_CHAIN] = { "INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND", "signatures.verdict.no-chain" },
    [VERDICT_CHAIN] = { "INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE", "signatures.verdict.chain" },
    [VERDICT_EXPIRED] = { "INDETERMINATE", "OUT_OF_BOUNDS_NO_POE", "signatures.verdict.expired" },
    [VERDICT_NOT_YET] = { "INDETERMINATE", "NOT_YET_VALID", "signatures.verdict.not-yet-valid" },
    [VERDICT_REVOKED] = { "INDETERMINATE", "REVOKED_NO_POE", "signatures.verdict.revoked" },
    [VERDICT_SUSPENDED] = { "INDETERMINATE", "TRY_LATER", "signatures.verdict.suspended" },
    [VERDICT_REVOCATION_UNKNOWN] = { "INDETERMINATE", "TRY_LATER", "signatures.verdict.revocation-unknown" },
    [VERDICT_USAGE] = { "INDETERMINATE", "CHAIN_CONSTRAINTS_FAILURE", "signatures.verdict.usage" },
    [VERDICT_UNSUPPORTED] = { "INDETERMINATE", "GENERIC", "signatures.verdict.unsupported" },
};

static Verdict verdict_of(int error)
{
    static const struct {
        int error;
        Verdict verdict;
    } MEANINGS[] = {
        { X509_V_OK, VERDICT_VALID },
        { X509_V_ERR_CERT_HAS_EXPIRED, VERDICT_EXPIRED },
        { X509_V_ERR_CERT_NOT_YET_VALID, VERDICT_NOT_YET },
        { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, VERDICT_NO_CHAIN },
        { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, VERDICT_NO_CHAIN },
        { X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, VERDICT_NO_CHAIN },
        { X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, VERDICT_NO_CHAIN },
        { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, VERDICT_NO_CHAIN },
        { X509_V_ERR_INVALID_PURPOSE, VERDICT_USAGE },
    };
    for (size_t i = 0; i < sizeof MEANINGS / sizeof *MEANINGS; i++)
        if (MEANINGS[i].error == error)
            return MEANINGS[i].verdict;
    return VERDICT_CHAIN;
}

static void release_store(void *store)
{
    X509_STORE_free(store);
}

static Verdict path_verdict(Db *db, const CmsCheck *cms, int64_t now)
{
    Certificate *anchors;
    size_t count = certificate_anchors(db, &anchors);
    X509_STORE *store = X509_STORE_new();
    if (!store)
        raise_fault(FAULT_MEMORY, "signatures.path", "no memory for a path");
    arena_defer(release_store, store);
    for (size_t i = 0; i < count; i++) {
        X509 *anchor = certificate_parse(anchors[i].der, anchors[i].size);
        if (anchor)
            X509_STORE_add_cert(store, anchor);
    }
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    Verdict verdict = VERDICT_CHAIN;
    if (context && X509_STORE_CTX_init(context, store, cms->signer, cms->others) == 1) {
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), (time_t)(now / SECOND_MS));
        X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
        verdict =
            X509_verify_cert(context) == 1 ? VERDICT_VALID : verdict_of(X509_STORE_CTX_get_error(context));
    }
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    return verdict;
}

/* Our own record is the revocation list of the sandbox; a certificate that is not in it has an unknown state.
 */
static Verdict state_verdict(const Certificate *certificate)
{
    if (!certificate->id)
        return VERDICT_REVOCATION_UNKNOWN;
    return text_is(certificate->status, "revoked")     ? VERDICT_REVOKED
           : text_is(certificate->status, "suspended") ? VERDICT_SUSPENDED
                                                       : VERDICT_VALID;
}

Verdict trust_verdict(Db *db, const CmsCheck *cms, int64_t now, Certificate *certificate)
{
    unsigned char *der = NULL;
    int size = i2d_X509(cms->signer, &der);
    const char *digest = size > 0 ? sha256_hex(der, (size_t)size) : "";
    OPENSSL_free(der);
    if (!certificate_by_digest(db, digest, certificate))
        *certificate = (Certificate){ .sha256 = digest };
    Verdict path = path_verdict(db, cms, now);
    if (path == VERDICT_NO_CHAIN || path == VERDICT_CHAIN)
        return path;
    Verdict state = state_verdict(certificate);
    if (state != VERDICT_VALID)
        return state;
    if (path != VERDICT_VALID)
        return path;
    bool fits = X509_get_key_usage(cms->signer) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION);
    return fits && !X509_check_ca(cms->signer) ? VERDICT_VALID : VERDICT_USAGE;
}
