/* Bodies and queries: urlencoded text (WHATWG URL §5.1) and multipart/form-data (RFC 7578), however they are
 * cut. */
#include "base/crypto.h"
#include "base/test.h"
#include "net/inside.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static Json form(const char *text)
{
    Json into = json_new();
    return urlencoded_parse(text, strlen(text), into) ? into : NULL;
}

TEST(a_form_gives_its_members_decoded)
{
    CHECK_TEXT(json_text(form("name=Nguy%E1%BB%85n+V%C4%83n&age=5&empty=&bare&&a%3Db=c%26d")),
               "{\"name\":\"Nguyễn Văn\",\"age\":\"5\",\"empty\":\"\",\"bare\":\"\",\"a=b\":\"c&d\"}");
}

TEST(a_repeated_member_becomes_an_array)
{
    CHECK_TEXT(json_text(form("a=1&b=x&a=2&a=3")), "{\"a\":[\"1\",\"2\",\"3\"],\"b\":\"x\"}");
}

TEST(a_form_that_is_not_text_is_malformed)
{
    CHECK(!form("a=%ff"));
    CHECK(!form("a=%00"));
    CHECK(!form("a=%zz"));
    CHECK(!form("%c3=1"));
    Buf many = { 0 };
    for (int i = 0; i < 1001; i++)
        buf_text(&many, "a=1&");
    CHECK(!form(buf_end(&many)));
}

/* RFC 7578 §4, with a preamble, an empty file input, and content that nearly is a delimiter. */
static const char sample[] =
    "preamble\r\n"
    "--AaB03x\r\n"
    "Content-Disposition: form-data; name=\"ho_ten\"\r\n"
    "\r\n"
    "Trần Thị Bưởi\r\n"
    "--AaB03x  \r\n"
    "content-disposition: form-data; name=\"tep\"; filename=\"C:\\hồ sơ\\đơn.txt\"\r\n"
    "Content-Type: text/plain\r\n"
    "\r\n"
    "line\r\n--AaB03\r\n--AaB\r\r\n\r\n"
    "--AaB03x\r\n"
    "Content-Disposition: form-data; name=\"nothing\"; filename=\"\"\r\n"
    "\r\n"
    "\r\n"
    "--AaB03x\r\n"
    "Content-Disposition: form-data; name=ho_ten\r\n"
    "\r\n"
    "\r\n"
    "--AaB03x--\r\n"
    "epilogue";

typedef struct Parsed {
    PartError error;
    Json fields;
    Upload *uploads;
    size_t count;
} Parsed;

static Parsed parse(const char *bytes, size_t size, size_t step)
{
    Parsed p = { .fields = json_new() };
    Multipart *m = multipart_new("AaB03x", "/tmp");
    for (size_t at = 0; at < size && !p.error; at += step)
        p.error = multipart_feed(m, bytes + at, at + step < size ? step : size - at);
    if (!p.error)
        p.error = multipart_end(m, p.fields, &p.uploads, &p.count);
    return p;
}

TEST(multipart_gives_fields_and_files_however_it_is_cut)
{
    static const char content[] = "line\r\n--AaB03\r\n--AaB\r\r\n";
    for (size_t step = 1; step <= sizeof sample; step += step < 20 ? 1 : 37) {
        Parsed p = parse(sample, sizeof sample - 1, step);
        CHECK_INT(p.error, PART_OK);
        CHECK_TEXT(json_text(p.fields), "{\"ho_ten\":[\"Trần Thị Bưởi\",\"\"]}");
        CHECK_INT(p.count, 1);
        CHECK_TEXT(p.uploads[0].field, "tep");
        CHECK_TEXT(p.uploads[0].file_name, "đơn.txt");
        CHECK_INT(p.uploads[0].size, sizeof content - 1);
        CHECK_TEXT(p.uploads[0].sha256, sha256_hex(content, sizeof content - 1));
    }
}

TEST(an_upload_is_deleted_with_its_arena)
{
    char path[200];
    Arena *own = arena_new(0), *before = arena_use(own);
    Parsed p = parse(sample, sizeof sample - 1, 100);
    snprintf(path, sizeof path, "%s", p.uploads[0].path);
    CHECK(access(path, R_OK) == 0);
    arena_use(before);
    arena_free(own);
    CHECK(access(path, F_OK) != 0);
}

static PartError error_of(const char *body)
{
    return parse(body, strlen(body), 7).error;
}

TEST(a_broken_multipart_body_is_malformed)
{
    CHECK_INT(error_of(""), PART_MALFORMED);
    CHECK_INT(error_of("--AaB03x\r\n"), PART_MALFORMED);
    CHECK_INT(error_of("--AaB03x\r\n\r\nx\r\n--AaB03x--"), PART_MALFORMED);
    CHECK_INT(error_of("--AaB03x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--AaB03x--"), PART_MALFORMED);
    CHECK_INT(error_of("--AaB03x\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--AaB03x--"),
              PART_MALFORMED);
    CHECK_INT(error_of("--AaB03x\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--AaB03x--"),
              PART_MALFORMED);
    CHECK_INT(error_of("--AaB03xyz\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--AaB03x--"),
              PART_MALFORMED);
    CHECK_INT(error_of("--AaB03x\r\nContent-Disposition: form-data; name=a\r\n\r\n\xff\r\n--AaB03x--"),
              PART_MALFORMED);
    CHECK_INT(error_of("--AaB03x\r\nContent-Disposition: form-data; name=a\r\n\r\nunfinished"),
              PART_MALFORMED);
    CHECK_INT(error_of("--AaB03x--"), PART_OK);
}

TEST(multipart_limits_hold)
{
    Buf many = { 0 }, head = { 0 }, text = { 0 };
    for (int i = 0; i < 101; i++)
        buf_text(&many, "--AaB03x\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n");
    buf_text(&many, "--AaB03x--");
    CHECK_INT(parse(many.at, many.size, 1000).error, PART_TOO_MANY);
    buf_text(&head, "--AaB03x\r\nX: ");
    for (int i = 0; i < 9000; i++)
        buf_char(&head, 'x');
    CHECK_INT(parse(head.at, head.size, 1000).error, PART_TOO_LARGE);
    buf_text(&text, "--AaB03x\r\nContent-Disposition: form-data; name=a\r\n\r\n");
    for (int i = 0; i < 1024 * 1024 + 1; i++)
        buf_char(&text, 'x');
    buf_text(&text, "\r\n--AaB03x--");
    CHECK_INT(parse(text.at, text.size, 4096).error, PART_TOO_LARGE);
}

TEST(a_file_that_cannot_be_written_is_a_fault)
{
    Multipart *m = multipart_new("AaB03x", "/nonexistent");
    CHECK_FAULT(FAULT_STORE, multipart_feed(m, sample, sizeof sample - 1));
}

TEST(boundaries_follow_rfc2046)
{
    CHECK_TEXT(multipart_boundary("multipart/form-data; boundary=AaB03x"), "AaB03x");
    CHECK_TEXT(multipart_boundary("multipart/form-data; charset=utf-8; Boundary=\"a b:c\""), "a b:c");
    CHECK_TEXT(multipart_boundary("multipart/form-data"), NULL);
    CHECK_TEXT(multipart_boundary("multipart/form-data; boundary="), NULL);
    CHECK_TEXT(multipart_boundary("multipart/form-data; boundary=\"a\rb\""), NULL);
    CHECK_TEXT(multipart_boundary("multipart/form-data; xboundary=a"), NULL);
    CHECK_TEXT(multipart_boundary(fmt("multipart/form-data; boundary=%071d", 0)), NULL);
    CHECK(multipart_boundary(fmt("multipart/form-data; boundary=%070d", 0)) != NULL);
}

TEST(file_names_lose_paths_and_controls_and_are_short)
{
    CHECK_TEXT(safe_file_name("../../etc/passwd"), "passwd");
    CHECK_TEXT(safe_file_name("C:\\Users\\An\\Don xin.docx"), "Don xin.docx");
    CHECK_TEXT(safe_file_name("Nguye\xcc\x82\xcc\x83n\n.pdf"), "Nguyễn.pdf");
    CHECK_TEXT(safe_file_name(".."), "file");
    CHECK_TEXT(safe_file_name("a/"), "file");
    CHECK_TEXT(safe_file_name(""), "file");
    Buf name = { 0 };
    for (int i = 0; i < 100; i++)
        buf_text(&name, "đơn");
    buf_text(&name, ".pdf");
    const char *short_name = safe_file_name(buf_end(&name));
    CHECK(strlen(short_name) <= 255 && text_ends(short_name, ".pdf"));
    CHECK(utf8_valid(short_name, strlen(short_name)));
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(a_form_gives_its_members_decoded),
        TEST_CASE(a_repeated_member_becomes_an_array),
        TEST_CASE(a_form_that_is_not_text_is_malformed),
        TEST_CASE(multipart_gives_fields_and_files_however_it_is_cut),
        TEST_CASE(an_upload_is_deleted_with_its_arena),
        TEST_CASE(a_broken_multipart_body_is_malformed),
        TEST_CASE(multipart_limits_hold),
        TEST_CASE(a_file_that_cannot_be_written_is_a_fault),
        TEST_CASE(boundaries_follow_rfc2046),
        TEST_CASE(file_names_lose_paths_and_controls_and_are_short),
        { 0 },
    });
}
