/* Nobody is told anything in these tests. */
#include "platform/notify/notify.h"


void notify_account(Db *db, int64_t account_id, const char *text, Json values, const char *url)
{
    (void)db, (void)account_id, (void)text, (void)values, (void)url;
}

void notify_role(Db *db, const char *role, int64_t org_id, const char *text, Json values, const char *url)
{
    (void)db, (void)role, (void)org_id, (void)text, (void)values, (void)url;
}
