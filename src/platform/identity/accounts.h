/* Inside identity: persons, accounts and their credentials. */
#ifndef SEN_PLATFORM_IDENTITY_ACCOUNTS_H
#define SEN_PLATFORM_IDENTITY_ACCOUNTS_H

#include "platform/identity/identity.h"

int64_t person_create(Db *db, const char *name, const char *pid);

bool username_valid(const char *username);
/* As it is compared: NFC, lower case, without blanks around. */
char *username_folded(const char *typed);

/* A link by which the account's owner sets a password, good once. Returns its token; an older one ends. */
char *recovery_create(Db *db, int64_t account_id, int64_t created_by, int64_t now, int64_t lives_ms);
int64_t recovery_account(Db *db, const char *token, int64_t now); /* 0: used, expired, unknown */
bool recovery_use(Db *db, const char *token, int64_t now);

#endif
