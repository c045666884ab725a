/* Telling people: the bell at once, mail when it may be, and nothing in it that others should not read. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/test.h"
#include "base/text.h"
#include "platform/app/start.h"
#include "platform/events/dispatcher.h"
#include "platform/jobs/jobs.h"
#include "platform/notify/mail.h"
#include "platform/view/i18n.h"
#include "store/test_store.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static Store *store;
static Settings test_settings;

/* ---- A mail server for tests ---- */

static struct Sink {
    int fd, port;
    _Atomic bool stop, refuse;
    _Atomic int count; /* mails taken */
    char to[300], mail[20000];
    pthread_t thread;
} sink;

static bool line_in(FILE *in, char *line, size_t size)
{
    if (!fgets(line, (int)size, in))
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}

static void say(FILE *out, const char *text)
{
    fprintf(out, "%s\r\n", text);
    fflush(out);
}

static void take_mail(FILE *in, FILE *out)
{
    char line[2000];
    size_t used = 0;
    say(out, "354 go on");
    sink.mail[0] = '\0';
    while (line_in(in, line, sizeof line) && strcmp(line, ".") != 0)
        used += (size_t)snprintf(sink.mail + used, sizeof sink.mail - used, "%s\n", line);
    if (!sink.refuse)
        sink.count++;
    say(out, sink.refuse ? "451 not now" : "250 taken");
}

static void talk(FILE *in, FILE *out)
{
    char line[2000];
    say(out, "220 sink");
    while (line_in(in, line, sizeof line)) {
        if (strncasecmp(line, "RCPT TO:", 8) == 0)
            snprintf(sink.to, sizeof sink.to, "%s", line + 8);
        if (strcasecmp(line, "DATA") == 0)
            take_mail(in, out);
        else
            say(out, strcasecmp(line, "QUIT") == 0 ? "221 bye" : "250 yes");
    }
}

static void *serve(void *unused)
{
    while (!sink.stop) {
        struct pollfd wait = { .fd = sink.fd, .events = POLLIN };
        if (poll(&wait, 1, 20) != 1)
            continue;
        int fd = accept(sink.fd, NULL, NULL);
        FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
        talk(in, out);
        fclose(in);
        fclose(out);
    }
    return unused;
}

static void sink_start(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    sink.stop = sink.refuse = false;
    sink.count = 0;
    sink.fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(sink.fd, (struct sockaddr *)&address, size) == 0 && listen(sink.fd, 8) == 0);
    CHECK(getsockname(sink.fd, (struct sockaddr *)&address, &size) == 0);
    sink.port = ntohs(address.sin_port);
    CHECK(pthread_create(&sink.thread, NULL, serve, NULL) == 0);
}

static void sink_stop(void)
{
    sink.stop = true;
    pthread_join(sink.thread, NULL);
    close(sink.fd);
}

/* The decoded body of the last mail. */
static const char *mail_body(void)
{
    Buf plain = { 0 };
    size_t size;
    const char *at = strstr(sink.mail, "\n\n");
    CHECK(at != NULL);
    for (char **line = text_split(at + 2, '\n', NULL); *line; line++) {
        const char *bytes = **line ? base64_decode(*line, &size) : NULL;
        if (bytes)
            buf_add(&plain, bytes, size);
    }
    return buf_end(&plain);
}

/* ---- The house ---- */

static void people(Db *db, void *unused)
{
    (void)unused;
    for (int64_t id = 1; id <= 4; id++) {
        db_exec(db,
                "insert into iam_person (id, full_name, name_fold, email, created_at, updated_at) values "
                "(?1, ?2, 'x', ?3, 0, 0)",
                I(id), T(id == 2 ? "John Smith" : "Nguyễn Thị Lan"),
                id == 3 ? N() : T(fmt("nguoi%lld@example.vn", (long long)id)));
        db_exec(db,
                "insert into iam_account (id, person_id, kind, username, state, locale, created_at) values "
                "(?1, ?2, 'citizen', ?3, ?4, ?5, 0)",
                I(100 + id), I(id), T(fmt("u%lld", (long long)id)), T(id == 4 ? "locked" : "active"),
                T(id == 2 ? "en" : "vi"));
    }
}

static const Solution *const list[] = { &notify_solution, NULL };

static void use_texts(void)
{
    static const char vi[] = "{\"test.accepted\": \"Hồ sơ {code} của số {number} đã được tiếp nhận\"}";
    static const char en[] = "{\"test.accepted\": \"Dossier {code} of number {number} was accepted\"}";
    Texts *texts = texts_new();
    for (const char *const *lang = (const char *const[]){ "vi", "en", NULL }; *lang; lang++) {
        size_t size;
        const char *name = fmt("src/platform/notify/i18n/%s.json", *lang), *json = asset_text(name, &size);
        texts_add(texts, name, json, size);
    }
    texts_add(texts, "src/test/i18n/vi.json", vi, strlen(vi));
    texts_add(texts, "src/test/i18n/en.json", en, strlen(en));
    texts_use(texts);
}

static void open_house(bool mail)
{
    store = test_store_open();
    test_store_migrate(store, (const char *const[]){ "src/platform/jobs", "src/platform/identity",
                                                     "src/platform/notify", NULL });
    store_write_wait(store, people, NULL);
    solutions_use(list);
    use_texts();
    sink_start();
    test_settings = (Settings){ .base_url = "https://dichvucong.example.vn" };
    if (mail) {
        test_settings.smtp_url = fmt("smtp://127.0.0.1:%d", sink.port);
        test_settings.smtp_from = "sen@example.vn";
    }
    app_use(&test_settings, store, NULL);
}

static void close_house(void)
{
    time_freeze(0);
    texts_use(NULL);
    sink_stop();
    test_store_close(store);
    events_forget_told();
}

typedef struct Tell {
    int64_t account_id;
    const char *code;
    bool urgent;
} Tell;

static void tell_work(Db *db, void *argument)
{
    const Tell *tell = argument;
    Json values = json_set_str(json_set_str(json_new(), "code", tell->code), "number", "087199012345");
    (tell->urgent ? notify_urgent : notify_account)(db, tell->account_id, "test.accepted", values,
                                                    "/dossiers/7");
}

static void tell(int64_t account_id, const char *code, bool urgent)
{
    store_write_wait(store, tell_work, &(Tell){ account_id, code, urgent });
}

static int64_t ask(const char *sql)
{
    Db *db = store_read_begin(store);
    int64_t value = db_int(db, sql);
    store_read_end(db);
    return value;
}

static int64_t at(int hour, int minute)
{
    return local_ms(2026, 11, 20, hour, minute, 0);
}

static void run_jobs(int64_t now)
{
    time_freeze(now);
    jobs_drain(store, now);
}

/* ---- Tests ---- */

TEST(the_bell_counts_what_was_not_read)
{
    open_house(false);
    tell(101, "H20-1", false);
    tell(101, "H20-2", true);
    tell(102, "H20-3", false);
    Db *db = store_read_begin(store);
    CHECK_INT(notify_unread(db, 101), 2);
    CHECK_INT(notify_unread(db, 103), 0);
    store_read_end(db);
    CHECK_INT(ask("select count(*) from notification where mail_state = 'off'"), 3);
    CHECK_INT(ask("select count(*) from job where type = 'notify.mail'"), 0); /* no mail server: no job */
    close_house();
}

TEST(a_mail_has_a_readable_subject_and_no_personal_number)
{
    open_house(true);
    time_freeze(at(10, 0));
    tell(101, "H20.17-20261120-0000123", false);
    run_jobs(at(10, 0));
    CHECK_INT(sink.count, 0); /* it gathers for a minute */
    run_jobs(at(10, 1));
    CHECK_INT(sink.count, 1);
    CHECK_TEXT(sink.to, "<nguoi1@example.vn>");
    CHECK(strstr(sink.mail, "From: <sen@example.vn>\n") && strstr(sink.mail, "To: <nguoi1@example.vn>\n"));
    CHECK(strstr(sink.mail, "Date: Fri, 20 Nov 2026 10:01:00 +0700\n") &&
          strstr(sink.mail, "Content-Transfer-Encoding: base64\n"));
    CHECK(strstr(sink.mail, "Subject: =?UTF-8?B?SOG7kyBzxqEgSDIw")); /* "Hồ sơ H20…" */
    for (const char *c = sink.mail; *c; c++)
        CHECK((unsigned char)*c < 0x80);
    const char *body = mail_body();
    CHECK(strstr(body, "Kính gửi ông/bà Nguyễn Thị Lan,") != NULL);
    CHECK(strstr(body, "Hồ sơ H20.17-20261120-0000123 của số *********345 đã được tiếp nhận") != NULL);
    CHECK(strstr(body, "https://dichvucong.example.vn/dossiers/7") != NULL);
    CHECK(strstr(body, "087199012345") == NULL);
    run_jobs(at(12, 0));
    CHECK_INT(sink.count, 1);
    CHECK_INT(ask("select count(*) from notification where mail_state = 'sent'"), 1);
    close_house();
}

TEST(several_notices_make_one_mail_in_the_readers_language)
{
    open_house(true);
    time_freeze(at(10, 0));
    tell(102, "H20-1", false);
    tell(102, "H20-2", false);
    tell(102, "H20-3", false);
    run_jobs(at(10, 2));
    CHECK_INT(sink.count, 1);
    CHECK(strstr(mail_body(), "Dossier H20-3 of number") != NULL);
    CHECK(strstr(mail_body(), "Dear John Smith,") != NULL);
    CHECK(strstr(sink.mail,
                 fmt("Subject: =?UTF-8?B?%s?=", base64_encode("You have 3 new notifications", 28))) != NULL);
    close_house();
}

TEST(at_night_only_what_is_urgent_goes_out)
{
    open_house(true);
    time_freeze(at(22, 30));
    tell(101, "H20-1", false);
    tell(101, "H20-2", true);
    run_jobs(at(22, 35));
    CHECK_INT(sink.count, 1);
    CHECK(strstr(mail_body(), "H20-2") && !strstr(mail_body(), "H20-1"));
    run_jobs(at(23, 59));
    run_jobs(at(24 + 6, 59));
    CHECK_INT(sink.count, 1);
    run_jobs(at(24 + 7, 0));
    CHECK_INT(sink.count, 2);
    CHECK(strstr(mail_body(), "H20-1") && !strstr(mail_body(), "H20-2"));
    close_house();
}

TEST(quiet_hours_are_from_nine_to_seven_in_vietnam)
{
    int64_t until;
    CHECK(!quiet_at(at(20, 59), &until));
    CHECK(quiet_at(at(21, 0), &until));
    CHECK_INT(until, local_ms(2026, 11, 21, 7, 0, 0));
    CHECK(quiet_at(at(6, 59), &until));
    CHECK_INT(until, at(7, 0));
    CHECK(!quiet_at(at(7, 0), &until));
}

TEST(a_mail_server_that_refuses_is_asked_again)
{
    open_house(true);
    time_freeze(at(10, 0));
    sink.refuse = true;
    tell(101, "H20-1", false);
    run_jobs(at(10, 1));
    CHECK_INT(sink.count, 0);
    CHECK_INT(ask("select count(*) from notification where mail_state = 'waiting'"), 1);
    CHECK_INT(ask("select attempts from job where type = 'notify.mail' and state = 'waiting'"), 1);
    sink.refuse = false;
    run_jobs(at(10, 2));
    CHECK_INT(sink.count, 1);
    close_house();
}

TEST(people_without_an_address_or_with_a_locked_account_get_no_mail)
{
    open_house(true);
    time_freeze(at(10, 0));
    tell(103, "H20-1", false);
    tell(104, "H20-2", false);
    run_jobs(at(10, 2));
    CHECK_INT(sink.count, 0);
    CHECK_INT(ask("select count(*) from notification where mail_state = 'none'"), 2);
    CHECK_INT(ask("select count(*) from notification where read_at is null"),
              2); /* the bell still has them */
    close_house();
}

TEST(an_address_that_could_break_the_header_is_not_used)
{
    CHECK(mail_address_fit("lan.nguyen+sen@dongthap.gov.vn"));
    CHECK(!mail_address_fit("a@b.vn\r\nBcc: x@y.vn"));
    CHECK(!mail_address_fit("<a@b.vn>"));
    CHECK(!mail_address_fit("a b@c.vn"));
    CHECK(!mail_address_fit("a@b@c.vn"));
    CHECK(!mail_address_fit("@b.vn"));
    CHECK(!mail_address_fit("không@có.vn"));
    CHECK_TEXT(mail_without_numbers("số 087199012345, gọi 0912345678, mã H20.17-20261120-0000123"),
               "số *********345, gọi *******678, mã H20.17-20261120-0000123");
}

TEST(long_subjects_are_cut_between_characters)
{
    char *subject = "";
    for (int i = 0; i < 30; i++)
        subject = fmt("%sữ", subject);
    const char *mail =
        mail_message(&(Mail){ .from = "a@b.vn", .to = "c@d.vn", .subject = subject, .body = "x", .id = "1" });
    size_t size, total = 0;
    for (const char *word = mail; (word = strstr(word, "=?UTF-8?B?")); word += 10) {
        const char *end = strstr(word + 10, "?=");
        CHECK(end && end + 2 - word <= 75); /* RFC 2047, section 2 */
        const char *bytes = base64_decode(text_copy_n(word + 10, (size_t)(end - word) - 10), &size);
        CHECK(bytes && utf8_valid(bytes, size));
        total += size;
    }
    CHECK_INT((int64_t)total, 90);
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(the_bell_counts_what_was_not_read),
        TEST_CASE(a_mail_has_a_readable_subject_and_no_personal_number),
        TEST_CASE(several_notices_make_one_mail_in_the_readers_language),
        TEST_CASE(at_night_only_what_is_urgent_goes_out),
        TEST_CASE(quiet_hours_are_from_nine_to_seven_in_vietnam),
        TEST_CASE(a_mail_server_that_refuses_is_asked_again),
        TEST_CASE(people_without_an_address_or_with_a_locked_account_get_no_mail),
        TEST_CASE(an_address_that_could_break_the_header_is_not_used),
        TEST_CASE(long_subjects_are_cut_between_characters),
        { 0 },
    });
}
