/* sen init: a new data folder. With --demo, the demonstration province: real agencies, communes, procedures
 * and holidays, and people and dossiers that are made up from a fixed seed. Running it again on a folder that
 * is ready changes nothing. */
#include "cli/commands.h"
#include "base/text.h"
#include "base/clock.h"
#include "base/log.h"
#include "platform/view/view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_settings(const char *data_dir)
{
    const char *path = fmt("%s/sen.conf", data_dir), *text = config_template();
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return; /* it is there already, and it is the operator's */
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fsync(fd) != 0)
        raise_fault(FAULT_STORE, "init.settings", "%s: %s", path, strerror(errno));
    close(fd);
}

static void mark_loaded(Db *db, void *argument)
{
    (void)argument;
    db_exec(db, "insert into schema_migration (name, sha256, applied_at) values ('demo', '', ?1)",
            I(now_ms()));
}

static void load_demo(Store *store)
{
    for (const Solution *const *solution = solutions(); *solution; solution++) {
        int64_t began = monotonic_us();
        if (!(*solution)->load_demo)
            continue;
        (*solution)->load_demo(store);
        printf("  %-12s %6.2f s\n", (*solution)->name, (double)(monotonic_us() - began) / 1e6);
    }
    store_write_wait(store, mark_loaded, NULL);
}

static bool demo_is_loaded(Store *store)
{
    Db *db = store_read_begin(store);
    bool loaded = db_int(db, "select count(*) from schema_migration where name = 'demo'");
    store_read_end(db);
    return loaded;
}

int command_init(const Config *config, const char **rest)
{
    Settings s;
    (void)rest;
    Store *store = app_open(config, &s, true);
    log_level(LOG_WARNING); /* what a person reads here is printed */
    view_start();
    write_settings(s.data_dir);
    app_prepare(store);
    if (s.demo && !demo_is_loaded(store)) {
        puts("Loading the demonstration province …");
        fflush(stdout);
        load_demo(store);
    }
    app_finish();
    store_close(store);
    view_stop();
    printf("Ready: %s\n", s.data_dir);
    return 0;
}
