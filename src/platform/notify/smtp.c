/* SMTP through libcurl, with STARTTLS where the server offers it. Runs on a job's thread. */
#include "base/fault.h"
#include "platform/notify/mail.h"

#include <curl/curl.h>
#include <string.h>

enum { TIMEOUT_S = 30 };

typedef struct Reading {
    const char *at;
    size_t left;
} Reading;

static size_t read_message(char *out, size_t size, size_t count, void *argument)
{
    Reading *reading = argument;
    size_t n = size * count < reading->left ? size * count : reading->left;
    memcpy(out, reading->at, n);
    reading->at += n;
    reading->left -= n;
    return n;
}

static CURLcode talk(CURL *curl, const char *url, const char *from, struct curl_slist *to, Reading *reading)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_message);
    curl_easy_setopt(curl, CURLOPT_READDATA, reading);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    return curl_easy_perform(curl);
}

void smtp_send(const char *url, const char *from, const char *to, const char *message)
{
    Reading reading = { message, strlen(message) };
    curl_global_init(CURL_GLOBAL_DEFAULT); /* counted; safe to repeat */
    CURL *curl = curl_easy_init();
    struct curl_slist *list = curl_slist_append(NULL, to);
    CURLcode code = curl && list ? talk(curl, url, from, list, &reading) : CURLE_OUT_OF_MEMORY;
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    if (code != CURLE_OK)
        raise_fault(FAULT_STORE, "notify.smtp", "the mail server did not take the mail: %s",
                    curl_easy_strerror(code));
}
