/* Digital signatures (spec 25): keys stay in PKCS#11 tokens, documents get PAdES signatures. */
#ifndef SEN_PLATFORM_SIGNATURES_H
#define SEN_PLATFORM_SIGNATURES_H

#include "platform/solution.h"

extern const Solution signatures_solution; /* certificates page; public /signatures/check */

/* Prepares the token: on first start of a demonstration, a SoftHSM token and a sandbox CA ("CHỮ KÝ THỬ
 * NGHIỆM"). Without a usable token the program runs on, and signing is refused with signatures.device. */
void signatures_start(Store *store);
void signatures_stop(void);

typedef struct SignRequest {
    const void *pdf;
    size_t size;
    int64_t account_id; /* whose certificate: a person… */
    int64_t org_id;     /* …or a body (seal) when account_id is 0 */
    const char *field;  /* "ChuKyLanhDao", "DauCoQuan"; one that is missing is added, invisible */
    const char *reason, *location;
    const char *lock;    /* FieldMDP: NULL, "all", or "exclude So NgayThang DauCoQuan" */
    int64_t now;         /* 0: the clock's */
    const char *title;   /* "CHỦ TỊCH": shown in the signature's picture; may be NULL */
    const char *purpose; /* of the request's record; NULL: "document" */
    int64_t caller_id;   /* account that asked; 0: account_id */
} SignRequest;

typedef struct Signed {
    const void *pdf; /* arena; NULL when refused */
    size_t size;
    /* i18n key: signatures.no-certificate, .expired, .not-yet-valid, .revoked, .suspended, .not-usable,
     * .algorithm-not-allowed, .device, .field.signed, .field.locked, .pdf.malformed, .pdf.encrypted, … */
    const char *refusal;
    const char *certificate_sha256, *signer;
    int64_t request_id;
} Signed;

/* Signs (PAdES B-B, incremental update). Slow: on a worker; `db` is a read transaction, the record of the
 * request and its evidence are written in write transactions of their own before it returns. */
Signed sign_pdf(Db *db, const SignRequest *request);

/* A form field to be put on a page; millimetres from the page's top left corner. */
typedef struct PdfField {
    const char *name;
    bool signature; /* else a text field */
    int page;       /* from 1 */
    double x_mm, y_mm, width_mm, height_mm;
} PdfField;

/* Adds empty form fields by an incremental update, before anything is signed. NULL and an i18n key in
 * *refusal (may be NULL) for a document that cannot take them. */
const void *pdf_prepare(const void *pdf, size_t size, const PdfField *fields, size_t count, size_t *out_size,
                        const char **refusal);
/* The same with the places that pdf_document() listed in PdfOptions.places. */
const void *pdf_prepare_places(const void *pdf, size_t size, Json places, size_t *out_size);
/* Fills text fields by an incremental update: {"So","15","NgayThang","21 tháng 11 năm 2026",NULL}. NULL when
 * the document cannot be read, a field is missing, or a signature has locked it. */
const void *pdf_fill(const void *pdf, size_t size, const char *const *names_and_values, size_t *out_size);

/* Every signature of a document, in the order of signing: [{field, signer, organisation, signed_at,
 * indication, sub_indication, covers_all, changes, level, kind, reason, location, certificate:{…}, label,
 * label_key, message, message_key}]. `label` and `message` are Vietnamese; the keys are for pages. A document
 * that cannot be read: one item without field, TOTAL-FAILED/FORMAT_FAILURE. No signature: an empty list. */
Json signatures_verify(Db *db, const void *pdf, size_t size, int64_t now);

/* Gives an account (or a body) a sandbox certificate with a key in the token, unless it has one that is
 * active. Raises FAULT_INTERNAL "signatures.device" when the token fails. */
void signatures_enrol(Store *store, int64_t account_id, int64_t org_id, const char *common_name,
                      const char *organisation);
/* Ends or interrupts the use of a certificate: "revoked", "suspended", "active". False when it is not there
 * or already revoked. */
bool certificate_set_status(Db *db, int64_t id, const char *status, const char *reason, int64_t now);

#endif
