/* Files: kept once, proved by their digest, refused when nobody could or should open them. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/test.h"
#include "base/text.h"
#include "base/crypto.h"
#include "platform/app/start.h"
#include "platform/files/inside.h"
#include "store/test_store.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static Store *store;
static char folder[64];
static Settings test_settings;

static void open_all(void)
{
    snprintf(folder, sizeof folder, "/tmp/sen-files-XXXXXX");
    CHECK(mkdtemp(folder));
    mkdir(fmt("%s/tmp", folder), 0700);
    store = test_store_open();
    test_store_migrate(store, (const char *const[]){ "src/platform/files", NULL });
    test_settings = (Settings){ .data_dir = folder };
    app_use(&test_settings, store, NULL);
}

static void close_all(void)
{
    test_store_close(store);
    CHECK_INT(system(fmt("rm -rf '%s'", folder)), 0);
}

static Upload upload_of(const void *bytes, size_t size, const char *name)
{
    static int number;
    Upload upload = { .field = "paper",
                      .file_name = name,
                      .path = fmt("%s/tmp/up-%d", folder, ++number),
                      .size = (int64_t)size };
    FILE *file = fopen(upload.path, "wb");
    CHECK(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
    snprintf(upload.sha256, sizeof upload.sha256, "%s", sha256_hex(bytes, size));
    return upload;
}

static Upload text_upload(const char *text, const char *name)
{
    return upload_of(text, strlen(text), name);
}

typedef struct Take {
    const Upload *upload;
    FileRef file;
    bool reject;
} Take;

static void take(Db *db, void *argument)
{
    Take *t = argument;
    t->file = files_take(db, t->upload, 11, 22);
    if (t->reject)
        db_reject(db);
}

static FileRef taken(const Upload *upload)
{
    Take t = { .upload = upload };
    store_write_wait(store, take, &t);
    return t.file;
}

static int64_t ask(const char *sql)
{
    Db *db = store_read_begin(store);
    int64_t value = db_int(db, sql);
    store_read_end(db);
    return value;
}

static bool verified(Json complaints)
{
    Db *db = store_read_begin(store);
    bool sound = files_verify(db, complaints);
    store_read_end(db);
    return sound;
}

static const char pdf[] = "%PDF-1.4\n1 0 obj\n<</Type/Catalog>>\nendobj\nxref\n0 1\n0000000000 65535 f \n"
                          "trailer\n<</Size 2/Root 1 0 R>>\nstartxref\n44\n%%EOF\n";

TEST(equal_bytes_are_kept_once_and_read_back_whole)
{
    open_all();
    Upload first = text_upload(pdf, "đơn.pdf"), second = text_upload(pdf, "ban-sao.pdf");
    CHECK(files_check(&first, NULL) == NULL);
    FileRef a = taken(&first), b = taken(&second), found;
    CHECK(a.id != b.id);
    CHECK_TEXT(a.sha256, b.sha256);
    CHECK_TEXT(a.type, "application/pdf");
    Db *db = store_read_begin(store);
    CHECK(files_find(db, a.id, &found));
    CHECK(!files_find(db, 1, &b));
    store_read_end(db);
    CHECK_TEXT(found.name, "đơn.pdf");
    size_t size;
    const char *bytes = files_read(found.sha256, &size);
    CHECK_INT((int64_t)size, (int64_t)strlen(pdf));
    CHECK(memcmp(bytes, pdf, size) == 0);
    CHECK_TEXT(files_path(a.sha256), fmt("%s/files/%.2s/%s", folder, a.sha256, a.sha256));
    CHECK(verified(json_list()));
    close_all();
}

static void put(Db *db, void *argument)
{
    *(FileRef *)argument = files_put(db, "<p>kết quả</p>", 16, "ket-qua.html", "text/html", 0, 0);
}

TEST(generated_documents_are_kept_the_same_way)
{
    FileRef file;
    open_all();
    store_write_wait(store, put, &file);
    size_t size;
    CHECK(memcmp(files_read(file.sha256, &size), "<p>kết quả</p>", 16) == 0);
    CHECK_TEXT(file.type, "text/html");
    CHECK_INT(ask("select count(*) from file where scan_state = 'own' and owner_account_id is null"), 1);
    CHECK(verified(json_list()));
    close_all();
}

TEST(a_changed_byte_or_a_missing_file_is_found)
{
    open_all();
    Upload good = text_upload(pdf, "a.pdf"), other = text_upload("%PDF-1.4 khác", "b.pdf");
    FileRef a = taken(&good), b = taken(&other);
    Json complaints = json_list();
    int fd = open(files_path(a.sha256), O_WRONLY);
    CHECK(fd >= 0 && pwrite(fd, "X", 1, 20) == 1 && close(fd) == 0);
    size_t size;
    CHECK_FAULT(FAULT_STORE, files_read(a.sha256, &size));
    CHECK(!verified(complaints));
    CHECK_INT((int64_t)json_array_size(complaints), 1);
    CHECK_TEXT(json_string_value(json_array_get(complaints, 0)),
               fmt("file %lld (%s) differs from what was written", (long long)a.id, a.sha256));
    CHECK(unlink(files_path(b.sha256)) == 0);
    complaints = json_list();
    CHECK(!verified(complaints));
    CHECK_INT((int64_t)json_array_size(complaints), 2);
    CHECK_FAULT(FAULT_STORE, files_read(b.sha256, &size));
    close_all();
}

TEST(size_and_type_are_checked_by_content_not_by_name)
{
    open_all();
    Upload empty = text_upload("", "a.pdf"), script = text_upload("#!/bin/sh\nrm -rf /\n", "a.pdf"),
           good = text_upload(pdf, "a.exe");
    CHECK_TEXT(files_check(&empty, NULL), "files.empty");
    CHECK_TEXT(files_check(&script, NULL), "files.type");
    CHECK(files_check(&good, NULL) == NULL);
    CHECK_TEXT(files_check(&good, &(FileRules){ .max_size = 50 }), "files.too-large");
    CHECK_TEXT(files_check(&good, &(FileRules){ .types = "image/png image/jpeg" }), "files.type");
    Upload png = upload_of("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\2\0\0\0\x90wS\xde", 33, "a.png");
    CHECK(files_check(&png, NULL) == NULL);
    CHECK_INT(ask("select count(*) from file"), 0);
    close_all();
}

/* A ZIP whose directory has these names (contents empty, stored). */
static Upload zip_upload(const char *const *names, const char *file_name)
{
    static const char zero[64];
    Buf locals = { 0 }, directory = { 0 };
    int count = 0;
    for (; *names; names++, count++) {
        size_t n = strlen(*names), offset = locals.size;
        buf_add(&locals, "PK\3\4\24\0", 6);
        buf_add(&locals, zero, 20);
        buf_add(&locals, (char[]){ (char)n, 0, 0, 0 }, 4);
        buf_text(&locals, *names);
        buf_add(&directory, "PK\1\2\24\0\24\0", 8);
        buf_add(&directory, zero, 20);
        buf_add(&directory, (char[]){ (char)n, 0 }, 2);
        buf_add(&directory, zero, 12);
        buf_add(&directory, (char[]){ (char)offset, (char)(offset >> 8), 0, 0 }, 4);
        buf_text(&directory, *names);
    }
    size_t start = locals.size, size = directory.size;
    buf_add(&locals, directory.at, size);
    buf_add(&locals, "PK\5\6\0\0\0\0", 8);
    buf_add(&locals, (char[]){ (char)count, 0, (char)count, 0, (char)size, (char)(size >> 8), 0, 0 }, 8);
    buf_add(&locals, (char[]){ (char)start, (char)(start >> 8), 0, 0, 0, 0 }, 6);
    return upload_of(locals.at, locals.size, file_name);
}

TEST(documents_with_macros_are_refused)
{
    static const char *const plain[] = { "[Content_Types].xml", "_rels/.rels", "word/document.xml", NULL };
    static const char *const macro[] = { "[Content_Types].xml", "_rels/.rels", "word/document.xml",
                                         "word/vbaProject.bin", NULL };
    open_all();
    Upload good = zip_upload(plain, "a.docx"), bad = zip_upload(macro, "a.docx");
    CHECK(files_check(&good, NULL) == NULL);
    CHECK_TEXT(files_check(&bad, NULL), "files.macro");
    CHECK(office_macro("PK", 2)); /* what cannot be looked into is not trusted */
    close_all();
}

static bool count_name(Slice name, void *argument)
{
    (void)name;
    return ++*(int *)argument < 1000;
}

TEST(a_zip_directory_cut_anywhere_is_malformed_or_short_but_never_read_beyond)
{
    static const char *const names[] = { "a", "bb", "word/vbaProject.bin", NULL };
    open_all();
    Upload zip = zip_upload(names, "a.zip");
    Mapped file = file_map(zip.path);
    for (size_t size = 0; size < file.size; size++) {
        int count = 0;
        char *part = heap_alloc(size ? size : 1); /* so that the sanitizer sees every byte too far */
        memcpy(part, file.at, size);
        CHECK(!zip_names(part, size, count_name, &count));
        for (size_t i = 0; i + 1 < size; i += 3) {
            part[i] = (char)0xff;
            zip_names(part, size, count_name, &count);
        }
        heap_free(part);
    }
    close_all();
}

TEST(encrypted_pdfs_are_refused)
{
    static const char *const locked[] = {
        "%PDF-1.4\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 2/Root 1 0 R/Encrypt 5 0 "
        "R>>\nstartxref\n9\n%%EOF\n",
        "%PDF-1.5\n7 0 obj\n<</Type/XRef/Encrypt 5 0 R/W[1 1 "
        "1]>>\nstream\nxxx\nendstream\nendobj\nstartxref\n9\n%%EOF\n",
        "%PDF-1.4\ntrailer\n<</Encrypt<</Filter/Standard>>>>\nstartxref\n999999\n%%EOF\n",
    };
    static const char *const open[] = {
        "%PDF-1.4\n1 0 obj\n(/Encrypt this)\nendobj\nxref\n0 1\ntrailer\n<</Size 2/Root 1 0 "
        "R>>\nstartxref\n39\n%%EOF\n",
        "%PDF-1.5\n7 0 obj\n<</Type/XRef/EncryptMetadata false>>\nstream\n/Encrypt 1 0 "
        "R\nendstream\nendobj\nstartxref\n9\n%%EOF\n",
        "%PDF-1.4\n",
        "%PDF-1.4 startxref",
    };
    for (size_t i = 0; i < sizeof locked / sizeof *locked; i++)
        CHECK(pdf_encrypted(locked[i], strlen(locked[i])));
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        CHECK(!pdf_encrypted(open[i], strlen(open[i])));
}

TEST(what_qpdf_encrypts_is_seen_as_encrypted)
{
    open_all();
    if (system("command -v qpdf >/dev/null") != 0) {
        close_all();
        test_skip("qpdf is not installed");
    }
    Upload page = text_upload("%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 "
                              "obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
                              "3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 "
                              "9]>>\nendobj\ntrailer\n<</Size 4/Root 1 0 R>>\n%%EOF\n",
                              "page.pdf");
    static const char *const ways[] = { "--object-streams=generate", "--object-streams=disable",
                                        "--linearize" };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        CHECK_INT(
            system(fmt("qpdf --warning-exit-0 %s %s %s/open.pdf 2>/dev/null", page.path, ways[i], folder)),
            0);
        CHECK_INT(
            system(fmt("qpdf %s/open.pdf %s --encrypt u o 256 -- %s/locked.pdf", folder, ways[i], folder)),
            0);
        Mapped plain = file_map(fmt("%s/open.pdf", folder)), locked = file_map(fmt("%s/locked.pdf", folder));
        CHECK(!pdf_encrypted(plain.at, plain.size));
        CHECK(pdf_encrypted(locked.at, locked.size));
    }
    close_all();
}

/* ---- A scanner for tests: speaks clamd's INSTREAM and knows one virus. ---- */

static const char eicar_mark[] = "EICAR-STANDARD-ANTIVIRUS-TEST-FILE";
static _Atomic bool scanner_stop, scanner_mute;
static int scanner_fd;

static bool receive(int fd, void *bytes, size_t size)
{
    for (char *at = bytes; size;) {
        ssize_t n = recv(fd, at, size, 0);
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static void scan_one(int fd)
{
    static char data[1 << 20];
    char command[10];
    uint32_t length;
    size_t used = 0;
    bool ok = receive(fd, command, sizeof command) && memcmp(command, "zINSTREAM", 10) == 0;
    while (ok && receive(fd, &length, 4) && (length = __builtin_bswap32(length)) != 0) {
        ok = used + length <= sizeof data && receive(fd, data + used, length);
        used += length;
    }
    const char *answer = memmem(data, used, eicar_mark, strlen(eicar_mark))
                             ? "stream: Eicar-Test-Signature FOUND"
                             : "stream: OK";
    if (ok && !scanner_mute)
        (void)!write(fd, answer, strlen(answer) + 1);
}

static void *scanner(void *unused)
{
    while (!scanner_stop) {
        struct pollfd wait = { .fd = scanner_fd, .events = POLLIN };
        if (poll(&wait, 1, 20) != 1)
            continue;
        int fd = accept(scanner_fd, NULL, NULL);
        scan_one(fd);
        close(fd);
    }
    return unused;
}

static pthread_t scanner_start(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    pthread_t thread;
    scanner_stop = scanner_mute = false;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/clamd", folder);
    scanner_fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(scanner_fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(scanner_fd, 8) == 0);
    CHECK(pthread_create(&thread, NULL, scanner, NULL) == 0);
    test_settings.clamd = fmt("unix:%s/clamd", folder);
    app_use(&test_settings, store, NULL);
    return thread;
}

static void scanner_end(pthread_t thread)
{
    scanner_stop = true;
    pthread_join(thread, NULL);
    close(scanner_fd);
}

static Upload virus(void)
{
    /* The test virus of eicar.org, put together here so that scanners leave this source alone. */
    return text_upload(fmt("%s%%X5O!P%%@AP[4\\PZX54(P^)7CC)7}$%s!$H+H*", pdf, eicar_mark), "a.pdf");
}

TEST(what_the_scanner_finds_is_refused)
{
    open_all();
    pthread_t thread = scanner_start();
    Upload good = text_upload(pdf, "a.pdf"), bad = virus();
    char *large = alloc(300001);
    memset(large, 'a', 300000);
    memcpy(large, pdf, strlen(pdf));
    Upload pieces = upload_of(large, 300000, "large.pdf");
    CHECK(files_check(&good, NULL) == NULL);
    CHECK(files_check(&pieces, NULL) == NULL);
    CHECK_TEXT(files_check(&bad, NULL), "files.infected");
    CHECK(access(files_path(bad.sha256), F_OK) != 0);
    scanner_end(thread);
    close_all();
}

static void run_job(const char *type, int64_t now)
{
    for (const Job *job = files_jobs; job->type; job++)
        if (text_is(job->type, type)) {
            Work work = { .db = store_read_begin(store), .now = now };
            job->run(&work);
            store_read_end(work.db);
        }
}

TEST(what_came_while_the_scanner_was_away_is_scanned_later)
{
    open_all();
    pthread_t thread = scanner_start();
    scanner_mute = true;
    Upload good = text_upload(pdf, "a.pdf"), bad = virus();
    CHECK(files_check(&bad, NULL) == NULL); /* work at the counter goes on */
    taken(&good);
    taken(&bad);
    run_job("files.scan", now_ms());
    CHECK_INT(ask("select count(*) from file where scan_state = 'pending'"), 2);
    scanner_mute = false;
    run_job("files.scan", now_ms());
    CHECK_INT(ask("select count(*) from file where scan_state = 'clean'"), 1);
    CHECK_INT(ask("select count(*) from file where scan_state = 'infected'"), 1);
    scanner_end(thread);
    close_all();
}

static bool there(const char *path)
{
    return access(path, F_OK) == 0;
}

TEST(old_leftovers_are_removed_and_named_files_stay)
{
    open_all();
    Upload kept = text_upload(pdf, "a.pdf"), undone = text_upload("%PDF-1.4 bỏ", "b.pdf");
    FileRef file = taken(&kept);
    Take t = { .upload = &undone, .reject = true };
    store_write_wait(store, take, &t);
    CHECK(there(files_path(undone.sha256)));
    CHECK_INT(ask("select count(*) from file"), 1);
    run_job("files.clean", now_ms() + 6 * (int64_t)DAY_MS);
    CHECK(there(files_path(undone.sha256)));
    CHECK(!there(kept.path)); /* temporary, older than a day */
    run_job("files.clean", now_ms() + 8 * (int64_t)DAY_MS);
    CHECK(!there(files_path(undone.sha256)));
    CHECK(there(files_path(file.sha256)));
    CHECK(verified(json_list()));
    close_all();
}

int main(void)
{
    int failed = run_tests((Test[]){
        TEST_CASE(equal_bytes_are_kept_once_and_read_back_whole),
        TEST_CASE(generated_documents_are_kept_the_same_way),
        TEST_CASE(a_changed_byte_or_a_missing_file_is_found),
        TEST_CASE(size_and_type_are_checked_by_content_not_by_name),
        TEST_CASE(documents_with_macros_are_refused),
        TEST_CASE(a_zip_directory_cut_anywhere_is_malformed_or_short_but_never_read_beyond),
        TEST_CASE(encrypted_pdfs_are_refused),
        TEST_CASE(what_qpdf_encrypts_is_seen_as_encrypted),
        TEST_CASE(what_the_scanner_finds_is_refused),
        TEST_CASE(what_came_while_the_scanner_was_away_is_scanned_later),
        TEST_CASE(old_leftovers_are_removed_and_named_files_stay),
        { 0 },
    });
    type_stop();
    return failed;
}
