/* See passwords_common.c. */
#ifndef SEN_PLATFORM_IDENTITY_PASSWORDS_COMMON_H
#define SEN_PLATFORM_IDENTITY_PASSWORDS_COMMON_H

extern const char *const common_passwords[]; /* NULL-ended */

#endif
