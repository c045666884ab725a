/* Stands in for the rooms around view until they are there: only what this room calls of them. */
#include "base/arena.h"
#include "base/text.h"
#include "platform/app/app.h"
#include "platform/identity/identity.h"

const Settings *settings(void)
{
    static const Settings s = { .demo = true };
    return &s;
}

bool can(const Actor *actor, const char *permission)
{
    return actor && text_is(permission, "procedures.read");
}

void reply_header(Reply *reply, const char *name, const char *value)
{
    ReplyHeader *h = alloc(sizeof *h);
    *h = (ReplyHeader){ reply->headers, text_copy(name), text_copy(value) };
    reply->headers = h;
}

void reply_etag(Reply *reply, const char *etag)
{
    reply_header(reply, "ETag", etag);
}

void reply_cookie(Reply *reply, const Request *rq, const char *name, const char *value, int64_t max_age_s, bool readable)
{
    (void)rq, (void)readable;
    reply_header(reply, "Set-Cookie", fmt("%s=%s; Max-Age=%lld", name, value, (long long)max_age_s));
}

const char *cookie(Request *rq, const char *name)
{
    (void)name;
    return rq->work;
}
