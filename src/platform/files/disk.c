/* Bytes on disk under their digest: DATA/files/ab/<sha256>.
 *
 * A file appears there whole or not at all: its bytes are synced under another name first, then linked or
 * renamed into place, then the folder is synced. Only after that may a row name it. A transaction that is
 * undone leaves a file without a row; keep.c removes those that are old. Whoever finds a file in place
 * already renews its time, so that it is not taken for such a leftover just now. */
#include "platform/files/inside.h"
#include "base/arena.h"
#include "base/crypto.h"
#include "platform/app/app.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void disk_fault(const char *what, const char *path)
{
    raise_fault(FAULT_STORE, errno == ENOSPC || errno == EDQUOT ? "files.full" : "files.disk", "%s %s: %s",
                what, path, strerror(errno));
}

bool sha256_named(const char *name)
{
    return strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64;
}

char *files_path(const char *sha256)
{
    if (!sha256_named(sha256))
        raise_fault(FAULT_INTERNAL, "files.digest", "\"%s\" is not a digest", sha256);
    return fmt("%s/files/%.2s/%s", settings()->data_dir, sha256, sha256);
}

/* ---- Reading ---- */

typedef struct Mapping {
    void *at;
    size_t size;
} Mapping;

static void unmap(void *argument)
{
    Mapping *mapping = argument;
    munmap(mapping->at, mapping->size);
}

Mapped file_map(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return (Mapped){ NULL, 0 };
    if (fstat(fd, &status) != 0 || status.st_size == 0) {
        close(fd);
        return (Mapped){ "", 0 };
    }
    void *at = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (at == MAP_FAILED)
        disk_fault("mapping", path);
    Mapping *mapping = alloc(sizeof *mapping);
    *mapping = (Mapping){ at, (size_t)status.st_size };
    arena_defer(unmap, mapping);
    return (Mapped){ at, mapping->size };
}

const char *disk_complaint(const char *sha256, int64_t size)
{
    Mapped file = file_map(files_path(sha256));
    if (!file.at)
        return "is missing";
    if ((int64_t)file.size != size)
        return "has another size than when it was written";
    return text_is(sha256_hex(file.at, file.size), sha256) ? "" : "differs from what was written";
}

const void *files_read(const char *sha256, size_t *size)
{
    Mapped file = file_map(files_path(sha256));
    if (!file.at)
        raise_fault(FAULT_STORE, "files.missing", "file %s is missing", sha256);
    if (!text_is(sha256_hex(file.at, file.size), sha256))
        raise_fault(FAULT_STORE, "files.damaged", "file %s differs from what was written", sha256);
    *size = file.size;
    return file.at;
}

/* ---- Writing ---- */

static void sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    if (!ok)
        disk_fault("syncing", path);
}

static void make_folder(const char *path, const char *parent)
{
    if (mkdir(path, 0700) == 0)
        sync_folder(parent);
    else if (errno != EEXIST)
        disk_fault("making", path);
}

/* The folder of a digest, made when missing. */
static const char *folder_for(const char *sha256)
{
    const char *files = fmt("%s/files", settings()->data_dir), *folder = fmt("%s/%.2s", files, sha256);
    make_folder(files, settings()->data_dir);
    make_folder(folder, files);
    return folder;
}

static bool in_place(const char *path)
{
    return utimensat(AT_FDCWD, path, NULL, 0) == 0;
}

static void sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    if (!ok)
        disk_fault("syncing", path);
}

static bool write_all(int fd, const char *at, size_t size)
{
    while (size) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* Bytes under a name of their own in DATA/tmp, synced. */
static const char *write_temporary(const void *bytes, size_t size)
{
    make_folder(fmt("%s/tmp", settings()->data_dir), settings()->data_dir);
    char *path = fmt("%s/tmp/put-XXXXXX", settings()->data_dir);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        disk_fault("making", path);
    bool ok = write_all(fd, bytes, size) && fsync(fd) == 0;
    int error = errno;
    ok = close(fd) == 0 && ok;
    if (!ok) {
        unlink(path);
        errno = error;
        disk_fault("writing", path);
    }
    return path;
}

static void move_in(const char *temporary, const char *sha256)
{
    const char *folder = folder_for(sha256), *final = files_path(sha256);
    if (rename(temporary, final) != 0)
        disk_fault("renaming to", final);
    sync_folder(folder);
}

void disk_place(const char *path, const char *sha256)
{
    const char *final = files_path(sha256), *folder = folder_for(sha256);
    if (in_place(final))
        return;
    sync_file(path);
    if (link(path, final) == 0 || errno == EEXIST) {
        sync_folder(folder);
        return;
    }
    Mapped file = file_map(path); /* another file system, or one without links */
    if (!file.at || !text_is(sha256_hex(file.at, file.size), sha256))
        raise_fault(FAULT_STORE, "files.damaged", "an upload changed before it was stored");
    move_in(write_temporary(file.at, file.size), sha256);
}

const char *disk_put(const void *bytes, size_t size)
{
    const char *sha256 = sha256_hex(bytes, size);
    if (!in_place(files_path(sha256)))
        move_in(write_temporary(bytes, size), sha256);
    return sha256;
}
