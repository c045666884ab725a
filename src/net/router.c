/* Routes as a tree of path segments.
 *
 * A node has children by literal segment, one child for a parameter, and a tail ({rest*}) that takes all that
 * follows; each may carry one route per method. A path is walked down with backtracking, literals first, so
 * that /dossiers/new beats /dossiers/{id}. Names of parameters belong to the route, not to the node: /a/{id}
 * and /a/{code}/x share a node.
 *
 * Paths are split before they are decoded, so that %2F stays inside its segment. Empty segments (// or a
 * trailing slash) match nothing but a tail; if the path without them has a route, the client is sent there
 * (308). */
#include "net/inside.h"

#include <string.h>

enum { METHODS = 5 };

static const char *const method_names[METHODS] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

struct RouteNode {
    Map literals; /* of RouteNode */
    RouteNode *parameter, *tail;
    const Route *routes[METHODS];
};

const char *method_name(Method method)
{
    for (int i = 0; i < METHODS; i++)
        if (method == 1u << i)
            return method_names[i];
    return "?";
}

const char *allow_text(unsigned methods)
{
    Buf out = { 0 };
    for (int i = 0; i < METHODS; i++)
        if (methods & 1u << i)
            buf_fmt(&out, "%s%s%s", out.size ? ", " : "", method_names[i], i == 0 ? ", HEAD" : "");
    return buf_end(&out);
}

/* ---- Building ---- */

static RouteNode *child_for(RouteNode *node, const char *segment, const Route *route)
{
    size_t n = strlen(segment);
    bool open = segment[0] == '{';
    if (!n || open != (segment[n - 1] == '}') || (!open && strpbrk(segment, "{}*")))
        raise_fault(FAULT_INTERNAL, "http.route", "the path %s is malformed", route->path);
    RouteNode **place = NULL;
    if (open)
        place = segment[n - 2] == '*' ? &node->tail : &node->parameter;
    RouteNode *child = place ? *place : map_get(&node->literals, segment);
    if (child)
        return child;
    child = alloc(sizeof *child);
    if (place)
        *place = child;
    else
        map_put(&node->literals, segment, child);
    return child;
}

static void add_route(Router *router, const Route *route)
{
    if (route->path[0] != '/' || !route->handler || text_empty(route->permission))
        raise_fault(FAULT_INTERNAL, "http.route", "the route %s %s lacks a handler or a permission",
                    method_name(route->method), route->path);
    if (!router->root)
        router->root = alloc(sizeof *router->root);
    RouteNode *node = router->root;
    size_t count;
    char **segments = text_split(route->path + 1, '/', &count);
    for (size_t i = 0; i < count && route->path[1]; i++) {
        bool tail = text_ends(segments[i], "*}");
        if (tail && i + 1 < count)
            raise_fault(FAULT_INTERNAL, "http.route", "the tail in %s is not at its end", route->path);
        node = child_for(node, segments[i], route);
    }
    int index = 0;
    while (index < METHODS && route->method != 1u << index)
        index++;
    if (index == METHODS)
        raise_fault(FAULT_INTERNAL, "http.route", "the route %s has no method", route->path);
    if (node->routes[index])
        raise_fault(FAULT_INTERNAL, "http.route", "the route %s %s stands twice (%s)",
                    method_name(route->method), route->path, node->routes[index]->path);
    node->routes[index] = route;
    vec_add(&router->routes, (void *)route);
}

void router_add(Router *router, const Route *routes)
{
    Arena *before = arena_use(router->arena);
    for (const Route *route = routes; route->path; route++)
        add_route(router, route);
    arena_use(before);
}

/* ---- Finding ---- */

typedef struct Walk {
    char **segments; /* decoded */
    size_t count;
    unsigned method, seen; /* seen: methods of all nodes that match */
    const Route *route;
} Walk;

static bool take_route(Walk *walk, const RouteNode *node)
{
    for (int i = 0; i < METHODS; i++) {
        if (!node->routes[i])
            continue;
        walk->seen |= 1u << i;
        if (walk->method == 1u << i)
            walk->route = node->routes[i];
    }
    return walk->route;
}

static bool walk_down(Walk *walk, const RouteNode *node, size_t at)
{
    if (at == walk->count && take_route(walk, node))
        return true;
    const char *segment = at < walk->count ? walk->segments[at] : "";
    if (*segment) {
        const RouteNode *literal = map_get(&node->literals, segment);
        if (literal && walk_down(walk, literal, at + 1))
            return true;
        if (node->parameter && walk_down(walk, node->parameter, at + 1))
            return true;
    }
    return node->tail && take_route(walk, node->tail);
}

/* The values of {names}, in the order of the route's own segments. */
static Json path_values(const Route *route, char **segments, size_t count)
{
    Json values = json_new();
    const char *at = route->path + 1;
    for (size_t i = 0; *at; i++) {
        size_t n = strcspn(at, "/");
        if (at[0] == '{' && at[n - 2] == '*') {
            Buf rest = { 0 };
            for (size_t j = i; j < count; j++)
                buf_fmt(&rest, "%s%s", j > i ? "/" : "", segments[j]);
            json_set_str(values, text_copy_n(at + 1, n - 3), buf_end(&rest));
            break;
        }
        if (at[0] == '{')
            json_set_str(values, text_copy_n(at + 1, n - 2), segments[i]);
        at += n + (at[n] == '/');
    }
    return values;
}

static bool printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

/* Splits, then decodes. False: malformed. */
static bool split_path(const char *path, Walk *walk, bool *has_empty)
{
    if (path[0] != '/')
        return false;
    walk->segments = text_split(path + 1, '/', &walk->count);
    if (!path[1])
        walk->count = 0;
    if (walk->count > MAX_SEGMENTS)
        return false;
    for (size_t i = 0; i < walk->count; i++) {
        char *decoded = url_decode(walk->segments[i], strlen(walk->segments[i]), false);
        if (!decoded || !printable(decoded) || text_is(decoded, ".") || text_is(decoded, ".."))
            return false;
        walk->segments[i] = decoded;
        *has_empty |= !*decoded;
    }
    return true;
}

static const char *joined(char **segments, size_t count, bool encode)
{
    Buf out = { 0 };
    for (size_t i = 0; i < count; i++)
        buf_fmt(&out, "/%s", encode ? url_encode(segments[i]) : segments[i]);
    return out.size ? buf_end(&out) : "/";
}

static void drop_empty(Walk *walk)
{
    size_t kept = 0;
    for (size_t i = 0; i < walk->count; i++)
        if (*walk->segments[i])
            walk->segments[kept++] = walk->segments[i];
    walk->count = kept;
}

RouteResult router_find(const Router *router, unsigned method, const char *path, RouteMatch *match)
{
    static const RouteNode nothing;
    const RouteNode *root = router->root ? router->root : &nothing;
    Walk walk = { .method = method };
    bool has_empty = false;
    *match = (RouteMatch){ .path = "/" };
    if (!split_path(path, &walk, &has_empty))
        return ROUTE_MALFORMED;
    match->path = joined(walk.segments, walk.count, false);
    walk_down(&walk, root, 0);
    match->route = walk.route;
    match->allowed = walk.seen;
    if (walk.route) {
        match->values = path_values(walk.route, walk.segments, walk.count);
        return ROUTE_FOUND;
    }
    if (walk.seen)
        return ROUTE_OTHER_METHOD;
    if (!has_empty)
        return ROUTE_MISSING;
    drop_empty(&walk);
    match->moved = joined(walk.segments, walk.count, true);
    walk_down(&walk, root, 0);
    return walk.seen ? ROUTE_MOVED : ROUTE_MISSING;
}
