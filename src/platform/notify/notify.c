/* Telling people. A notification is a row that the bell shows at once (events_tell on "account:<id>"), and,
 * where a mail server is set, a waiting piece of the next mail to that account: the job "notify.mail"
 * (mail.c) gathers for a minute and sends one mail with all that waits. */
#include "platform/notify/notify.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/events/events.h"
#include "platform/identity/identity.h"
#include "platform/notify/mail.h"

int64_t notify_unread(Db *db, int64_t account_id)
{
    return db_int(db, "select count(*) from notification where account_id = ?1 and read_at is null",
                  I(account_id));
}

static void add(Db *db, int64_t account_id, const char *text, Json values, const char *url, bool urgent)
{
    int64_t id = id_new();
    bool mail = !text_empty(settings()->smtp_url) && !text_empty(settings()->smtp_from);
    db_exec(db,
            "insert into notification (id, account_id, text_key, text_values, url, urgent, created_at, "
            "mail_state)"
            " values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            I(id), I(account_id), T(text), J(values ? values : json_new()), T(url), B(urgent), I(now_ms()),
            T(mail ? "waiting" : "off"));
    events_tell(db, fmt("account:%lld", (long long)account_id), "notification",
                json_set_id(json_new(), "id", id));
    if (mail)
        mail_ask(db, account_id, urgent);
}

void notify_account(Db *db, int64_t account_id, const char *text, Json values, const char *url)
{
    add(db, account_id, text, values, url, false);
}

void notify_urgent(Db *db, int64_t account_id, const char *text, Json values, const char *url)
{
    add(db, account_id, text, values, url, true);
}

void notify_role(Db *db, const char *role, int64_t org_id, const char *text, Json values, const char *url)
{
    int64_t *accounts;
    size_t count = accounts_with_role(db, role, org_id, &accounts);
    for (size_t i = 0; i < count; i++)
        notify_account(db, accounts[i], text, values, url);
}
