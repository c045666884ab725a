/* Inside of signatures: the verdict on one signature. */
#ifndef SEN_PLATFORM_SIGNATURES_VERIFY_H
#define SEN_PLATFORM_SIGNATURES_VERIFY_H

#include "platform/signatures/changes.h"
#include "platform/signatures/certificates.h"
#include "platform/signatures/cms.h"

typedef enum Verdict {
    VERDICT_VALID,
    VERDICT_VALID_FIELDS, /* later: only permitted fields */
    VERDICT_FORMAT,
    VERDICT_UNREADABLE,
    VERDICT_HASH,
    VERDICT_CRYPTO,
    VERDICT_NO_CERTIFICATE,
    VERDICT_ALGORITHM,
    VERDICT_ATTRIBUTES,
    VERDICT_CHANGED,
    VERDICT_CHANGED_UNSURE,
    VERDICT_NO_CHAIN,
    VERDICT_CHAIN,
    VERDICT_EXPIRED,
    VERDICT_NOT_YET,
    VERDICT_REVOKED,
    VERDICT_SUSPENDED,
    VERDICT_REVOCATION_UNKNOWN,
    VERDICT_USAGE,
    VERDICT_UNSUPPORTED,
    VERDICTS,
} Verdict;

typedef struct VerdictText {
    const char *indication, *sub_indication;
    const char *message; /* i18n key */
} VerdictText;
extern const VerdictText VERDICT_TEXTS[VERDICTS];

/* Is the holder trusted, now? `certificate` gets our own record of it (id 0: none). */
Verdict trust_verdict(Db *db, const CmsCheck *cms, int64_t now, Certificate *certificate);

#endif
