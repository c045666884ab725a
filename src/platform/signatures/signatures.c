/* The room's value: start and stop, permissions, menu, the proof of the evidence. Pages are in page.c and
 * check.c. */
#include "platform/signatures/pages.h"
#include "platform/signatures/certificates.h"
#include "platform/app/app.h"
#include "base/arena.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

void signatures_start(Store *store)
{
    char reason[300];
    const Settings *s = settings();
    if (!token_open(s->pkcs11_module, s->data_dir, reason, sizeof reason)) {
        log_warn("signatures.off", "reason", reason, NULL);
        return;
    }
    if (s->demo && !sandbox_start(store))
        log_warn("signatures.off", "reason", "the token made no sandbox authority", NULL);
}

void signatures_stop(void)
{
    token_close();
}

static const Permission permissions[] = {
    { "signatures.read", "signatures.permission.read",
      "province_admin security auditor leader clerk director" },
    { "signatures.manage", "signatures.permission.manage", "security province_admin" },
    { 0 },
};

static const MenuItem menu[] = {
    { "/certificates", "signatures.certificates.title", "signatures.read", "certificate", 820 },
    { 0 },
};

/* ---- sen verify: the chain of evidence ---- */

typedef struct Chain {
    char before[65];
    int64_t seq;
    Json complaints;
    bool sound;
} Chain;

static bool check_link(Json row, void *argument)
{
    Chain *chain = argument;
    const char *sealed = fmt("%lld\n%s\n%s\n%s", (long long)json_int(row, "seq"), json_str(row, "request_id"),
                             json_str(row, "prev_hash"), json_canonical(json_at(row, "items")));
    bool good = text_is(json_str(row, "hash"), sha256_hex(sealed, strlen(sealed))) &&
                text_is(json_str(row, "prev_hash"), chain->before) && json_int(row, "seq") == chain->seq + 1;
    if (!good) {
        chain->sound = false;
        json_add_str(chain->complaints,
                     fmt("signature evidence row %lld does not follow from the row before it",
                         (long long)json_int(row, "seq")));
    }
    chain->seq = json_int(row, "seq");
    snprintf(chain->before, sizeof chain->before, "%s", json_str(row, "hash"));
    return true;
}

static bool verify(Db *db, Json complaints)
{
    Chain chain = { .complaints = complaints, .sound = true };
    db_each(db, "select seq, request_id, items, prev_hash, hash from sig_evidence order by seq", VALUES(),
            check_link, &chain);
    int64_t signatures = db_int(db, "select count(*) from sig_signature");
    if (signatures != chain.seq) {
        chain.sound = false;
        json_add_str(complaints, fmt("%lld signatures have %lld rows of evidence", (long long)signatures,
                                     (long long)chain.seq));
    }
    return chain.sound;
}

const Solution signatures_solution = {
    .name = "signatures",
    .title = NULL,
    .routes = signatures_routes,
    .permissions = permissions,
    .menu = menu,
    .start = signatures_start,
    .verify = verify,
};
