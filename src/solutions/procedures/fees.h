/* What a dossier costs (spec 03 §7.3): the sum of the rules that apply, less exemptions. Pure. */
#ifndef SEN_PROCEDURES_FEES_H
#define SEN_PROCEDURES_FEES_H

#include "base/json.h"

/* The numbers of the national exchange (KenhThucHien). */
typedef enum Channel { CHANNEL_COUNTER = 1, CHANNEL_ONLINE = 2, CHANNEL_POST = 3 } Channel;

typedef struct FeeRule {
    const char *kind; /* FEE phí, SERVICE_FEE lệ phí, PRICE_LEVEL giá */
    int64_t channel;  /* 0: all */
    int64_t vnd;      /* of one case, or of one page up to first_pages */
    int64_t first_pages,
        next_vnd;    /* first_pages > 0: counted by pages; from the page after it, next_vnd each */
    int64_t cap_vnd; /* of one copy; 0: none */
    bool known;      /* the amount is fixed; else `note` says on what it depends */
    bool exemptions; /* some groups need not pay */
    const char *note;
} FeeRule;

typedef struct FeeCase {
    Channel channel;
    int64_t pages, copies; /* at least 1 */
    bool exempt;           /* with evidence accepted by the reception officer */
} FeeCase;

typedef struct FeeQuote {
    int64_t vnd;
    bool known; /* every rule of the channel is; an unknown one is quoted by its words, never as 0 đ */
    Json lines; /* [{kind, vnd, known, note}] */
} FeeQuote;

int64_t fee_of(const FeeRule *rule, const FeeCase *of);
FeeQuote fee_quote(const FeeRule *rules, size_t count, const FeeCase *of);

#endif
