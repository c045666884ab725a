/* What the files of this room share. */
#ifndef SEN_PLATFORM_VIEW_INSIDE_H
#define SEN_PLATFORM_VIEW_INSIDE_H

#include "platform/view/mustache.h"
#include "platform/view/view.h"

/* NULL when there is none. */
const Template *template_find(const char *name);
/* The template's HTML alone. Raises FAULT_INTERNAL "view.template" when there is none of this name. */
void template_write(Buf *out, const char *name, const char *lang, int64_t now, Json globals, Json model);

/* What every template can ask for, whatever its model is: lang, csrf_token, me, page, typed, errors, wrong.
 */
Json view_globals(Request *rq);
/* Wraps a page's HTML: layout `name`, or the one that fits the actor when NULL. */
void layout_write(Buf *out, Request *rq, Reply *reply, const char *name, Json globals, Json model,
                  Buf *content);

/* rq->errors in the language of the request: [{path, rule, message, id}], `id` is that of the field on the
 * page. */
Json translated_errors(Request *rq);
/* Turns a PROBLEM reply into bytes. */
void problem_write(Request *rq, Reply *reply);
void html_reply(Reply *reply, Buf *html);
void json_bytes(Reply *reply, const char *type, Json model);

#endif
