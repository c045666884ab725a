/* Refusals: RFC 9457 problem documents for programs; for people a calm page that says what happened and what
 * to do now. */
#include "platform/view/filters.h"
#include "platform/view/inside.h"
#include "base/text.h"

#include <string.h>

/* The sentence of an error: one that a service has already written in the reader's language, or a text by the
 * key in `message` or `rule`. */
static const char *sentence(const char *lang, Json error)
{
    const char *message = json_str(error, "message"), *rule = json_str(error, "rule");
    Json values = json_has(error, "values") ? json_at(error, "values") : error;
    if (*message && !text_known(lang, message))
        return message;
    if (*message)
        return text_in(lang, message, values);
    if (!text_known(lang, rule) && text_known(lang, fmt("view.rule.%s", rule)))
        rule = fmt("view.rule.%s", rule);
    return text_in(lang, rule, values);
}

Json translated_errors(Request *rq)
{
    Json list = json_list();
    json_each (rq->errors, i, error) {
        Json item = json_copy(error); /* with the bounds of its rule: min, max, choices */
        const char *path = json_str(error, "path");
        json_set_str(item, "message", sentence(rq->lang, error));
        if (*path)
            json_set_str(item, "id", field_id(path));
        json_add(list, item);
    }
    return list;
}

/* "view.problem.404.title" where there is one, else that of the class: "view.problem.4xx.title". */
static const char *by_status(const char *lang, int status, const char *what)
{
    const char *key = fmt("view.problem.%d.%s", status, what);
    return text_in(lang, text_known(lang, key) ? key : fmt("view.problem.%dxx.%s", status / 100, what), NULL);
}

static const char *detail(Request *rq, const Reply *reply)
{
    if (!text_empty(reply->code) && text_known(rq->lang, reply->code))
        return text_in(rq->lang, reply->code, reply->model);
    return by_status(rq->lang, reply->status, "detail");
}

static Json problem_json(Request *rq, const Reply *reply)
{
    Json p = json_new(), errors = translated_errors(rq), value;
    const char *name;
    json_set_str(p, "type", fmt("urn:sen:problem:%s", text_or(reply->code, "unknown")));
    json_set_str(p, "title", by_status(rq->lang, reply->status, "title"));
    json_set_int(p, "status", reply->status);
    json_set_str(p, "detail", detail(rq, reply));
    json_set_str(p, "instance", fmt("urn:sen:trace:%s", text_or(rq->trace_id, "")));
    if (json_array_size(errors))
        json_set(p, "errors", errors);
    json_object_foreach (reply->model, name, value)
        if (!json_object_get(p, name))
            json_object_set(p, name, value);
    return p;
}

void problem_write(Request *rq, Reply *reply)
{
    if (rq->wants_json) {
        json_bytes(reply, "application/problem+json", problem_json(rq, reply));
        return;
    }
    Buf content = { 0 }, whole = { 0 };
    Json globals = view_globals(rq), model = json_new();
    json_set_int(model, "status", reply->status);
    json_set_str(model, "title", by_status(rq->lang, reply->status, "title"));
    json_set_str(model, "detail", detail(rq, reply));
    json_set_str(model, "next", by_status(rq->lang, reply->status, "next"));
    json_set_bool(model, "sign_in", reply->status == 401);
    json_set_bool(model, "ours", reply->status >= 500);
    json_set_str(model, "trace_id", text_or(rq->trace_id, ""));
    template_write(&content, rq->fragment ? "view/problem-part" : "view/problem", rq->lang, rq->now, globals,
                   model);
    if (!rq->fragment)
        layout_write(&whole, rq, reply, NULL, globals, model, &content);
    html_reply(reply, whole.size ? &whole : &content);
}
