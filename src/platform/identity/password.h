/* Passwords: Argon2id, a bound on how many are hashed at once, and what is too easily guessed. */
#ifndef SEN_PLATFORM_IDENTITY_PASSWORD_H
#define SEN_PLATFORM_IDENTITY_PASSWORD_H

#include <stdbool.h>

/* Slow; both wait at most 2 s for their turn, then raise FAULT_LIMIT "identity.hash.busy". Never inside a
 * write transaction. */
char *password_hash_for(const char *password, bool privileged);
/* A NULL hash (an account that does not exist, or cannot sign in) costs the same as an ordinary one, and is
 * never right. */
bool password_verify(const char *hash, const char *password);
/* The same at the cost of a privileged account's. */
bool password_verify_decoy(const char *password, bool privileged);
/* Was it made with other parameters than we would use now? */
bool password_outdated(const char *hash, bool privileged);
/* The i18n key of what is wrong with it as a new password, or NULL. */
const char *password_weakness(const char *password, const char *username);

#endif
