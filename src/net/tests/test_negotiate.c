/* Headers: who asks, in which form and language; ranges, dates, tags; the rate of one address. */
#include "base/test.h"
#include "net/inside.h"

#include <arpa/inet.h>
#include <string.h>

bool address_is_private(const struct sockaddr *address);

TEST(browsers_get_pages_and_programs_json)
{
    CHECK(!prefers_json("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false));
    CHECK(prefers_json("application/json", false));
    CHECK(prefers_json("*/*", false));
    CHECK(prefers_json(NULL, false));
    CHECK(prefers_json("text/html;q=0.5, application/json", false));
    CHECK(!prefers_json("text/html, application/json;q=0.9", false));
    CHECK(!prefers_json("*/*", true));
    CHECK(prefers_json("application/json", true));
}

TEST(the_language_is_the_cookie_then_the_browser_then_vietnamese)
{
    CHECK_TEXT(prefers_language("en", "vi"), "en");
    CHECK_TEXT(prefers_language("fr", "en-GB,vi;q=0.5"), "en");
    CHECK_TEXT(prefers_language(NULL, "en;q=0.5, vi-VN;q=0.9"), "vi");
    CHECK_TEXT(prefers_language(NULL, "fr, de"), "vi");
    CHECK_TEXT(prefers_language(NULL, NULL), "vi");
}

TEST(an_encoding_with_weight_zero_is_refused)
{
    CHECK(accepts_encoding("gzip, deflate, br", "br"));
    CHECK(!accepts_encoding("gzip;q=0, *", "gzip"));
    CHECK(accepts_encoding("deflate, *;q=0.1", "gzip"));
    CHECK(!accepts_encoding("", "gzip"));
    CHECK(!accepts_encoding(NULL, "gzip"));
}

static const char *seen_as(const char *proxies, const char *peer, const char *forwarded_for)
{
    ProxyList list = { 0 };
    struct sockaddr_in address = { .sin_family = AF_INET };
    unsigned char bytes[16];
    inet_pton(AF_INET, peer, &address.sin_addr);
    address_bytes((struct sockaddr *)&address, bytes);
    proxies_parse(&list, proxies);
    forwarded(&list, bytes, forwarded_for);
    return address_text(bytes);
}

TEST(only_a_trusted_proxy_may_say_for_whom_it_asks)
{
    CHECK_TEXT(seen_as("10.0.0.0/8", "10.1.2.3", "1.2.3.4, 203.0.113.9, 10.9.9.9"), "203.0.113.9");
    CHECK_TEXT(seen_as("10.0.0.0/8", "11.1.2.3", "203.0.113.9"), "11.1.2.3");
    CHECK_TEXT(seen_as("10.0.0.1", "10.0.0.1", "2001:db8::7"), "2001:db8::7");
    CHECK_TEXT(seen_as("10.0.0.1", "10.0.0.1", "nonsense"), "10.0.0.1");
    CHECK_TEXT(seen_as("10.0.0.1", "10.0.0.1", NULL), "10.0.0.1");
    CHECK_TEXT(seen_as("", "10.0.0.1", "1.2.3.4"), "10.0.0.1");
    CHECK_FAULT(FAULT_INTERNAL, seen_as("10.0.0.300", "10.0.0.1", NULL));
}

TEST(a_trace_is_taken_over_when_it_is_well_formed)
{
    CHECK_TEXT(trace_from("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
               "4bf92f3577b34da6a3ce929d0e0e4736");
    const char *fresh = trace_from("00-00000000000000000000000000000000-00f067aa0ba902b7-01");
    CHECK_INT(strlen(fresh), 32);
    CHECK(strspn(fresh, "0") < 32);
    CHECK(!text_is(trace_from(NULL), trace_from(NULL)));
}

TEST(cookies_are_found_by_their_whole_name)
{
    CHECK_TEXT(cookie_in("xlang=a; lang=en; s=\"q\"", "lang"), "en");
    CHECK_TEXT(cookie_in("xlang=a; lang=en; s=\"q\"", "s"), "q");
    CHECK_TEXT(cookie_in("xlang=a", "lang"), NULL);
    CHECK_TEXT(cookie_in("lang=", "lang"), "");
    CHECK_TEXT(cookie_in(NULL, "lang"), NULL);
}

TEST(entity_tags_are_compared_as_rfc9110_says)
{
    CHECK(etag_in("\"a\", \"b\"", "\"b\"", false));
    CHECK(!etag_in("W/\"b\"", "\"b\"", false));
    CHECK(etag_in("W/\"b\"", "\"b\"", true));
    CHECK(etag_in("*", "\"b\"", false));
    CHECK(!etag_in("\"abc\"", "\"ab\"", true));
    CHECK(!etag_in(NULL, "\"b\"", true));
}

static const char *range(const char *header, int64_t size)
{
    Range r;
    RangeResult result = range_parse(header, size, &r);
    return result == RANGE_UNSATISFIABLE ? "no"
           : result == RANGE_WHOLE       ? "whole"
                                         : fmt("%lld+%lld", (long long)r.from, (long long)r.size);
}

TEST(ranges_follow_rfc9110)
{
    CHECK_TEXT(range("bytes=0-499", 10000), "0+500");
    CHECK_TEXT(range("bytes=500-999", 10000), "500+500");
    CHECK_TEXT(range("bytes=-500", 10000), "9500+500");
    CHECK_TEXT(range("bytes=9500-", 10000), "9500+500");
    CHECK_TEXT(range("bytes=9500-20000", 10000), "9500+500");
    CHECK_TEXT(range("bytes=-20000", 10000), "0+10000");
    CHECK_TEXT(range("bytes=10000-", 10000), "no");
    CHECK_TEXT(range("bytes=-0", 10000), "no");
    CHECK_TEXT(range("bytes=5-4", 10000), "whole");
    CHECK_TEXT(range("bytes=0-1,5-6", 10000), "whole");
    CHECK_TEXT(range("bytes=a-b", 10000), "whole");
    CHECK_TEXT(range("lines=0-1", 10000), "whole");
    CHECK_TEXT(range("bytes=99999999999999999999-", 10000), "no");
    CHECK_TEXT(range("bytes=0-", 0), "no");
}

TEST(http_dates_go_both_ways)
{
    int64_t s;
    CHECK_TEXT(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT"); /* RFC 9110 §5.6.7 */
    CHECK(http_date_parse("Sun, 06 Nov 1994 08:49:37 GMT", &s));
    CHECK_INT(s, 784111777);
    CHECK(!http_date_parse("yesterday", &s));
}

TEST(an_address_may_send_its_minute_at_once_and_then_one_each_interval)
{
    unsigned char one[16] = { [10] = 0xff, [11] = 0xff, [15] = 1 },
                  other[16] = { [10] = 0xff, [11] = 0xff, [15] = 2 };
    Limiter *limiter = limiter_new(60);
    int64_t now = 1000000000;
    for (int i = 0; i < 60; i++)
        CHECK_INT(limiter_wait_s(limiter, one, now), 0);
    CHECK_INT(limiter_wait_s(limiter, one, now), 1);
    CHECK_INT(limiter_wait_s(limiter, other, now), 0);
    CHECK_INT(limiter_wait_s(limiter, one, now + 1000000), 0);
    CHECK_INT(limiter_wait_s(limiter, one, now + 1000000), 1);
    CHECK_INT(limiter_wait_s(limiter, one, now + 61000000), 0);
    limiter_free(limiter);
}

TEST(the_addresses_of_one_ipv6_network_share_their_limit)
{
    unsigned char one[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
                  same[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 };
    Limiter *limiter = limiter_new(1);
    CHECK_INT(limiter_wait_s(limiter, one, 1000000), 0);
    CHECK_INT(limiter_wait_s(limiter, same, 1000000), 60);
    limiter_free(limiter);
}

static bool is_private(const char *text)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return address_is_private((struct sockaddr *)&v4);
    inet_pton(AF_INET6, text, &v6.sin6_addr);
    return address_is_private((struct sockaddr *)&v6);
}

TEST(inner_addresses_are_known_however_they_are_written)
{
    static const char *const inner[] = { "127.0.0.1",
                                         "10.0.0.1",
                                         "172.31.255.255",
                                         "192.168.1.1",
                                         "169.254.169.254",
                                         "100.64.0.1",
                                         "0.0.0.0",
                                         "224.0.0.1",
                                         "255.255.255.255",
                                         "::1",
                                         "::",
                                         "fe80::1",
                                         "fd00::1",
                                         "::ffff:127.0.0.1",
                                         "64:ff9b::7f00:1",
                                         "2002:7f00:1::",
                                         "ff02::1" };
    static const char *const outer[] = { "8.8.8.8", "172.32.0.1", "2606:4700:4700::1111", "::ffff:8.8.8.8" };
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
        CHECK_TEXT(is_private(inner[i]) ? inner[i] : "", inner[i]);
    for (size_t i = 0; i < sizeof outer / sizeof *outer; i++)
        CHECK_TEXT(is_private(outer[i]) ? outer[i] : "", "");
}

int main(void)
{
    return run_tests((Test[]){
        TEST_CASE(browsers_get_pages_and_programs_json),
        TEST_CASE(the_language_is_the_cookie_then_the_browser_then_vietnamese),
        TEST_CASE(an_encoding_with_weight_zero_is_refused),
        TEST_CASE(only_a_trusted_proxy_may_say_for_whom_it_asks),
        TEST_CASE(a_trace_is_taken_over_when_it_is_well_formed),
        TEST_CASE(cookies_are_found_by_their_whole_name),
        TEST_CASE(entity_tags_are_compared_as_rfc9110_says),
        TEST_CASE(ranges_follow_rfc9110),
        TEST_CASE(http_dates_go_both_ways),
        TEST_CASE(an_address_may_send_its_minute_at_once_and_then_one_each_interval),
        TEST_CASE(the_addresses_of_one_ipv6_network_share_their_limit),
        TEST_CASE(inner_addresses_are_known_however_they_are_written),
        { 0 },
    });
}
