/* Signing a document: requested → checked → prepared → signed → stored (spec 25 §5).
 *
 * The certificate is checked before the device is asked for anything. The hash that will be signed is written
 * down before it goes to the device (unique: one request signs one hash once), and the signature with its
 * evidence after it came back and was verified with the public key. Evidence is a chain: each row's hash
 * covers the row before. */
#include "platform/signatures/certificates.h"
#include "platform/signatures/cms.h"
#include "platform/signatures/pdf_sign.h"
#include "platform/app/app.h"
#include "platform/identity/identity.h"
#include "platform/signatures/signatures.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/text.h"

#include <openssl/x509v3.h>
#include <string.h>

enum { REQUEST_LIFE_MS = 10 * MINUTE_MS };

/* The policy of what is created here: RSASSA-PSS, SHA-256, RSA ≥ 2048 (data/crypto-policy.json,
 * "vn-official"; Thông tư 15/2025/TT-BKHCN asks PSS of public certificates too). */
static const char POLICY[] = "vn-official", ALGORITHM[] = "RSASSA-PSS/SHA-256";
static const bool WITH_PSS = true;

typedef struct SignWork {
    const SignRequest *request;
    Certificate certificate;
    int64_t now, request_id;
    unsigned char dtbs[SHA256_SIZE]; /* digest of the signed attributes */
    const char *document, *result;   /* SHA-256 of the file before and after */
    Json evidence;
    const char *error;
} SignWork;

/* ---- The record ---- */

static void write_request(Db *db, void *argument)
{
    SignWork *w = argument;
    db_exec(db,
            "insert into sig_request (id, purpose, caller_id, document_sha256, format, level, packaging, "
            "policy, field, state, "
            "certificate_id, dtbs_hash, alg, expires_at, created_at) values (?1, ?2, ?3, ?4, 'pades', 'B', "
            "'enveloped', ?5, ?6, "
            "'prepared', ?7, ?8, ?9, ?10, ?11)",
            I(w->request_id), T(text_or(w->request->purpose, "document")),
            ID(w->request->caller_id ? w->request->caller_id : w->request->account_id), T(w->document),
            T(POLICY), T(w->request->field), I(w->certificate.id), T(hex_encode(w->dtbs, SHA256_SIZE)),
            T(ALGORITHM), I(w->now + REQUEST_LIFE_MS), I(w->now));
}

static void write_evidence(Db *db, const SignWork *w)
{
    Json last = db_row(db, "select seq, hash from sig_evidence order by seq desc limit 1");
    int64_t seq = json_int(last, "seq") + 1;
    const char *before = text_or(json_str(last, "hash"), "");
    const char *items = json_canonical(w->evidence);
    const char *sealed = fmt("%lld\n%lld\n%s\n%s", (long long)seq, (long long)w->request_id, before, items);
    db_exec(db,
            "insert into sig_evidence (id, seq, request_id, items, prev_hash, hash, created_at) values (?1, "
            "?2, ?3, ?4, ?5, ?6, ?7)",
            I(id_new()), I(seq), I(w->request_id), J(w->evidence), T(before),
            T(sha256_hex(sealed, strlen(sealed))), I(w->now));
}

static void write_result(Db *db, void *argument)
{
    SignWork *w = argument;
    db_exec(db, "update sig_request set state = ?2, result_sha256 = ?3, error = ?4 where id = ?1",
            I(w->request_id), T(w->error ? "failed" : "stored"), T(w->result), T(w->error));
    if (w->error)
        return;
    int64_t ordinal =
        db_int(db, "select count(*) from sig_signature where document_sha256 = ?1", T(w->document)) + 1;
    db_exec(db,
            "insert into sig_signature (id, request_id, document_sha256, ordinal, field, certificate_id, "
            "signed_at, level) values "
            "(?1, ?2, ?3, ?4, ?5, ?6, ?7, 'B')",
            I(id_new()), I(w->request_id), T(w->result), I(ordinal), T(w->request->field),
            I(w->certificate.id), I(w->now));
    write_evidence(db, w);
}

/* ---- The way of a signature ---- */

static CmsChain chain_of(Db *db, const Certificate *certificate)
{
    CmsChain chain = { .der = { certificate->der }, .size = { certificate->size }, .count = 1 };
    Certificate *anchors;
    size_t count = certificate_anchors(db, &anchors);
    X509 *x = certificate_parse(certificate->der, certificate->size);
    for (size_t i = 0; i < count && chain.count < 4; i++) {
        X509 *anchor = certificate_parse(anchors[i].der, anchors[i].size);
        if (anchor && x && X509_check_issued(anchor, x) == X509_V_OK) {
            chain.der[chain.count] = anchors[i].der;
            chain.size[chain.count++] = anchors[i].size;
        }
    }
    return chain;
}

static PreparedSignature prepare(const SignWork *w, const CmsChain *chain)
{
    size_t estimate = 1536; /* attributes, signature value and the frame around them */
    for (size_t i = 0; i < chain->count; i++)
        estimate += chain->size[i];
    SignatureSpec spec = { .field = w->request->field,
                           .name = w->certificate.subject,
                           .reason = w->request->reason,
                           .location = w->request->location,
                           .lock = w->request->lock,
                           .now = w->now,
                           .seal = !w->request->account_id,
                           .organisation = w->certificate.organisation,
                           .title = w->request->title,
                           .sandbox = text_is(w->certificate.kind, "sandbox"),
                           .reserve = 2 * estimate > 8192 ? 2 * estimate : 8192 };
    return signature_prepare(w->request->pdf, w->request->size, &spec);
}

/* The signature value from the token, proved with the public key before anybody sees it; 0 when the device
 * failed. */
static size_t ask_device(SignWork *w, const Buf *attributes, unsigned char signature[MAX_SIGNATURE])
{
    unsigned char key[KEY_ID_SIZE];
    if (!token_is_open() || !hex_decode(w->certificate.key_id, key, sizeof key))
        return 0;
    size_t n = token_sign(key, WITH_PSS ? SCHEME_RSA_PSS : SCHEME_RSA_PKCS1, attributes->at, attributes->size,
                          signature);
    return n && certificate_signed(w->certificate.der, w->certificate.size, WITH_PSS, attributes->at,
                                   attributes->size, signature, n)
               ? n
               : 0;
}

static void gather_evidence(SignWork *w, const unsigned char digest[SHA256_SIZE])
{
    w->evidence = json_new();
    json_set_str(w->evidence, "certificate_sha256", w->certificate.sha256);
    json_set_str(w->evidence, "certificate_status", w->certificate.status);
    json_set_int(w->evidence, "certificate_not_after", w->certificate.not_after);
    json_set_str(w->evidence, "byte_range_sha256", hex_encode(digest, SHA256_SIZE));
    json_set_str(w->evidence, "dtbs_sha256", hex_encode(w->dtbs, SHA256_SIZE));
    json_set_str(w->evidence, "document_sha256", w->document);
    json_set_str(w->evidence, "result_sha256", w->result);
    json_set_str(w->evidence, "policy", POLICY);
    json_set_str(w->evidence, "algorithm", ALGORITHM);
    json_set_str(w->evidence, "field", w->request->field);
    json_set_id(w->evidence, "caller_id",
                w->request->caller_id ? w->request->caller_id : w->request->account_id);
    json_set_int(w->evidence, "signed_at", w->now);
}

static Signed fail(Store *store, SignWork *w)
{
    w->error = "signatures.device";
    store_write_wait(store, write_result, w);
    return (Signed){ .refusal = w->error, .request_id = w->request_id };
}

/* Writes the request down; false when this very hash was sent to the device before (a double click, a
 * repeated job). */
static bool record(Store *store, SignWork *w)
{
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        store_write_wait(store, write_request, w);
        guard_leave(&guard);
        return true;
    }
    if (guard.fault.kind != FAULT_CONFLICT)
        raise_again(&guard.fault);
    return false;
}

static Signed sign_prepared(Store *store, SignWork *w, PreparedSignature *prepared, const CmsChain *chain)
{
    unsigned char signature[MAX_SIGNATURE];
    Buf attributes = { 0 }, cms = { 0 };
    cms_attributes(&attributes, prepared->digest, w->certificate.der, w->certificate.size);
    sha256(attributes.at, attributes.size, w->dtbs);
    if (!record(store, w))
        return (Signed){ .refusal = "signatures.twice" };
    size_t n = ask_device(w, &attributes, signature);
    if (!n)
        return fail(store, w);
    cms_signed_data(&cms, &attributes, chain, WITH_PSS, signature, n);
    if (!signature_embed(prepared, cms.at, cms.size))
        raise_fault(FAULT_INTERNAL, "signatures.reserve", "a signature of %zu bytes does not fit %zu",
                    cms.size, prepared->reserve);
    w->result = sha256_hex(prepared->bytes, prepared->size);
    gather_evidence(w, prepared->digest);
    store_write_wait(store, write_result, w);
    return (Signed){ .pdf = prepared->bytes,
                     .size = prepared->size,
                     .certificate_sha256 = w->certificate.sha256,
                     .signer = w->certificate.subject,
                     .request_id = w->request_id };
}

/* In the demonstration every leader and body may sign: who never had a certificate gets one of the sandbox
 * when it is first needed. */
static bool enrol_demo(Db *db, const SignRequest *request, Certificate *out)
{
    if (!settings()->demo || !token_is_open())
        return false;
    const Org *org = org_by_id(request->org_id);
    if (!org && !request->account_id)
        return false;
    const char *body = org ? org->name : NULL;
    signatures_enrol(db_store(db), request->account_id, request->org_id,
                     request->account_id ? account_name(db, request->account_id) : body, body);
    Db *fresh = store_read_begin(db_store(db)); /* `db` still sees the store as it was */
    bool there = certificate_of(fresh, request->account_id, request->org_id, out);
    store_read_end(fresh);
    return there;
}

Signed sign_pdf(Db *db, const SignRequest *request)
{
    SignWork w = { .request = request,
                   .now = request->now ? request->now : now_ms(),
                   .request_id = id_new() };
    if (db_writable(db))
        raise_fault(FAULT_INTERNAL, "signatures.transaction",
                    "signing waits for a device and must not hold a write transaction");
    if (!certificate_of(db, request->account_id, request->org_id, &w.certificate) &&
        !enrol_demo(db, request, &w.certificate))
        return (Signed){ .refusal = "signatures.no-certificate" };
    const char *refusal = certificate_refusal(&w.certificate, w.now);
    if (!refusal && !token_is_open())
        refusal = "signatures.device";
    if (refusal)
        return (Signed){ .refusal = refusal,
                         .certificate_sha256 = w.certificate.sha256,
                         .signer = w.certificate.subject };
    w.document = sha256_hex(request->pdf, request->size);
    CmsChain chain = chain_of(db, &w.certificate);
    PreparedSignature prepared = prepare(&w, &chain);
    if (prepared.refusal)
        return (Signed){ .refusal = prepared.refusal };
    return sign_prepared(db_store(db), &w, &prepared, &chain);
}
