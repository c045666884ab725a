/* Inside the room of notify: notifications that leave as mail. */
#ifndef SEN_PLATFORM_NOTIFY_MAIL_H
#define SEN_PLATFORM_NOTIFY_MAIL_H

#include "platform/notify/notify.h"

extern const Job notify_jobs[];

/* Asks for the next mail to an account. */
void mail_ask(Db *db, int64_t account_id, bool urgent);
/* Is it between 21:00 and 07:00 in Vietnam, and when does that end? */
bool quiet_at(int64_t ms, int64_t *until);

/* ---- message.c: RFC 5322 ---- */

typedef struct Mail {
    const char *from, *to; /* addresses */
    const char *subject, *body;
    const char *id; /* of the message: the same when it is sent again */
    int64_t at;
} Mail;

/* An address that can stand in a header and in an SMTP command as it is. */
bool mail_address_fit(const char *address);
char *mail_message(const Mail *mail);
/* Digits of numbers that identify people (9 and more in a row: identity cards, telephones) replaced by stars
 * but for the last three. */
char *mail_without_numbers(const char *text);

/* ---- smtp.c ---- */

/* Hands a message to the mail server; raises FAULT_STORE "notify.smtp" when it does not take it. */
void smtp_send(const char *url, const char *from, const char *to, const char *message);

#endif
