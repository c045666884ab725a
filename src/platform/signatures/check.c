/* /signatures/check: anyone may have the signatures of a PDF judged. The upload is read from its temporary
 * file, which goes away with the request; nothing is kept. The server's rate limit protects the processor. */
#include "platform/signatures/pages.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const Param signatures_check_params[] = {
    { "file", PARAM_FILE, .required = true, .title = "signatures.check.file" },
    { 0 },
};

Reply signatures_check_form(Request *rq)
{
    Json model = json_new();
    json_each (rq->errors, i, error)
        if (text_is(json_str(error, "path"), "file"))
            json_set(model, "error", json_at(error, "message"));
    return page(rq, "signatures/check", model);
}

static const void *read_upload(const Upload *upload)
{
    size_t size = (size_t)upload->size, at = 0;
    char *bytes = alloc(size + 1);
    int fd = open(upload->path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && at < size) {
        ssize_t n = read(fd, bytes + at, size - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    if (fd >= 0)
        close(fd);
    if (at < size)
        raise_fault(FAULT_STORE, "signatures.upload", "an upload cannot be read back: %s", strerror(errno));
    return bytes;
}

/* The whole file in one word: the worst of its signatures. */
static const char *summary(Json signatures, const char **colour)
{
    bool failed = false, open = false;
    json_each (signatures, i, one) {
        failed = failed || text_is(json_str(one, "indication"), "TOTAL-FAILED");
        open = open || text_is(json_str(one, "indication"), "INDETERMINATE");
    }
    bool none = !json_array_size(signatures);
    *colour = failed ? "red" : open || none ? "amber" : "green";
    return none     ? "signatures.check.no-signature"
           : failed ? "signatures.check.some-failed"
           : open   ? "signatures.check.some-unknown"
                    : "signatures.check.all-valid";
}

static const char *colour_of(Json signature)
{
    const char *indication = json_str(signature, "indication");
    return text_is(indication, "TOTAL-PASSED")   ? "green"
           : text_is(indication, "TOTAL-FAILED") ? "red"
                                                 : "amber";
}

Reply signatures_check(Request *rq)
{
    const Upload *upload = in_file(rq, "file");
    const char *colour;
    if (!upload || !upload->size) {
        invalid(rq, "file", "files.empty", NULL);
        return refuse(rq);
    }
    const void *bytes = read_upload(upload);
    if (upload->size < 5 || memcmp(bytes, "%PDF-", 5) != 0) {
        invalid(rq, "file", "signatures.pdf.not-pdf", NULL);
        return refuse(rq);
    }
    Json signatures = signatures_verify(rq->db, bytes, (size_t)upload->size, rq->now), model = json_new();
    json_each (signatures, i, one) {
        json_set_int(one, "number", (int64_t)i + 1);
        json_set_str(one, "colour", colour_of(one));
    }
    const char *words = summary(signatures, &colour);
    json_set_str(model, "file_name", upload->file_name);
    json_set_str(model, "sha256", upload->sha256);
    json_set_int(model, "at", rq->now);
    json_set_str(model, "summary_key", words);
    json_set_str(model, "summary_colour", colour);
    json_set(model, "signatures", signatures);
    Reply reply = page(rq, "signatures/report", model);
    reply_header(&reply, "Cache-Control", "no-store");
    return reply;
}
