/* sen user: accounts from the shell, for the first administrator and for lost passwords. The password is read
 * from standard input, never from the command line, where others could see it. */
#include "cli/commands.h"
#include "base/clock.h"
#include "base/text.h"
#include "platform/audit/audit.h"
#include "platform/identity/identity.h"

#include <stdio.h>
#include <string.h>

typedef struct UserWork {
    const char *action, *username, *hash, *name, *role;
    const Org *org;
    bool subtree, done;
} UserWork;

static int64_t account_of(Db *db, const char *username)
{
    return db_int(db, "select id from iam_account where username = ?1", T(username));
}

static void work(Db *db, void *argument)
{
    UserWork *w = argument;
    int64_t account = account_of(db, w->username);
    if (text_is(w->action, "add") && !account)
        account = account_create(db, ACTOR_OFFICIAL, w->username, w->hash, w->name, NULL, w->org->id);
    else if (!account)
        return;
    else if (text_is(w->action, "password"))
        account_set_password(db, account, w->hash);
    else if (text_is(w->action, "grant"))
        role_assign(db, account, w->role, w->org->id, w->subtree);
    else if (text_is(w->action, "lock") || text_is(w->action, "unlock"))
        account_set_locked(db, account, text_is(w->action, "lock"));
    else
        return;
    audit_as(db, system_actor(), fmt("identity.shell.%s", w->action), fmt("account:%lld", (long long)account),
             "ok", NULL);
    w->done = true;
}

static char *read_password(void)
{
    char line[300];
    if (!fgets(line, sizeof line, stdin))
        return NULL;
    line[strcspn(line, "\n")] = '\0';
    return strlen(line) >= 8 ? text_copy(line) : NULL;
}

int command_user(const Config *config, const char **rest)
{
    Settings s;
    if (!rest[0] || !rest[1]) {
        fputs("sen user add USERNAME --name NAME --org KEY < password\n"
              "sen user password USERNAME < password\n"
              "sen user grant USERNAME --role ROLE --org KEY [--subtree]\n"
              "sen user lock|unlock USERNAME\n",
              stderr);
        return 2;
    }
    UserWork w = { .action = rest[0],
                   .username = rest[1],
                   .name = word_after(rest, "--name"),
                   .role = word_after(rest, "--role"),
                   .subtree = has_word(rest, "--subtree") };
    bool needs_password = text_is(w.action, "add") || text_is(w.action, "password");
    char *password = needs_password ? read_password() : NULL;
    if (needs_password && !password) {
        fputs("sen: a password of at least 8 characters is expected on standard input\n", stderr);
        return 2;
    }
    Store *store = app_open(config, &s, false);
    app_prepare(store);
    w.org = org_by_key(text_or(word_after(rest, "--org"), ""));
    if ((text_is(w.action, "add") && (!w.name || !w.org)) ||
        (text_is(w.action, "grant") && (!w.role || !w.org))) {
        fputs("sen: --name, --role and --org (a key of data/organisations.csv) say who and where\n", stderr);
        store_close(store);
        return 2;
    }
    w.hash = password ? password_hash(password) : NULL;
    store_write_wait(store, work, &w);
    app_finish();
    store_close(store);
    puts(w.done ? "Done."
                : "Nothing was done: is the account there, and the action one of add, password, grant, lock, "
                  "unlock?");
    return !w.done;
}
