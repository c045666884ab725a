/* The small commands: routes, migrate, version, config, doctor. */
#include "cli/commands.h"
#include "base/text.h"

#include <dlfcn.h>
#include <libxml/xmlversion.h>
#include <microhttpd.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

int command_routes(const Config *config, const char **rest)
{
    (void)config;
    Json all = routes_document(solutions());
    if (has_word(rest, "--json")) {
        puts(json_text_pretty(all));
        return 0;
    }
    json_each (all, i, r)
        printf("%-6s %-48s %-28s %s\n", json_str(r, "method"), json_str(r, "path"), json_str(r, "permission"),
               json_str(r, "summary"));
    return 0;
}

int command_migrate(const Config *config, const char **rest)
{
    Settings s;
    (void)rest;
    Store *store = app_open(config, &s, true);
    store_close(store);
    puts("The store is up to date.");
    return 0;
}

int command_version(const Config *config, const char **rest)
{
    (void)config;
    (void)rest;
    printf("sen " SEN_VERSION " (SQLite %s, libmicrohttpd %s, libxml2 %s)\n", sqlite3_libversion(),
           MHD_get_version(), LIBXML_DOTTED_VERSION);
    return 0;
}

int command_config(const Config *config, const char **rest)
{
    (void)config;
    (void)rest;
    fputs(config_template(), stdout);
    return 0;
}

/* What Sen can use and does not bring along; `off` says what is switched off without it. */
typedef struct Outside {
    const char *name;
    const char *const paths[3];
    const char *off;
} Outside;

static const Outside outside[] = {
    { "signing token (SoftHSM)",
      { "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", NULL },
      "signing, unless pkcs11-module names another token" },
    { "fonts for documents (Liberation)",
      { "/usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf",
        "/usr/share/fonts/truetype/liberation2/LiberationSerif-Regular.ttf", NULL },
      "nothing; documents use another font" },
    { "file types (libmagic)",
      { "/usr/share/misc/magic.mgc", "/usr/lib/file/magic.mgc", NULL },
      "uploads: their type cannot be known" },
    { "virus scanner (clamd)",
      { "/run/clamav/clamd.ctl", "/var/run/clamav/clamd.ctl", NULL },
      "scanning of uploads, unless clamd names another" },
    { "time zones", { "/usr/share/zoneinfo/Asia/Ho_Chi_Minh", NULL }, "nothing; local time is computed" },
};

static bool doctor_outside(void)
{
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        bool found = false;
        for (int p = 0; p < 3 && outside[i].paths[p]; p++)
            found |= access(outside[i].paths[p], R_OK) == 0;
        printf("%-36s %s%s\n", outside[i].name,
               found ? "present" : "missing; switched off: ", found ? "" : outside[i].off);
    }
    return true;
}

int command_doctor(const Config *config, const char **rest)
{
    Settings s;
    (void)rest;
    doctor_outside();
    if (access(config_text(config, "data"), W_OK) != 0) {
        printf("%-36s %s: not there yet; `sen init` makes it\n", "data folder", config_text(config, "data"));
        return 0;
    }
    Store *store = app_open(config, &s, false);
    char *complaint = store_integrity(store);
    printf("%-36s %s, %s\n", "store",
           store_engine(store) == ENGINE_SQLITE ? "embedded (SQLite)" : "PostgreSQL",
           *complaint ? complaint : "sound and up to date");
    printf("%-36s %s\n", "mail", s.smtp_url ? s.smtp_url : "no server set; switched off: notices by mail");
    store_close(store);
    return *complaint != '\0';
}
