/* From a configuration to an open, migrated, filled store: what every command of `sen` that needs data does
 * first. */
#include "platform/app/start.h"
#include "platform/app/assets.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/map.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *path_filled(const char *pattern, Json values)
{
    Buf out = { 0 };
    while (*pattern) {
        const char *open = strchr(pattern, '{');
        if (!open)
            break;
        size_t size = strcspn(open + 1, "}*");
        buf_add(&out, pattern, (size_t)(open - pattern));
        buf_text(&out, json_str(values, text_copy_n(open + 1, size)));
        pattern = strchr(open, '}') + 1;
    }
    buf_text(&out, pattern);
    return out.at;
}

/* The folder of a room below src/, where its migrations stand. */
static const char *schema_folder(const Solution *solution)
{
    const char *platform = fmt("src/platform/%s/schema/", solution->name);
    return *asset_names(platform, ".sql") ? platform : fmt("src/solutions/%s/schema/", solution->name);
}

size_t app_migrations(const Migration **migrations)
{
    Vec all = { 0 };
    for (const Solution *const *solution = solutions(); *solution; solution++)
        for (const char **name = asset_names(schema_folder(*solution), ".sql"); *name; name++)
            vec_add(&all, (void *)*name);
    Migration *list = alloc_array(all.count + 1, sizeof *list);
    for (size_t i = 0; i < all.count; i++)
        list[i] = (Migration){ all.items[i], asset_text(all.items[i], NULL) };
    *migrations = list;
    return all.count;
}

/* With the folders above it. */
static void make_folder(const char *path)
{
    char *above = text_copy(path), *slash = strrchr(above, '/');
    if (slash && slash > above) {
        *slash = '\0';
        if (access(above, F_OK) != 0)
            make_folder(above);
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        raise_fault(FAULT_STORE, "data.folder", "%s: %s", path, strerror(errno));
}

static void fill_settings(const Config *config, Settings *s)
{
    *s = (Settings){ .data_dir = heap_dup(config_text(config, "data")),
                     .province_code = heap_dup(config_text(config, "province-code")),
                     .demo = config_bool(config, "demo"),
                     .demo_dossiers = config_int(config, "demo-dossiers") };
    static const struct {
        const char *name;
        size_t offset;
    } texts[] = { { "base-url", offsetof(Settings, base_url) },
                  { "smtp-url", offsetof(Settings, smtp_url) },
                  { "smtp-from", offsetof(Settings, smtp_from) },
                  { "clamd", offsetof(Settings, clamd) },
                  { "pkcs11-module", offsetof(Settings, pkcs11_module) } };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *value = config_text(config, texts[i].name);
        *(const char **)((char *)s + texts[i].offset) = value ? heap_dup(value) : NULL;
    }
    if (!s->base_url)
        s->base_url = heap_dup(fmt("http://%s", config_text(config, "listen")));
}

static LogLevel level_named(const char *name)
{
    static const char *const names[] = { "debug", "info", "warning", "error" };
    for (int i = 0; i < 4; i++)
        if (text_is(names[i], name))
            return (LogLevel)i;
    return LOG_INFO;
}

Store *app_open(const Config *config, Settings *s, bool migrate)
{
    fill_settings(config, s);
    log_level(level_named(config_text(config, "log-level")));
    id_node((int)config_int(config, "node"));
    make_folder(s->data_dir);
    make_folder(fmt("%s/tmp", s->data_dir));
    make_folder(fmt("%s/files", s->data_dir));
    make_folder(fmt("%s/keys", s->data_dir));
    StoreOptions options = { .url =
                                 text_or(config_text(config, "store"), fmt("sqlite:%s/sen.db", s->data_dir)),
                             .readers = (int)config_int(config, "readers"),
                             .slow_ms = (int)config_int(config, "slow-ms") };
    Store *store = store_open(&options);
    app_use(s, store, NULL);
    const Migration *migrations;
    size_t count = app_migrations(&migrations);
    if (migrate)
        store_migrate(store, migrations, count);
    else if (store_pending(store, migrations, count))
        raise_fault(FAULT_STORE, "store.migration.pending",
                    "the store is older than the program: run `sen migrate` with the same settings first");
    return store;
}

static void load_reference(Db *db, void *argument)
{
    const Solution *solution = argument;
    solution->load_reference(db);
}

void app_prepare(Store *store)
{
    for (const Solution *const *solution = solutions(); *solution; solution++) {
        if ((*solution)->load_reference)
            store_write_wait(store, load_reference, (void *)*solution);
        if ((*solution)->start)
            (*solution)->start(store);
    }
}

void app_finish(void)
{
    size_t count = 0;
    while (solutions()[count])
        count++;
    while (count--)
        if (solutions()[count]->stop)
            solutions()[count]->stop();
}
