/* The catalogue of roles (danh mục vai trò). */
#ifndef SEN_PLATFORM_IDENTITY_ROLES_H
#define SEN_PLATFORM_IDENTITY_ROLES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Role {
    const char *name; /* as in Permission.roles (platform/solution.h) */
    bool privileged;  /* power over the system itself: stronger password hash, short sessions, granted only by
                         who holds it */
    bool whole_province; /* makes sense everywhere only */
} Role;

extern const Role roles[];                /* nameless at the end */
const Role *role_named(const char *name); /* NULL when there is none */
/* i18n key of its name for people: "identity.role.reception". */
char *role_title(const char *name);

#endif
