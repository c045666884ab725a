/* sen backup and sen restore, for the embedded store: one tar file with a copy of the database as of one
 * moment, the files and the keys. The database is copied first: a file is on disk before the row that names
 * it, so every row of the copy finds its file. With PostgreSQL, back up the database by its own means and the
 * folders files/ and keys/ by any. */
#include "cli/commands.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs tar with its arguments as they are: no shell between. */
static void run_tar(char *const argv[])
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execvp("tar", argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
        raise_fault(FAULT_STORE, "backup.tar", "tar did not succeed");
}

int command_backup(const Config *config, const char **rest)
{
    Settings s;
    const char *to = word_after(rest, "--to");
    if (!to) {
        fputs("sen: --to FILE.tar says where\n", stderr);
        return 2;
    }
    Store *store = app_open(config, &s, false);
    const char *copy = fmt("%s/tmp/backup-%d/", s.data_dir, (int)getpid());
    if (mkdir(copy, 0700) != 0)
        raise_fault(FAULT_STORE, "backup.folder", "%s: %s", copy, strerror(errno));
    const char *database = fmt("%ssen.db", copy), *unfinished = fmt("%s.unfinished", to);
    store_backup(store, database);
    run_tar((char *[]){ "tar", "-cf", (char *)unfinished, "-C", (char *)copy, "sen.db", "-C",
                        (char *)s.data_dir, "files", "keys", NULL });
    store_close(store);
    unlink(database);
    rmdir(copy);
    if (rename(unfinished, to) != 0)
        raise_fault(FAULT_STORE, "backup.rename", "%s: %s", to, strerror(errno));
    printf("Backed up to %s\n", to);
    return 0;
}

int command_restore(const Config *config, const char **rest)
{
    const char *from = word_after(rest, "--from"), *data = config_text(config, "data");
    if (!from) {
        fputs("sen: --from FILE.tar says what\n", stderr);
        return 2;
    }
    if (access(fmt("%s/sen.db", data), F_OK) == 0) {
        fprintf(stderr, "sen: %s holds a store already; restore into an empty folder\n", data);
        return 1;
    }
    mkdir(data, 0700);
    run_tar((char *[]){ "tar", "-xf", (char *)from, "-C", (char *)data, NULL });
    printf("Restored into %s; `sen verify --data %s` proves it.\n", data, data);
    return 0;
}
