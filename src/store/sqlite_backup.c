/* Copying a SQLite database while it is in use, and checking it. The copy is one snapshot, taken in one go:
 * writers need not wait, and nothing makes it start again. It appears under its name only when it is whole
 * and on disk. */
#include "store/sqlite.h"
#include "base/arena.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void copy_pages(Store *store, sqlite3 *to)
{
    Db *from = store_read_begin(store);
    int rc = SQLITE_ERROR;
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", ((SqliteDb *)from)->handle, "main");
    if (backup) {
        sqlite3_backup_step(backup, -1);
        rc = sqlite3_backup_finish(backup);
    }
    store_read_end(from);
    if (rc == SQLITE_OK)
        return;
    Fault fault;
    sqlite_fault(to, rc, NULL, &fault);
    raise_again(&fault);
}

static _Noreturn void cannot(const char *path)
{
    raise_fault(FAULT_STORE, "store.backup", "%s: %s", path, strerror(errno));
}

/* The name of a new file is on disk only when its folder is. */
static void sync_folder(const char *path)
{
    char *folder = text_copy(path), *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    int fd = open(!slash ? "." : *folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0)
        close(fd);
    if (rc != 0)
        cannot(path);
}

static void copy_to(Store *store, const char *part)
{
    sqlite3 *to = NULL;
    int fd = open(part, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        cannot(part);
    close(fd);
    int rc = sqlite3_open_v2(part, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL);
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        if (rc != SQLITE_OK)
            raise_fault(FAULT_STORE, "store.backup", "%s: %s", part, sqlite3_errstr(rc));
        copy_pages(store, to);
        guard_leave(&guard);
    }
    sqlite3_close(to);
    if (!guard.fault.kind)
        return;
    unlink(part);
    raise_again(&guard.fault);
}

void sqlite_copy(Store *store, const char *path)
{
    char *part = fmt("%s.part", path);
    if (access(path, F_OK) == 0)
        raise_fault(FAULT_STORE, "store.backup", "%s is there already", path);
    copy_to(store, part);
    if (rename(part, path) != 0)
        cannot(path);
    sync_folder(path);
}

static char *complaint_of(Db *db)
{
    char *complaint = db_text(db, "pragma integrity_check(10)");
    if (!text_is(complaint, "ok"))
        return complaint;
    char *table = db_text(db, "select \"table\" from pragma_foreign_key_check limit 1");
    return table ? fmt("a row of %s refers to nothing", table) : text_copy("");
}

char *sqlite_integrity(Store *store)
{
    Db *db = store_read_begin(store);
    char *volatile complaint = NULL;
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        complaint = complaint_of(db);
        guard_leave(&guard);
    }
    store_read_end(db);
    if (guard.fault.kind)
        raise_again(&guard.fault);
    return complaint;
}
