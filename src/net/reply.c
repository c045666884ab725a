/* Making replies. These functions only fill in a Reply; hooks.render() and send.c make bytes of it. */
#include "net/inside.h"

#include <string.h>

Reply page(Request *rq, const char *template, Json model)
{
    (void)rq;
    return (Reply){
        .status = 200, .kind = REPLY_PAGE, .template = template, .model = model ? model : json_new()
    };
}

Reply redirect_to(const char *location)
{
    Reply reply = { .status = 303, .kind = REPLY_BYTES, .bytes = "" };
    reply_header(&reply, "Location", location);
    return reply;
}

/* People are led to what they made or changed; programs get it in the answer. */
static Reply changed(Request *rq, const char *location, Json model, int status)
{
    if (!rq->wants_json)
        return redirect_to(location);
    Reply reply = json_reply(status, model ? model : json_new());
    reply_header(&reply, status == 201 ? "Location" : "Content-Location", location);
    return reply;
}

Reply created(Request *rq, const char *location, Json model)
{
    return changed(rq, location, model, 201);
}

Reply done(Request *rq, const char *location, Json model)
{
    return changed(rq, location, model, 200);
}

Reply json_reply(int status, Json model)
{
    Reply reply = text_reply("application/json", json_text(model));
    reply.status = status;
    return reply;
}

Reply text_reply(const char *type, const char *text)
{
    return bytes_reply(type, text, strlen(text));
}

Reply bytes_reply(const char *type, const void *bytes, size_t size)
{
    return (Reply){ .status = 200, .kind = REPLY_BYTES, .type = type, .bytes = bytes, .size = size };
}

Reply file_reply(const char *type, const char *path, const char *file_name)
{
    return (Reply){ .status = 200, .kind = REPLY_FILE, .type = type, .path = path, .file_name = file_name };
}

Reply events_reply(Request *rq, const char **topics)
{
    (void)rq;
    return (Reply){ .status = 200, .kind = REPLY_EVENTS, .type = "text/event-stream", .topics = topics };
}

Reply problem(Request *rq, int status, const char *code, Json members)
{
    (void)rq;
    return (Reply){ .status = status, .kind = REPLY_PROBLEM, .code = code, .model = members };
}

Reply not_found(Request *rq, const char *code)
{
    return problem(rq, 404, code, NULL);
}

Reply forbidden(Request *rq, const char *code)
{
    return problem(rq, 403, code, NULL);
}

Reply conflict(Request *rq, const char *code, Json members)
{
    return problem(rq, 409, code, members);
}

void invalid(Request *rq, const char *path, const char *code, Json members)
{
    Json error = json_set_str(json_new(), "path", path);
    json_set_str(error, "rule", code);
    json_set_str(error, "message", code);
    if (members)
        json_object_update(error, members);
    if (!rq->errors)
        rq->errors = json_list();
    json_add(rq->errors, error);
}

bool has_errors(const Request *rq)
{
    return json_array_size(rq->errors) > 0;
}

Reply refuse(Request *rq)
{
    if (!rq->wants_json)
        return (Reply){ .status = 422, .kind = REPLY_AGAIN, .code = "http.invalid-input" };
    return problem(rq, 422, "http.invalid-input", json_set(json_new(), "errors", json_incref(rq->errors)));
}

/* ---- Headers of a reply ---- */

/* A line end in a value would let its author write headers of his own. */
static const char *one_line(const char *value)
{
    if (!strpbrk(value, "\r\n"))
        return value;
    char *copy = text_copy(value);
    for (char *c = copy; *c; c++)
        if (*c == '\r' || *c == '\n')
            *c = ' ';
    return copy;
}

void reply_header(Reply *reply, const char *name, const char *value)
{
    ReplyHeader *line = alloc(sizeof *line);
    *line = (ReplyHeader){ .next = reply->headers, .name = name, .value = one_line(value) };
    reply->headers = line;
}

void reply_etag(Reply *reply, const char *etag)
{
    bool quoted = etag[0] == '"' || strncmp(etag, "W/\"", 3) == 0;
    reply_header(reply, "ETag", quoted ? etag : fmt("\"%s\"", etag));
}

bool if_match(Request *rq, const char *etag)
{
    const char *wanted = header(rq, "If-Match");
    /* our tags become weak only by compression, which leaves the record the same */
    return !wanted || etag_in(wanted, etag[0] == '"' ? etag : fmt("\"%s\"", etag), true);
}

static bool cookie_safe(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f || strchr("\",;\\", *text))
            return false;
    return true;
}

void reply_cookie(Reply *reply, const Request *rq, const char *name, const char *value, int64_t max_age_s,
                  bool readable_by_script)
{
    if (!cookie_safe(name) || !cookie_safe(value))
        raise_fault(FAULT_INTERNAL, "http.cookie", "the cookie %s holds characters that cookies cannot",
                    name);
    Buf line = { 0 };
    buf_fmt(&line, "%s=%s; Path=/; SameSite=Lax", name, value);
    if (max_age_s >= 0)
        buf_fmt(&line, "; Max-Age=%lld", (long long)max_age_s); /* below zero: until the browser closes */
    if (!readable_by_script)
        buf_text(&line, "; HttpOnly");
    if (rq->secure)
        buf_text(&line, "; Secure");
    reply_header(reply, "Set-Cookie", buf_end(&line));
}
