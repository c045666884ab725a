/* Certificates in the store: who holds which, whether it may sign, and how the sandbox makes them. */
#include "platform/signatures/certificates.h"
#include "platform/signatures/ca.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

static const Field FIELDS[] = {
    FIELD(ID, Certificate, id),         FIELD(TEXT, Certificate, sha256),
    FIELD(TEXT, Certificate, subject),  FIELD(TEXT, Certificate, organisation),
    FIELD(TEXT, Certificate, kind),     FIELD(TEXT, Certificate, role),
    FIELD(TEXT, Certificate, status),   FIELD(INT, Certificate, not_before),
    FIELD(INT, Certificate, not_after), FIELD(INT, Certificate, key_bits),
    FIELD(ID, Certificate, account_id), FIELD(ID, Certificate, org_id),
    FIELD(TEXT, Certificate, key_id),   { 0 },
};

/* Rows give bytes as base64. */
static void add_der(Db *db, Certificate *certificate)
{
    Json row = db_row(db, "select der from sig_certificate where id = ?1", I(certificate->id));
    certificate->der = base64_decode(json_str(row, "der"), &certificate->size);
    if (!certificate->der)
        raise_fault(FAULT_STORE, "signatures.certificate", "certificate %lld has no bytes",
                    (long long)certificate->id);
}

static bool found(Db *db, bool there, Certificate *out)
{
    if (there)
        add_der(db, out);
    return there;
}

bool certificate_of(Db *db, int64_t account_id, int64_t org_id, Certificate *out)
{
    const char *sql = fmt("select * from sig_certificate where %s = ?1 and role = 'signer' "
                          "order by case status when 'active' then 0 else 1 end, not_after desc limit 1",
                          account_id ? "account_id" : "account_id is null and org_id");
    return found(db, db_get(db, FIELDS, out, sql, I(account_id ? account_id : org_id)), out);
}

bool certificate_by_digest(Db *db, const char *sha256, Certificate *out)
{
    return found(db, db_get(db, FIELDS, out, "select * from sig_certificate where sha256 = ?1", T(sha256)),
                 out);
}

size_t certificate_anchors(Db *db, Certificate **out)
{
    size_t count =
        db_all(db, FIELDS, sizeof **out, out,
               "select * from sig_certificate where role = 'root' and status = 'active' order by id");
    for (size_t i = 0; i < count; i++)
        add_der(db, &(*out)[i]);
    return count;
}

/* ---- May it sign? ---- */

static const struct {
    const char *status, *refusal;
} REFUSED[] = { { "revoked", "signatures.revoked" },
                { "suspended", "signatures.suspended" },
                { "expired", "signatures.expired" } };

static bool usage_allows(const Certificate *certificate)
{
    X509 *x = certificate_parse(certificate->der, certificate->size);
    return x && (X509_get_key_usage(x) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) &&
           !text_empty(certificate->key_id);
}

const char *certificate_refusal(const Certificate *certificate, int64_t now)
{
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++)
        if (text_is(certificate->status, REFUSED[i].status))
            return REFUSED[i].refusal;
    if (now < certificate->not_before)
        return "signatures.not-yet-valid";
    if (now > certificate->not_after)
        return "signatures.expired";
    if (certificate->key_bits < 2048) /* Thông tư 15/2025/TT-BKHCN, Phụ lục */
        return "signatures.algorithm-not-allowed";
    return text_is(certificate->status, "active") && usage_allows(certificate) ? NULL
                                                                               : "signatures.not-usable";
}

/* ---- Reading X.509 ---- */

static void release_x509(void *x)
{
    X509_free(x);
}

X509 *certificate_parse(const unsigned char *der, size_t size)
{
    X509 *x = d2i_X509(NULL, &der, (long)size);
    if (x)
        arena_defer(release_x509, x);
    return x;
}

char *certificate_name(X509_NAME *name, int nid)
{
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    unsigned char *utf8 = NULL;
    int n =
        at >= 0 ? ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))) : -1;
    char *text = n > 0 && utf8_valid((char *)utf8, (size_t)n) ? text_nfc(text_copy_n((char *)utf8, (size_t)n))
                                                              : text_copy("");
    OPENSSL_free(utf8);
    return text;
}

int64_t certificate_time(const ASN1_TIME *time)
{
    struct tm tm;
    return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) * SECOND_MS : 0;
}

/* ---- The sandbox ---- */

enum { ROOT_DAYS = 3650, SIGNER_DAYS = 730 };

typedef struct NewCertificate {
    int64_t id, source_id, account_id, org_id;
    const char *organisation, *role, *key_id;
    const unsigned char *der;
    size_t size;
    int64_t now;
} NewCertificate;

static void write_source(Db *db, NewCertificate *new)
{
    new->source_id = db_int(db, "select id from sig_key_source where kind = 'pkcs11' order by id limit 1");
    if (new->source_id)
        return;
    new->source_id = id_new();
    db_exec(db, "insert into sig_key_source (id, kind, name, checked_at) values (?1, 'pkcs11', 'sen', ?2)",
            I(new->source_id), I(new->now));
}

static void write_certificate(Db *db, void *argument)
{
    NewCertificate *new = argument;
    X509 *x = certificate_parse(new->der, new->size);
    write_source(db, new);
    const unsigned char *serial = ASN1_STRING_get0_data(X509_get0_serialNumber(x));
    db_exec(
        db,
        "insert into sig_certificate (id, sha256, der, subject, organisation, issuer, serial, not_before, "
        "not_after, key_alg, "
        "key_bits, kind, role, account_id, org_id, source_id, key_id, status, status_at, created_at) values "
        "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'rsa', ?10, 'sandbox', ?11, ?12, ?13, ?14, ?15, 'active', ?16, "
        "?16)",
        I(new->id), T(sha256_hex(new->der, new->size)), X(new->der, new->size),
        T(certificate_name(X509_get_subject_name(x), NID_commonName)), T(new->organisation),
        T(certificate_name(X509_get_issuer_name(x), NID_commonName)),
        T(hex_encode(serial, (size_t)ASN1_STRING_length(X509_get0_serialNumber(x)))),
        I(certificate_time(X509_get0_notBefore(x))), I(certificate_time(X509_get0_notAfter(x))),
        I(EVP_PKEY_get_bits(X509_get0_pubkey(x))), T(new->role), ID(new->account_id), ID(new->org_id),
        I(new->source_id), T(new->key_id), I(new->now));
}

static bool make_key(unsigned char id[KEY_ID_SIZE], const char *label)
{
    random_bytes(id, KEY_ID_SIZE);
    return token_make_key(id, label);
}

bool sandbox_start(Store *store)
{
    unsigned char id[KEY_ID_SIZE];
    Certificate *anchors;
    Db *db = store_read_begin(store);
    size_t count = certificate_anchors(db, &anchors);
    store_read_end(db);
    if (count)
        return true;
    NewCertificate new = {
        .id = id_new(), .role = "root", .organisation = SANDBOX_ROOT.organisation, .now = now_ms()
    };
    int64_t day = day_start(local_day(new.now));
    Issue issue = { .subject = SANDBOX_ROOT,
                    .issuer = SANDBOX_ROOT,
                    .issuer_key_id = id,
                    .authority = true,
                    .not_before = day,
                    .not_after = day + ROOT_DAYS * (int64_t)DAY_MS };
    if (!make_key(id, "sen-ca-root") || !(issue.public_key = token_public_key(id, &issue.public_key_size)))
        return false;
    issue.issuer_public_key = issue.public_key;
    issue.issuer_public_key_size = issue.public_key_size;
    new.key_id = hex_encode(id, sizeof id);
    new.der = ca_issue(&issue, &new.size);
    if (!new.der)
        return false;
    store_write_wait(store, write_certificate, &new);
    log_info("signatures.sandbox", "root", sha256_hex(new.der, new.size), NULL);
    return true;
}

static void write_signer(Db *db, void *argument)
{
    NewCertificate *new = argument;
    Certificate there;
    if (certificate_of(db, new->account_id, new->org_id, &there) && !certificate_refusal(&there, new->now))
        return; /* somebody else was faster; the key in the token stays unused */
    write_certificate(db, new);
}

/* The sandbox's root and its key, or a fault. */
static void sandbox_root(Store *store, Certificate *root, unsigned char id[KEY_ID_SIZE])
{
    Certificate *anchors;
    bool ready = token_is_open() && sandbox_start(store);
    Db *db = store_read_begin(store);
    size_t count = ready ? certificate_anchors(db, &anchors) : 0;
    store_read_end(db);
    for (size_t i = 0; i < count; i++)
        if (text_is(anchors[i].kind, "sandbox") && hex_decode(anchors[i].key_id, id, KEY_ID_SIZE)) {
            *root = anchors[i];
            return;
        }
    raise_fault(FAULT_INTERNAL, "signatures.device", "the token that holds the sandbox root cannot be used");
}

void signatures_enrol(Store *store, int64_t account_id, int64_t org_id, const char *common_name,
                      const char *organisation)
{
    unsigned char id[KEY_ID_SIZE], root_id[KEY_ID_SIZE];
    Certificate there, root;
    NewCertificate new = { .id = id_new(),
                           .role = "signer",
                           .account_id = account_id,
                           .org_id = org_id,
                           .organisation = organisation,
                           .now = now_ms() };
    Db *db = store_read_begin(store);
    bool has_one = certificate_of(db, account_id, org_id, &there) && !certificate_refusal(&there, new.now);
    store_read_end(db);
    if (has_one)
        return;
    sandbox_root(store, &root, root_id);
    int64_t day = day_start(local_day(new.now));
    Issue issue = { .issuer = SANDBOX_ROOT,
                    .issuer_key_id = root_id,
                    .not_before = day,
                    .not_after = day + SIGNER_DAYS * (int64_t)DAY_MS };
    issue.subject = (Name){ organisation, NULL, common_name, fmt("%lld", (long long)new.id) };
    issue.issuer_public_key = token_public_key(root_id, &issue.issuer_public_key_size);
    if (issue.issuer_public_key && make_key(id, common_name))
        issue.public_key = token_public_key(id, &issue.public_key_size);
    new.der = issue.public_key ? ca_issue(&issue, &new.size) : NULL;
    if (!new.der)
        raise_fault(FAULT_INTERNAL, "signatures.device", "the token made no certificate");
    new.key_id = hex_encode(id, sizeof id);
    store_write_wait(store, write_signer, &new);
}

bool certificate_set_status(Db *db, int64_t id, const char *status, const char *reason, int64_t now)
{
    return db_exec(db,
                   "update sig_certificate set status = ?2, status_reason = ?3, status_at = ?4 where id = ?1 "
                   "and status <> "
                   "'revoked' and status <> ?2",
                   I(id), T(status), T(reason), I(now)) == 1;
}
