/* Reading a request: its headers, its path and query, and what the parameter check let through. */
#include "net/inside.h"

#include <string.h>
#include <strings.h>

Exchange *exchange_of(const Request *rq)
{
    return rq->connection;
}

const char *header(Request *rq, const char *name)
{
    const Exchange *ex = exchange_of(rq);
    for (size_t i = 0; ex && i < ex->header_count; i++)
        if (strcasecmp(ex->headers[i].name, name) == 0)
            return ex->headers[i].value;
    return NULL;
}

const char *cookie(Request *rq, const char *name)
{
    return cookie_in(header(rq, "Cookie"), name);
}

const char *path_str(Request *rq, const char *name)
{
    return json_str(rq->path_values, name);
}

static int64_t key_of(const char *text)
{
    int64_t id;
    return text_int(text, 1, INT64_MAX, &id) ? id : 0;
}

int64_t path_id(Request *rq, const char *name)
{
    return key_of(path_str(rq, name));
}

/* Members are looked up as they are called; json_at() would take a dot for a step down. */
static Json member(Json object, const char *name)
{
    return json_object_get(object, name);
}

const char *query_str(Request *rq, const char *name)
{
    Json value = member(rq->query, name);
    if (json_is_array(value))
        value = json_array_get(value, 0);
    const char *text = json_string_value(value);
    return text ? text : "";
}

bool in_has(Request *rq, const char *name)
{
    Json value = member(rq->input, name);
    return value && !json_is_null(value);
}

const char *in_str(Request *rq, const char *name)
{
    const char *text = json_string_value(member(rq->input, name));
    return text ? text : "";
}

int64_t in_int(Request *rq, const char *name)
{
    return json_integer_value(member(rq->input, name));
}

int64_t in_id(Request *rq, const char *name)
{
    return key_of(in_str(rq, name));
}

bool in_bool(Request *rq, const char *name)
{
    return json_is_true(member(rq->input, name));
}

double in_num(Request *rq, const char *name)
{
    return json_number_value(member(rq->input, name));
}

Json in_json(Request *rq, const char *name)
{
    return member(rq->input, name);
}

const Upload *in_file(Request *rq, const char *name)
{
    for (size_t i = 0; i < rq->upload_count; i++)
        if (text_is(rq->uploads[i].field, name))
            return &rq->uploads[i];
    return NULL;
}
