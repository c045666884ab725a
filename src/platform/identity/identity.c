/* The identity room as a value: its pages, rights and work. See README.md for the way through its files. */
#include "platform/identity/identity.h"
#include "platform/identity/directory.h"
#include "platform/identity/grants.h"
#include "platform/identity/keys.h"
#include "platform/identity/pages.h"
#include "platform/identity/sessions.h"
#include "platform/identity/demo.h"
#include "platform/app/app.h"
#include "base/clock.h"
#include "base/text.h"

static const Route routes[] = {
    { GET, "/sign-in", sign_in_form, "public", "The sign-in form", sign_in_form_params, NULL, 0 },
    { POST, "/sign-in", sign_in_post, "public", "Sign in with user name and password", sign_in_params, NULL,
      ROUTE_SLOW },
    { GET, "/sign-in/again", sign_in_again_form, "signed-in",
      "Ask for the password again before a weighty act", sign_in_form_params, NULL, 0 },
    { POST, "/sign-in/again", sign_in_again_post, "signed-in", "Prove again who one is", sign_in_again_params,
      NULL, ROUTE_SLOW },
    { GET, "/sign-in/link", recovery_form, "public", "Set a password by a link that works once",
      recovery_form_params, NULL, 0 },
    { POST, "/sign-in/link", recovery_post, "public", "Set a password by a link that works once",
      recovery_params, NULL, ROUTE_SLOW },
    { POST, "/sign-out", sign_out_post, "public", "End this session", NULL, NULL, 0 },
    { GET, "/account", account_show, "signed-in", "My profile, roles and sessions", NULL, NULL, 0 },
    { POST, "/account/password", account_password_post, "signed-in",
      "Change my password; ends my other sessions", account_password_params, "/account", ROUTE_SLOW },
    { POST, "/account/language", account_language_post, "signed-in", "Choose my language",
      account_language_params, "/account", 0 },
    { POST, "/account/sessions/{id}/end", account_session_end, "signed-in", "Sign out another of my sessions",
      NULL, "/account", 0 },
    { GET, "/organisations", orgs_list, "public", "The directory of bodies", orgs_list_params, NULL, 0 },
    { GET, "/organisations/{id}", orgs_show, "public", "One body, by number or key", NULL, NULL, 0 },
    { GET, "/users", users_list, "identity.users", "Accounts within reach", users_list_params, NULL, 0 },
    { GET, "/users/new", users_new, "identity.users", "The form for a new account", NULL, NULL, 0 },
    { POST, "/users", users_create, "identity.users",
      "A new account; its link to set a password is shown once", users_create_params, "/users/new", 0 },
    { GET, "/users/{id}", users_show, "identity.users", "One account, its roles", NULL, NULL, 0 },
    { POST, "/users/{id}/lock", user_lock, "identity.lock", "Lock an account; ends its sessions",
      user_lock_params, "/users/{id}", 0 },
    { POST, "/users/{id}/unlock", user_unlock, "identity.lock", "Let a locked account in again", NULL,
      "/users/{id}", 0 },
    { POST, "/users/{id}/reset", user_reset, "identity.users", "A link to set a new password, shown once",
      NULL, "/users/{id}", 0 },
    { POST, "/users/{id}/roles", user_assign, "identity.users", "Give a role for a body", user_assign_params,
      "/users/{id}", 0 },
    { POST, "/users/{id}/roles/{assignment}/revoke", user_revoke, "identity.users", "End a role", NULL,
      "/users/{id}", 0 },
    { POST, "/users/{id}/tokens", user_token, "identity.users",
      "A bearer token of a service account, shown once", user_token_params, "/users/{id}", 0 },
    { 0 },
};

static const Permission permissions[] = {
    { "identity.users", "identity.permission.users", "province_admin" },
    { "identity.lock", "identity.permission.lock", "province_admin security" },
    { 0 },
};

static const MenuItem menu[] = {
    { "/organisations", "identity.menu.organisations", "public", "building-community", 800 },
    { "/users", "identity.menu.users", "identity.users", "users", 900 },
    { 0 },
};

/* Sessions and links that ended a month ago, and failures of yesterday, are of no use to anybody. */
static void sweep(Work *work)
{
    db_exec(work->db, "delete from iam_session where ends_at < ?1", I(work->now - 30 * (int64_t)DAY_MS));
    db_exec(work->db, "delete from iam_throttle where last_at < ?1", I(work->now - (int64_t)DAY_MS));
    db_exec(work->db, "delete from iam_credential where type = 'recovery' and expires_at < ?1",
            I(work->now - 30 * (int64_t)DAY_MS));
}

static const Job jobs[] = {
    { "identity.sweep", sweep, 3600, 0, false },
    { 0 },
};

static int64_t open_sessions(Db *db)
{
    int64_t now = now_ms();
    return db_int(
        db, "select count(*) from iam_session where revoked_at is null and ends_at > ?1 and idle_until > ?1",
        I(now));
}

static const Metric metrics[] = {
    { "sen_identity_sessions", "Open sessions", open_sessions },
    { 0 },
};

/* The keys come first: reference data of rooms after this one may hold persons. */
static void load_reference(Db *db)
{
    int64_t now = now_ms();
    bool sealed = db_int(db, "select count(*) from iam_person where pid_sealed is not null") > 0;
    keys_open(fmt("%s/keys", text_or(settings()->data_dir, ".")), !sealed);
    orgs_load_reference(db, now);
    roles_load_reference(db);
    directory_load(db, now);
}

/* Once more from a snapshot of its own: what load_reference() saw might have been undone and done again. */
static void start(Store *store)
{
    Db *db = store_read_begin(store);
    directory_load(db, now_ms());
    store_read_end(db);
}

static void stop(void)
{
    grants_free_all();
    sessions_forget_all();
    directory_free();
}

const Solution identity_solution = {
    .name = "identity",
    .routes = routes,
    .permissions = permissions,
    .menu = menu,
    .jobs = jobs,
    .metrics = metrics,
    .start = start,
    .stop = stop,
    .load_reference = load_reference,
    .load_demo = demo_load,
};
