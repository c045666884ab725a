/* reports: what other programs read out of our documents: poppler the text and the pages, zbar the QR codes,
 * unzip the spreadsheets. */
#include "platform/reports/reports.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/test.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int64_t NOW = 1795276800000; /* 2026-11-21T16:00:00Z */

/* What a command prints. */
static const char *output_of(const char *command)
{
    Buf out = { 0 };
    char piece[4096];
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

static char *temp_file(const void *bytes, size_t size, const char *suffix)
{
    char *path = fmt("/tmp/sen-test-XXXXXX%s", suffix);
    int fd = mkstemps(path, (int)strlen(suffix));
    CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    close(fd);
    arena_defer(remove_file, path);
    return path;
}

static Json parse(const char *text)
{
    return json_parse_own(text, strlen(text), "test");
}

static const char *pdf_of(Json blocks, PdfOptions options)
{
    size_t size;
    options.now = NOW;
    const void *pdf = pdf_document(blocks, &options, &size);
    return temp_file(pdf, size, ".pdf");
}

TEST(vietnamese_text_reads_back_from_the_pdf)
{
    const char *path =
        pdf_of(parse("[{\"kind\":\"heading2\",\"left\":[\"UBND TỈNH ĐỒNG THÁP\",\"SỞ TƯ PHÁP\",\"Số: "
                     "12/QĐ-STP\"],\"right\":[]},"
                     "{\"kind\":\"title\",\"text\":\"PHIẾU TIẾP NHẬN\"},"
                     "{\"kind\":\"text\",\"text\":\"Nguyễn Thị Hường nghĩ ngợi về đường ưỡn ẹo\"},"
                     "{\"kind\":\"pairs\",\"items\":[{\"label\":\"Họ và tên\",\"value\":\"Trần Văn Kỷ\"}]}]"),
               (PdfOptions){ .title = "Phiếu tiếp nhận", .lang = "vi" });
    const char *text = output_of(fmt("pdftotext -layout %s - | tr -s ' '", path));
    CHECK(strstr(text, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"));
    CHECK(strstr(text, "Độc lập - Tự do - Hạnh phúc"));
    CHECK(strstr(text, "Số: 12/QĐ-STP"));
    CHECK(strstr(text, "Nguyễn Thị Hường nghĩ ngợi về đường ưỡn ẹo"));
    CHECK(strstr(text, "Họ và tên Trần Văn Kỷ"));
    const char *info = output_of(fmt("pdfinfo %s", path));
    CHECK(strstr(info, "Phiếu tiếp nhận"));
    CHECK(strstr(info, "Tagged:          yes"));
    CHECK(strstr(output_of(fmt("pdfinfo -struct %s", path)), "H1"));
    CHECK(strstr(output_of(fmt("qpdf --check %s", path)), "No syntax or stream encoding errors"));
    CHECK(strstr(info, "(A4)"));
    CHECK(strstr(info, "2026")); /* the moment of options, not of the run */
}

TEST(fonts_are_embedded)
{
    const char *path = pdf_of(
        parse("[{\"kind\":\"text\",\"text\":\"Đậm\",\"bold\":true},{\"kind\":\"text\",\"text\":\"thường\"}]"),
        (PdfOptions){ .title = "x" });
    const char *fonts = output_of(fmt("pdffonts %s | tail -n +3 | awk '{print $(NF-4)}' | sort -u", path));
    CHECK_TEXT(fonts, "yes\n");
    CHECK(strstr(output_of(fmt("pdffonts %s", path)), "LiberationSerif"));
}

TEST(the_same_input_gives_the_same_bytes)
{
    Json blocks = parse(
        "[{\"kind\":\"title\",\"text\":\"Giấy hẹn\"},{\"kind\":\"qr\",\"text\":\"https://example.vn/1\"}]");
    PdfOptions options = { .title = "Giấy hẹn", .now = NOW, .watermark = "CHỮ KÝ THỬ NGHIỆM" };
    size_t a_size, b_size;
    const void *a = pdf_document(blocks, &options, &a_size), *b = pdf_document(blocks, &options, &b_size);
    CHECK_INT(a_size, b_size);
    CHECK(memcmp(a, b, a_size) == 0);
}

TEST(a_long_table_repeats_its_head_and_loses_no_row)
{
    Json block = parse("{\"kind\":\"table\",\"columns\":[{\"title\":\"Số thứ "
                       "tự\",\"width\":0.2},{\"title\":\"Nội dung\",\"width\":0.8}]}");
    Json rows = json_list(), blocks = json_list();
    for (int i = 1; i <= 120; i++) {
        Json row = json_list();
        json_add(row, json_integer(i));
        json_add_str(row, fmt("dòng-%d-cuối", i));
        json_add(rows, row);
    }
    json_set(block, "rows", rows);
    json_add(blocks, block);
    const char *path = pdf_of(blocks, (PdfOptions){ .title = "Bảng", .footer = "Sổ theo dõi" });
    CHECK_TEXT(output_of(fmt("pdfinfo %s | awk '/^Pages/{print $2}'", path)), "4\n");
    CHECK_TEXT(output_of(fmt("pdftotext -layout %s - | grep -c 'Số thứ tự'", path)), "4\n");
    CHECK_TEXT(output_of(fmt("pdftotext -layout %s - | grep -c 'dòng-[0-9]*-cuối'", path)), "120\n");
    CHECK(strstr(output_of(fmt("pdftotext -f 2 -l 2 -layout %s - | tr -s ' '", path)), "Sổ theo dõi 2/4"));
}

TEST(a_row_longer_than_a_page_is_cut_between_lines)
{
    Buf words = { 0 };
    for (int i = 0; i < 1500; i++)
        buf_fmt(&words, "từ%d ", i);
    Json row = json_list(), rows = json_list(), blocks = json_list();
    Json block = parse(
        "{\"kind\":\"table\",\"columns\":[{\"title\":\"A\",\"width\":0.5},{\"title\":\"B\",\"width\":0.5}]}");
    json_add_str(row, words.at);
    json_add_str(row, "ngắn");
    json_add(rows, row);
    json_set(block, "rows", rows);
    json_add(blocks, block);
    const char *path = pdf_of(blocks, (PdfOptions){ .title = "Bảng" });
    const char *text = output_of(fmt("pdftotext -raw %s -", path));
    for (int i = 0; i < 1500; i += 7)
        CHECK(strstr(text, fmt("từ%d", i)));
    CHECK_TEXT(output_of(fmt("pdftotext -raw %s - | grep -o từ | wc -l", path)), "1500\n");
}

TEST(pages_are_numbered_from_the_second_one_on)
{
    Json blocks = json_list();
    for (int i = 0; i < 80; i++)
        json_add(blocks, parse("{\"kind\":\"text\",\"text\":\"Điều khoản\"}"));
    const char *path = pdf_of(blocks, (PdfOptions){ .title = "x" });
    CHECK_TEXT(output_of(fmt("pdftotext -f 2 -l 2 %s - | head -1", path)), "2\n");
    CHECK_TEXT(output_of(fmt("pdftotext -f 1 -l 1 %s - | head -1", path)), "Điều khoản\n");
}

TEST(columns_stand_side_by_side_and_never_lose_text)
{
    const char *path =
        pdf_of(parse("[{\"kind\":\"columns\",\"items\":[[{\"kind\":\"text\",\"text\":\"Nơi nhận\"}],"
                     "[{\"kind\":\"text\",\"text\":\"GIÁM ĐỐC\",\"align\":\"center\",\"bold\":true}]]}]"),
               (PdfOptions){ .title = "x" });
    CHECK_TEXT(output_of(fmt("pdftotext -layout %s - | head -1 | tr -s ' '", path)), "Nơi nhận GIÁM ĐỐC\n");
}

TEST(a_field_keeps_its_place)
{
    Json places = json_list();
    pdf_of(parse("[{\"kind\":\"heading2\",\"fields\":true,\"left\":[\"UBND XÃ\",\"Số: [[So "
                 "18]]/QĐ-UBND\"],\"right\":[]},"
                 "{\"kind\":\"field\",\"name\":\"ChuKyLanhDao\",\"type\":\"signature\",\"width_mm\":70,"
                 "\"height_mm\":25,\"align\":\"right\"}]"),
           (PdfOptions){ .title = "x", .places = places });
    CHECK_INT(json_array_size(places), 2);
    Json number = json_array_get(places, 0), leader = json_array_get(places, 1);
    CHECK_TEXT(json_str(number, "name"), "So");
    CHECK(json_num(number, "width_mm") > 17.9 && json_num(number, "width_mm") < 18.1);
    CHECK(json_num(number, "x_mm") > 30 && json_num(number, "x_mm") < 95);
    CHECK(json_num(leader, "x_mm") + 70 > 194.9 && json_num(leader, "x_mm") + 70 < 195.1);
    CHECK_INT(json_int(leader, "page"), 1);
    CHECK_TEXT(json_str(leader, "type"), "signature");
}

TEST(brackets_in_peoples_words_make_no_field)
{
    Json places = json_list();
    const char *path = pdf_of(parse("[{\"kind\":\"text\",\"text\":\"Tên: [[DauCoQuan 40]]\"}]"),
                              (PdfOptions){ .title = "x", .places = places });
    CHECK_INT(json_array_size(places), 0);
    CHECK(strstr(output_of(fmt("pdftotext %s -", path)), "[[DauCoQuan 40]]"));
}

TEST(a_qr_code_in_a_pdf_is_read_by_a_scanner)
{
    const char *path = pdf_of(parse("[{\"kind\":\"qr\",\"text\":\"https://example.vn/"
                                    "tra-cuu?ma=H20.17-260112-0001\",\"size_mm\":30}]"),
                              (PdfOptions){ .title = "x" });
    CHECK_TEXT(output_of(fmt("pdftoppm -r 150 -png %s %s && zbarimg -q --raw %s-1.png; rm -f %s-1.png", path,
                             path, path, path)),
               "https://example.vn/tra-cuu?ma=H20.17-260112-0001\n");
    CHECK(!strstr(output_of(fmt("pdfimages -list %s | tail -n +3", path)), "image")); /* vector */
}

TEST(a_qr_code_as_png_and_svg)
{
    size_t size;
    const void *png = qr_png("Xin chào Đồng Tháp", 4, &size);
    CHECK_TEXT(output_of(fmt("zbarimg -q --raw %s", temp_file(png, size, ".png"))), "Xin chào Đồng Tháp\n");
    CHECK(text_starts(qr_svg("abc"), "<svg xmlns="));
    CHECK_FAULT(FAULT_INTERNAL, qr_svg(memset(memset(alloc(4001), 0, 4001), 'a',
                                              4000))); /* 2,331 bytes is the most at level M */
}

TEST(an_unknown_block_is_our_own_mistake)
{
    size_t size;
    PdfOptions options = { .title = "x" };
    CHECK_FAULT(FAULT_INTERNAL, pdf_document(parse("[{\"kind\":\"tabel\"}]"), &options, &size));
}

TEST(csv_guards_formulas_and_quotes)
{
    size_t size;
    Json columns = parse("[{\"title\":\"Họ tên\",\"kind\":\"text\"},{\"title\":\"Lệ "
                         "phí\",\"kind\":\"money\"},{\"title\":\"Ngày\",\"kind\":\"date\"}]");
    Json rows = parse("[[\"=cmd|' /C calc'!A0\",-5,1795276800000],[\"a \\\"b\\\", c\",20000,null]]");
    const char *csv = csv_table(columns, rows, &size);
    CHECK_TEXT(csv, "\xef\xbb\xbfHọ tên,Lệ phí,Ngày\r\n\"'=cmd|' /C calc'!A0\",-5,2026-11-21\r\n\"a "
                    "\"\"b\"\", c\",20000,\r\n");
    CHECK_INT(size, strlen(csv));
}

TEST(xlsx_cells_keep_their_kind)
{
    size_t size;
    Json columns = parse("[{\"title\":\"Họ tên\",\"name\":\"name\"},{\"title\":\"Lệ "
                         "phí\",\"kind\":\"money\",\"name\":\"fee\"},"
                         "{\"title\":\"Ngày\",\"kind\":\"date\",\"name\":\"at\"}]");
    Json rows = parse("[{\"name\":\"=1+1\",\"fee\":20000,\"at\":1795276800000}]");
    const void *xlsx = xlsx_table("Hồ sơ [2026]", columns, rows, &size);
    const char *path = temp_file(xlsx, size, ".xlsx");
    CHECK(size > 1000);
    const char *sheet = output_of(fmt("unzip -p %s xl/worksheets/sheet1.xml", path));
    CHECK(strstr(sheet, "<v>20000</v>"));
    CHECK(strstr(sheet, "<v>46347</v>")); /* 2026-11-21 in Excel's calendar */
    CHECK(!strstr(sheet, "<f>"));
    CHECK(strstr(sheet, "state=\"frozen\""));
    CHECK(strstr(output_of(fmt("unzip -p %s xl/sharedStrings.xml", path)), "<t>=1+1</t>"));
    CHECK(strstr(output_of(fmt("unzip -p %s xl/workbook.xml", path)), "Hồ sơ  2026"));
}

TEST(every_failed_allocation_is_a_fault_and_leaks_nothing)
{
    Json blocks = parse("[{\"kind\":\"heading2\",\"left\":[\"A\"],\"right\":[]},{\"kind\":\"pairs\","
                        "\"items\":[{\"label\":\"a\",\"value\":\"b\"}]},"
                        "{\"kind\":\"qr\",\"text\":\"x\"}]");
    PdfOptions options = { .title = "x", .now = NOW };
    int faults = 0;
    for (long n = 1; n < 40; n++) {
        Arena *outer = arena_current(), *inner = arena_new(0);
        Guard guard;
        size_t size;
        arena_use(inner);
        guard_enter(&guard);
        if (setjmp(guard.at) == 0) {
            alloc_fail_after(n);
            pdf_document(blocks, &options, &size);
            guard_leave(&guard);
        } else {
            CHECK_INT(guard.fault.kind, FAULT_MEMORY);
            faults++;
        }
        alloc_fail_after(0);
        arena_use(outer);
        arena_free(inner);
    }
    CHECK(faults >= 2);
}

int main(void)
{
    int failed = run_tests((Test[]){ TEST_CASE(vietnamese_text_reads_back_from_the_pdf),
                                     TEST_CASE(fonts_are_embedded),
                                     TEST_CASE(the_same_input_gives_the_same_bytes),
                                     TEST_CASE(a_long_table_repeats_its_head_and_loses_no_row),
                                     TEST_CASE(a_row_longer_than_a_page_is_cut_between_lines),
                                     TEST_CASE(pages_are_numbered_from_the_second_one_on),
                                     TEST_CASE(columns_stand_side_by_side_and_never_lose_text),
                                     TEST_CASE(a_field_keeps_its_place),
                                     TEST_CASE(brackets_in_peoples_words_make_no_field),
                                     TEST_CASE(a_qr_code_in_a_pdf_is_read_by_a_scanner),
                                     TEST_CASE(a_qr_code_as_png_and_svg),
                                     TEST_CASE(an_unknown_block_is_our_own_mistake),
                                     TEST_CASE(csv_guards_formulas_and_quotes),
                                     TEST_CASE(xlsx_cells_keep_their_kind),
                                     TEST_CASE(every_failed_allocation_is_a_fault_and_leaks_nothing),
                                     { 0 } });
    reports_stop();
    return failed;
}
