/* Telling people: in-app always, by e-mail when an address and a mail server are there. No sensitive text
 * goes out by mail. */
#ifndef SEN_PLATFORM_NOTIFY_H
#define SEN_PLATFORM_NOTIFY_H

#include "platform/solution.h"

extern const Solution notify_solution; /* /notifications, the bell */

/* `text`: i18n key, filled from `values` in the reader's language. `url`: where it leads. */
void notify_account(Db *db, int64_t account_id, const char *text, Json values, const char *url);
void notify_role(Db *db, const char *role, int64_t org_id, const char *text, Json values, const char *url);
/* The same, but its mail does not wait for the end of quiet hours (21:00–07:00). */
void notify_urgent(Db *db, int64_t account_id, const char *text, Json values, const char *url);
/* How many an account has not read: for the bell. */
int64_t notify_unread(Db *db, int64_t account_id);

#endif
