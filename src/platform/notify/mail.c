/* The job "notify.mail": one mail to one account with all that waits for it.
 *
 * From 21:00 to 07:00 only what is urgent goes out; the rest has its own job at 07:00 (quiet hours, spec 03
 * PRC-32). A mail says no more than the bell does, and numbers that identify people are starred out: mail is
 * read by others on its way. Sending comes before writing down that it was sent; a crash between the two
 * sends the mail again, under the same Message-ID. */
#include "platform/notify/mail.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/jobs/jobs.h"
#include "platform/view/view.h"

enum {
    QUIET_FROM = 21,
    QUIET_TO = 7,
    GATHER_MS = MINUTE_MS,
    MOST_LINES = 50,
    SUBJECT_LENGTH = 80,
    KEEP_DAYS = 365
};

bool quiet_at(int64_t ms, int64_t *until)
{
    LocalTime t = local_time(ms);
    int64_t morning = day_start(local_day(ms)) + QUIET_TO * (int64_t)HOUR_MS;
    *until = t.hour >= QUIET_FROM ? morning + DAY_MS : morning;
    return t.hour >= QUIET_FROM || t.hour < QUIET_TO;
}

static void ask_at(Db *db, int64_t account_id, bool urgent, int64_t at)
{
    Json payload = json_set_id(json_new(), "account_id", account_id);
    jobs_add(db, "notify.mail", fmt("%s%lld", urgent ? "urgent:" : "", (long long)account_id),
             json_set_bool(payload, "urgent", urgent), at);
}

void mail_ask(Db *db, int64_t account_id, bool urgent)
{
    int64_t now = now_ms(), morning;
    bool quiet = quiet_at(now, &morning);
    ask_at(db, account_id, urgent, urgent ? now : quiet ? morning : now + GATHER_MS);
}

/* ---- One mail ---- */

static Json waiting(Db *db, int64_t account_id, bool urgent)
{
    return db_rows(
        db,
        "select id, text_key, text_values, url, created_at from notification"
        " where account_id = ?1 and mail_state = 'waiting' and (urgent or ?2 = 0) order by id limit ?3",
        I(account_id), I(urgent), I(MOST_LINES));
}

static const char *sentence(const char *lang, Json row)
{
    return mail_without_numbers(text_in(lang, json_str(row, "text_key"), json_at(row, "text_values")));
}

static const char *subject_of(const char *lang, Json rows)
{
    size_t count = json_array_size(rows);
    if (count == 1)
        return text_shorten(sentence(lang, json_array_get(rows, 0)), SUBJECT_LENGTH);
    return text_in(lang, "notify.mail.subject", json_set_int(json_new(), "count", (int64_t)count));
}

static const char *body_of(const char *lang, Json person, Json rows)
{
    Buf out = { 0 };
    buf_fmt(&out, "%s\n\n",
            text_in(lang, "notify.mail.greeting",
                    json_set_str(json_new(), "name", json_str(person, "full_name"))));
    json_each (rows, i, row) {
        buf_fmt(&out, "- %s\n", sentence(lang, row));
        if (json_has(row, "url"))
            buf_fmt(&out, "  %s%s\n", text_or(settings()->base_url, ""), json_str(row, "url"));
    }
    buf_fmt(&out, "\n%s\n", text_in(lang, "notify.mail.foot", NULL));
    return buf_end(&out);
}

typedef struct Sent {
    Json rows;
    const char *state;
} Sent;

static void note_sent(Db *db, void *argument)
{
    const Sent *sent = argument;
    json_each (sent->rows, i, row)
        db_exec(db, "update notification set mail_state = ?1 where id = ?2 and mail_state = 'waiting'",
                T(sent->state), I(json_id(row, "id")));
}

/* A person with an address, by the account; NULL for services, locked accounts and people without one. */
static Json person_of(Db *db, int64_t account_id)
{
    Json person = db_row(
        db,
        "select p.full_name, p.email, a.locale from iam_account a join iam_person p on p.id = a.person_id"
        " where a.id = ?1 and a.state = 'active' and p.email is not null",
        I(account_id));
    return person && mail_address_fit(json_str(person, "email")) ? person : NULL;
}

static void send_mail(Json person, Json rows, int64_t now)
{
    const char *lang = json_str(person, "locale");
    Mail mail = {
        .from = settings()->smtp_from,
        .to = json_str(person, "email"),
        .subject = subject_of(lang, rows),
        .body = body_of(lang, person, rows),
        .id = fmt("notification-%s", json_str(json_array_get(rows, 0), "id")),
        .at = now,
    };
    smtp_send(settings()->smtp_url, mail.from, mail.to, mail_message(&mail));
}

/* Anything that is still waiting for this account (more than one mail holds, or come meanwhile) has or gets
 * its own job. */
static void mail_one(Work *work)
{
    int64_t account_id = json_id(work->data, "account_id"), morning;
    bool urgent = json_bool(work->data, "urgent");
    if (text_empty(settings()->smtp_url) || !mail_address_fit(text_or(settings()->smtp_from, "")))
        return;
    if (!urgent &&
        quiet_at(work->now, &morning)) /* delayed by retries into the night: the sweep below brings it back */
        return;
    Json rows = waiting(work->db, account_id, urgent), person = person_of(work->db, account_id);
    Sent sent = { .rows = rows, .state = person ? "sent" : "none" };
    if (!json_array_size(rows))
        return;
    if (person)
        send_mail(person, rows, work->now);
    store_write_wait(db_store(work->db), note_sent, &sent);
}

/* ---- Now and then ---- */

/* Accounts for which something of the last day still waits: more than one mail holds, or put off into the
 * night by retries. Where a job waits already, its key makes this one the same. */
static void sweep(Work *work)
{
    if (text_empty(settings()->smtp_url))
        return;
    Json rows = db_rows(work->db,
                        "select distinct account_id, urgent from notification where mail_state = 'waiting'"
                        " and created_at between ?1 and ?2",
                        I(work->now - DAY_MS), I(work->now - 10 * MINUTE_MS));
    json_each (rows, i, row)
        mail_ask(work->db, json_id(row, "account_id"), json_bool(row, "urgent"));
}

static void expire(Work *work)
{
    db_exec(work->db, "delete from notification where created_at < ?1",
            I(work->now - KEEP_DAYS * (int64_t)DAY_MS));
}

const Job notify_jobs[] = {
    { .type = "notify.mail", .run = mail_one, .slow = true },
    { .type = "notify.sweep", .run = sweep, .every_s = 600 },
    { .type = "notify.expire", .run = expire, .every_s = 24 * 3600 },
    { 0 },
};
