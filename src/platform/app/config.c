/* The settings of the program, one row each. The file is lines of `name = value`; '#' begins a comment line.
 */
#include "platform/app/config.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum Kind { TEXT, WHOLE, FLAG } Kind;

typedef struct Setting {
    const char *name; /* in the file; "--name" on the command line; SEN_NAME in the environment, '-' as '_' */
    Kind kind;
    const char *otherwise;
    int64_t least, most;
    const char *comment;
} Setting;

static const Setting settings_table[] = {
    { "data", TEXT, "var", 0, 0,
      "Folder of everything this node keeps: files, keys, and with the embedded store the database." },
    { "listen", TEXT, "127.0.0.1:8080", 0, 0, "Address and port. Behind HAProxy or nginx keep it local." },
    { "base-url", TEXT, NULL, 0, 0,
      "How people reach the system, for QR codes and mail: https://dichvucong.example.vn" },
    { "store", TEXT, NULL, 0, 0,
      "Where the data are. Unset: sqlite:DATA/sen.db. To scale: postgresql://sen@db.internal/sen" },
    { "province-code", TEXT, "H20", 0, 0,
      "Code of the province's agencies; the beginning of dossier codes." },
    { "tls-cert", TEXT, NULL, 0, 0, "PEM file of the certificate, for direct TLS." },
    { "tls-key", TEXT, NULL, 0, 0, "PEM file of its private key." },
    { "trusted-proxies", TEXT, "127.0.0.1,::1", 0, 0,
      "Addresses whose X-Forwarded-For and X-Forwarded-Proto are believed." },
    { "io-threads", WHOLE, "0", 0, 256, "Threads that read and write connections. 0: one per processor." },
    { "workers", WHOLE, "0", 0, 1024, "Threads that answer requests. 0: twice the processors." },
    { "readers", WHOLE, "0", 0, 1024,
      "Read connections (SQLite) or size of the pool (PostgreSQL). 0: as many as workers." },
    { "runners", WHOLE, "2", 0, 64, "Threads for background jobs. 0: none on this node." },
    { "rate-per-minute", WHOLE, "1200", 0, 10000000, "Requests a minute from one address; 0: no limit." },
    { "max-upload-mb", WHOLE, "50", 1, 2048, "Largest file that people may send." },
    { "slow-ms", WHOLE, "200", 0, 60000, "Statements slower than this are logged; 0: never." },
    { "smtp-url", TEXT, NULL, 0, 0,
      "Mail server: smtp://mail.internal:25. Unset: notices are shown in the system only." },
    { "smtp-from", TEXT, NULL, 0, 0, "Sender of mail." },
    { "clamd", TEXT, NULL, 0, 0,
      "Virus scanner: unix:/run/clamav/clamd.ctl or host:port. Unset: uploads are not scanned." },
    { "pkcs11-module", TEXT, NULL, 0, 0, "Library of the signing token. Unset: SoftHSM, for trying out." },
    { "node", WHOLE, "0", 0, 1023, "Number of this node in a cluster; part of every new key." },
    { "log-level", TEXT, "info", 0, 0, "debug, info, warning or error." },
    { "demo", FLAG, "false", 0, 0,
      "Shows the demonstration accounts on the sign-in page. Never in production." },
    { "demo-dossiers", WHOLE, "60000", 0, 1000000, "How many dossiers the demonstration province gets." },
};
enum { SETTING_COUNT = sizeof settings_table / sizeof *settings_table };

struct Config {
    const char *values[SETTING_COUNT];
};

static int setting_index(const char *name)
{
    for (int i = 0; i < SETTING_COUNT; i++)
        if (text_is(settings_table[i].name, name))
            return i;
    return -1;
}

/* Sets a value after checking it; `where` is for the message. */
static bool set_value(Config *config, int index, const char *value, const char *where, char *error,
                      int error_size)
{
    const Setting *s = &settings_table[index];
    int64_t n;
    if (s->kind == WHOLE && !text_int(value, s->least, s->most, &n)) {
        snprintf(error, (size_t)error_size, "%s: %s must be a whole number from %lld to %lld, not \"%s\"",
                 where, s->name, (long long)s->least, (long long)s->most, value);
        return false;
    }
    if (s->kind == FLAG && !text_is(value, "true") && !text_is(value, "false")) {
        snprintf(error, (size_t)error_size, "%s: %s must be true or false, not \"%s\"", where, s->name,
                 value);
        return false;
    }
    config->values[index] = text_copy(value);
    return true;
}

static bool read_line(Config *config, char *line, const char *where, char *error, int error_size)
{
    line = text_trim(line);
    if (!*line || *line == '#')
        return true;
    char *equals = strchr(line, '=');
    if (!equals) {
        snprintf(error, (size_t)error_size, "%s: expected \"name = value\"", where);
        return false;
    }
    char *name = text_trim(text_copy_n(line, (size_t)(equals - line)));
    int index = setting_index(name);
    if (index < 0) {
        snprintf(error, (size_t)error_size, "%s: there is no setting \"%s\"", where, name);
        return false;
    }
    return set_value(config, index, text_trim(equals + 1), where, error, error_size);
}

/* The lines of one file. */
static bool read_lines(Config *config, const char *path, const char *text, char *error, int error_size)
{
    char **lines = text_split(text, '\n', NULL);
    for (int number = 1; *lines; lines++, number++)
        if (!read_line(config, *lines, fmt("%s:%d", path, number), error, error_size))
            return false;
    return true;
}

static bool read_file(Config *config, const char *path, bool must, char *error, int error_size)
{
    enum { MOST = 256 * 1024 };
    FILE *file = fopen(path, "r");
    if (!file) {
        if (must)
            snprintf(error, (size_t)error_size, "%s: %s", path, strerror(errno));
        return !must;
    }
    char *text = alloc(MOST + 1);
    size_t size = fread(text, 1, MOST + 1, file);
    fclose(file);
    if (size > MOST || strlen(text) != size) {
        snprintf(error, (size_t)error_size, "%s: this is no file of settings (too large, or it holds a NUL)",
                 path);
        return false;
    }
    return read_lines(config, path, text, error, error_size);
}

bool config_check(const char *text, char *error, int error_size)
{
    return read_lines(alloc(sizeof(Config)), "text", text, error, error_size);
}

static bool read_environment(Config *config, char *error, int error_size)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        char *name = fmt("SEN_%s", settings_table[i].name);
        for (char *c = name; *c; c++)
            *c = *c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
        const char *value = getenv(name);
        if (value && !set_value(config, i, value, name, error, error_size))
            return false;
    }
    return true;
}

/* Takes "--name value", "--name=value", and "--flag" alone for a FLAG; everything else goes to `rest`. */
static bool read_flags(Config *config, int argc, char **argv, Vec *rest, char *error, int error_size)
{
    for (int i = 0; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        size_t size = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);
        int index = text_starts(argv[i], "--") ? setting_index(text_copy_n(argv[i] + 2, size - 2)) : -1;
        if (index < 0) {
            vec_add(rest, argv[i]);
            continue;
        }
        bool flag = settings_table[index].kind == FLAG;
        const char *value = equals ? equals + 1 : flag ? "true" : i + 1 < argc ? argv[++i] : NULL;
        if (!value) {
            snprintf(error, (size_t)error_size, "%s needs a value", argv[i]);
            return false;
        }
        if (!set_value(config, index, value, argv[i], error, error_size))
            return false;
    }
    return true;
}

static const char *flag_value(int argc, char **argv, const char *flag)
{
    for (int i = 0; i + 1 < argc; i++)
        if (text_is(argv[i], flag))
            return argv[i + 1];
    return NULL;
}

Config *config_read(int argc, char **argv, const char ***rest, char *error, int error_size)
{
    Config *config = alloc(sizeof *config);
    Vec left = { 0 }, final = { 0 };
    for (int i = 0; i < SETTING_COUNT; i++)
        config->values[i] = settings_table[i].otherwise;
    const char *path = flag_value(argc, argv, "--config");
    const char *data = text_or(flag_value(argc, argv, "--data"), text_or(getenv("SEN_DATA"), "var"));
    bool ok = path ? read_file(config, path, true, error, error_size)
                   : read_file(config, "/etc/sen/sen.conf", false, error, error_size) &&
                         read_file(config, fmt("%s/sen.conf", data), false, error, error_size);
    if (!ok || !read_environment(config, error, error_size) ||
        !read_flags(config, argc, argv, &left, error, error_size))
        return NULL;
    for (size_t i = 0; i < left.count; i++) {
        if (text_is(left.items[i], "--config"))
            i++;
        else
            vec_add(&final, left.items[i]);
    }
    vec_add(&final, NULL);
    *rest = (const char **) final.items;
    return config;
}

const char *config_text(const Config *config, const char *name)
{
    const char *value = config->values[setting_index(name)];
    return text_empty(value) ? NULL : value;
}

int64_t config_int(const Config *config, const char *name)
{
    return strtoll(text_or(config_text(config, name), "0"), NULL, 10);
}

bool config_bool(const Config *config, const char *name)
{
    return text_is(config_text(config, name), "true");
}

char *config_template(void)
{
    Buf out = { 0 };
    buf_text(&out, "# Settings of Sen. A line that is commented out shows the default.\n"
                   "# The environment (SEN_LISTEN=…) and flags (--listen …) win over this file.\n");
    for (int i = 0; i < SETTING_COUNT; i++)
        buf_fmt(&out, "\n# %s\n#%s = %s\n", settings_table[i].comment, settings_table[i].name,
                text_or(settings_table[i].otherwise, ""));
    return out.at;
}
