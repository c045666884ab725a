/* The route tables read aloud: OpenAPI 3.1 for programs, and the plain list of `sen routes --json`. */
#include "platform/app/start.h"
#include "platform/view/view.h"
#include "base/text.h"

#include <string.h>

static const char *const type_names[] = {
    [PARAM_TEXT] = "string", [PARAM_INT] = "integer", [PARAM_NUMBER] = "number", [PARAM_BOOL] = "boolean",
    [PARAM_DATE] = "string", [PARAM_ID] = "string",   [PARAM_CHOICE] = "string", [PARAM_JSON] = NULL,
    [PARAM_FILE] = "string", [PARAM_TEXTS] = "array",
};

static Json param_schema(const Param *p)
{
    Json schema = json_new();
    bool text = p->type == PARAM_TEXT;
    if (type_names[p->type])
        json_set_str(schema, "type", type_names[p->type]);
    if (p->type == PARAM_DATE)
        json_set_str(schema, "format", "date");
    if (p->type == PARAM_FILE)
        json_set_str(schema, "contentMediaType", "application/octet-stream");
    if (p->type == PARAM_ID)
        json_set_str(schema, "pattern", "^[0-9]{1,19}$");
    if (p->type == PARAM_TEXTS)
        json_set(schema, "items", json_set_str(json_new(), "type", "string"));
    if (p->min)
        json_set_int(schema, text ? "minLength" : "minimum", p->min);
    if (p->max)
        json_set_int(schema, text ? "maxLength" : "maximum", p->max);
    if (p->type == PARAM_CHOICE) {
        Json choices = json_list();
        for (char **c = text_split(p->choices, '|', NULL); *c; c++)
            json_add_str(choices, *c);
        json_set(schema, "enum", choices);
    }
    return schema;
}

static void add_parameter(Json list, const char *name, const char *in, bool required, Json schema)
{
    Json one = json_new();
    json_set_str(one, "name", name);
    json_set_str(one, "in", in);
    json_set_bool(one, "required", required);
    json_set(one, "schema", schema);
    json_add(list, one);
}

static void add_path_parameters(Json list, const char *path)
{
    for (const char *open = strchr(path, '{'); open; open = strchr(open + 1, '{')) {
        size_t size = strcspn(open + 1, "}*");
        add_parameter(list, text_copy_n(open + 1, size), "path", true,
                      json_set_str(json_new(), "type", "string"));
    }
}

static Json body_of(const Param *params)
{
    Json properties = json_new(), required = json_list(), schema = json_new(), content = json_new();
    bool files = false;
    for (const Param *p = params; p && p->name; p++) {
        json_set(properties, p->name, param_schema(p));
        if (p->required)
            json_add_str(required, p->name);
        files |= p->type == PARAM_FILE;
    }
    json_set_str(schema, "type", "object");
    json_set(schema, "properties", properties);
    if (json_array_size(required))
        json_set(schema, "required", required);
    Json media = json_set(json_new(), "schema", schema);
    if (files)
        json_set(content, "multipart/form-data", media);
    else
        json_set(json_set(content, "application/json", media), "application/x-www-form-urlencoded",
                 json_deep_copy(media));
    return json_set(json_new(), "content", content);
}

static Json operation(const Route *route)
{
    Json op = json_new(), parameters = json_list(), responses = json_new();
    json_set_str(op, "summary", route->summary);
    json_set_str(op, "x-permission", route->permission);
    add_path_parameters(parameters, route->path);
    if (route->method == GET)
        for (const Param *p = route->params; p && p->name; p++)
            add_parameter(parameters, p->name, "query", p->required, param_schema(p));
    else if (route->params)
        json_set(op, "requestBody", body_of(route->params));
    if (json_array_size(parameters))
        json_set(op, "parameters", parameters);
    json_set(responses, route->method == GET ? "200" : "2XX",
             json_set_str(json_new(), "description", "done"));
    Json problem = json_set_str(json_new(), "description", "a problem document (RFC 9457)");
    Json ref = json_set_str(json_new(), "$ref", "#/components/schemas/Problem");
    json_set(problem, "content",
             json_set(json_new(), "application/problem+json", json_set(json_new(), "schema", ref)));
    json_set(responses, "default", problem);
    json_set(op, "responses", responses);
    Json security = json_list();
    if (!text_is(route->permission, "public")) {
        json_add(security, json_set(json_new(), "session", json_list()));
        json_add(security, json_set(json_new(), "bearer", json_list()));
    }
    return json_set(op, "security", security);
}

static Json components(void)
{
    static const char text[] =
        "{\"schemas\":{\"Problem\":{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\"],"
        "\"properties\":{"
        "\"type\":{\"type\":\"string\",\"format\":\"uri\"},\"title\":{\"type\":\"string\"},\"status\":{"
        "\"type\":\"integer\"},"
        "\"detail\":{\"type\":\"string\"},\"instance\":{\"type\":\"string\"},\"errors\":{\"type\":\"array\","
        "\"items\":{"
        "\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"},\"rule\":{\"type\":\"string\"},"
        "\"message\":{\"type\":\"string\"}}}}}}},"
        "\"securitySchemes\":{\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"sen_session\"},"
        "\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"}}}";
    return json_parse_own(text, sizeof text - 1, "components");
}

/* OpenAPI writes {rest} where a route's tail is {rest*}. */
Json openapi_document(Server *server)
{
    const Route **routes;
    size_t count = server_routes(server, &routes);
    Json document = json_new(), info = json_new(), paths = json_new();
    json_set_str(info, "title", "Sen");
    json_set_str(info, "version", "0.1.0");
    json_set(info, "license",
             json_set_str(json_set_str(json_new(), "name", "EUPL-1.2"), "identifier", "EUPL-1.2"));
    for (size_t i = 0; i < count; i++) {
        const char *path = text_replace(routes[i]->path, "*}", "}");
        Json item = json_object_get(paths, path);
        if (!item) {
            item = json_new();
            json_set(paths, path, item);
        }
        json_set(item, text_lower(method_name(routes[i]->method)), operation(routes[i]));
    }
    json_set_str(document, "openapi", "3.1.0");
    json_set(document, "info", info);
    json_set(document, "paths", paths);
    return json_set(document, "components", components());
}

Json routes_document(const Solution *const *list)
{
    Json all = json_list();
    for (; *list; list++)
        for (const Route *route = (*list)->routes; route && route->path; route++) {
            Json one = json_new();
            json_set_str(one, "method", method_name(route->method));
            json_set_str(one, "path", route->path);
            json_set_str(one, "permission", route->permission);
            json_set_str(one, "summary", route->summary);
            json_set_str(one, "solution", (*list)->name);
            json_add(all, one);
        }
    return all;
}
