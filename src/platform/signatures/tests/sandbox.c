/* See sandbox.h. */
#include "platform/signatures/tests/sandbox.h"
#include "platform/reports/reports.h"
#include "platform/signatures/certificates.h"
#include "store/test_store.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/clock.h"
#include "base/test.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *output_of(const char *format, ...)
{
    Buf out = { 0 };
    char piece[4096];
    va_list args;
    va_start(args, format);
    const char *command = fmt("{ %s; } 2>&1", fmt_args(format, args));
    va_end(args);
    FILE *pipe = popen(command, "r");
    CHECK(pipe != NULL);
    for (size_t n; (n = fread(piece, 1, sizeof piece, pipe)) > 0;)
        buf_add(&out, piece, n);
    pclose(pipe);
    return buf_end(&out);
}

static void remove_file(void *path)
{
    unlink(path);
}

char *temp_file(const void *bytes, size_t size, const char *suffix)
{
    char *path = fmt("/tmp/sen-test-XXXXXX%s", suffix);
    int fd = mkstemps(path, (int)strlen(suffix));
    CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
    arena_defer(remove_file, path);
    return path;
}

static char folder[] = "/tmp/sen-test-token-XXXXXX";

const char *sandbox_folder(void)
{
    return folder;
}

const void *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    Buf out = { 0 };
    char piece[65536];
    CHECK(file != NULL);
    for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;)
        buf_add(&out, piece, n);
    fclose(file);
    *size = out.size;
    return out.at;
}

static void remove_folder(void)
{
    char command[100];
    token_close();
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0)
        fprintf(stderr, "%s stays behind\n", folder);
}

Store *sandbox_open(void)
{
    char reason[300] = "";
    if (!token_is_open()) {
        CHECK(mkdtemp(folder) != NULL);
        atexit(remove_folder);
        CHECK_TEXT((token_open(NULL, folder, reason, sizeof reason), reason), "");
    }
    Store *store = test_store_open();
    test_store_migrate(store, (const char *const[]){ "src/platform/signatures", NULL });
    signatures_enrol(store, LEADER, AGENCY, "Lê Thị Mai", "UBND phường Cao Lãnh");
    signatures_enrol(store, 0, AGENCY, "UBND phường Cao Lãnh", "UBND phường Cao Lãnh");
    return store;
}

void sandbox_close(Store *store)
{
    test_store_close(store);
}

const char *sandbox_root_file(Store *store)
{
    Certificate *anchors;
    Db *db = store_read_begin(store);
    CHECK_INT(certificate_anchors(db, &anchors), 1);
    store_read_end(db);
    Buf pem = { 0 };
    const char *body = base64_encode(anchors[0].der, anchors[0].size);
    buf_text(&pem, "-----BEGIN CERTIFICATE-----\n");
    for (size_t i = 0; i < strlen(body); i += 64)
        buf_fmt(&pem, "%.64s\n", body + i);
    buf_text(&pem, "-----END CERTIFICATE-----\n");
    return temp_file(pem.at, pem.size, ".pem");
}

static const char DOCUMENT[] =
    "[{\"kind\":\"heading2\",\"fields\":true,\"left\":[\"ỦY BAN NHÂN DÂN\",\"PHƯỜNG CAO LÃNH\",\"Số: [[So "
    "14]]/QĐ-UBND\"],"
    "\"right\":[\"CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\",\"Độc lập - Tự do - Hạnh phúc\",\"Cao Lãnh, "
    "[[NgayThang 55]]\"]},"
    "{\"kind\":\"title\",\"text\":\"QUYẾT ĐỊNH\"},{\"kind\":\"subtitle\",\"text\":\"Về việc công nhận kết "
    "quả\"},"
    "{\"kind\":\"text\",\"align\":\"justify\",\"text\":\"Điều 1. Công nhận kết quả giải quyết hồ sơ của ông "
    "Nguyễn Văn Hùng.\"},"
    "{\"kind\":\"columns\",\"items\":[[{\"kind\":\"field\",\"name\":\"DauCoQuan\",\"type\":\"signature\","
    "\"width_mm\":36,"
    "\"height_mm\":36,\"align\":\"right\"}],[{\"kind\":\"text\",\"align\":\"center\",\"bold\":true,\"text\":"
    "\"CHỦ TỊCH\"},"
    "{\"kind\":\"field\",\"name\":\"ChuKyLanhDao\",\"type\":\"signature\",\"width_mm\":65,\"height_mm\":25,"
    "\"align\":\"center\"},"
    "{\"kind\":\"text\",\"align\":\"center\",\"bold\":true,\"text\":\"Lê Thị Mai\"}]]}]";

const void *sample_document(size_t *size)
{
    Json places = json_list();
    PdfOptions options = {
        .title = "Quyết định", .now = now_ms(), .watermark = "CHỮ KÝ THỬ NGHIỆM", .places = places
    };
    const void *pdf = pdf_document(json_parse_own(DOCUMENT, strlen(DOCUMENT), "sample"), &options, size);
    pdf = pdf_prepare_places(pdf, *size, places, size);
    CHECK(pdf != NULL);
    return pdf;
}
