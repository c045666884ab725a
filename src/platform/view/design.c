/* The page of components: each of web/views/c/ once, with content as it is in life, in both languages. Who
 * writes a page looks here first, and the browser tests look here for how a component is drawn. Also the
 * switch of languages. */
#include "platform/view/view.h"
#include "platform/app/app.h"
#include "platform/identity/csv.h"
#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* The province's communes as places of a map, from the reference data. */
static Json communes(void)
{
    Json places = json_list(), units = csv_asset("data/admin-units.csv");
    json_each (units, i, unit) {
        const char *type = json_str(unit, "type");
        if (!text_is(json_str(unit, "level"), "2"))
            continue;
        Json place = json_set_str(json_new(), "name", fmt("%s %s", type, json_str(unit, "name")));
        json_set_num(place, "lat", strtod(json_str(unit, "lat"), NULL));
        json_set_num(place, "lon", strtod(json_str(unit, "lon"), NULL));
        json_set_str(place, "colour", text_is(type, "Phường") ? "blue" : "green");
        json_add(places, place);
    }
    return places;
}

/* Members named "minutes_ago" become moments: "at" for a past one, "due" for one to come. */
static void set_moments(Json value, int64_t now)
{
    const char *name;
    Json member;
    json_each (value, i, item)
        set_moments(item, now);
    json_object_foreach (value, name, member)
        set_moments(member, now);
    if (json_has(value, "minutes_ago"))
        json_set_int(value, "at", now - json_int(value, "minutes_ago") * MINUTE_MS);
    if (json_has(value, "due_in_minutes"))
        json_set_int(value, "due", now + json_int(value, "due_in_minutes") * MINUTE_MS);
}

static Reply show_design(Request *rq)
{
    size_t size;
    const char *file = fmt("src/platform/view/data/design-%s.json", rq->lang),
               *text = asset_text(file, &size);
    if (!text)
        text = asset_text(file = "src/platform/view/data/design-vi.json", &size);
    Json model = json_parse_own(text, size, file);
    json_set(json_at(model, "map"), "places", communes());
    set_moments(model, rq->now);
    return page(rq, "view/design", model);
}

/* Only back into this site: "/path", never "//host" or "/\host". */
static const char *safe_back(const char *back)
{
    bool inside = *back == '/' && back[1] != '/' && back[1] != '\\' && !strpbrk(back, "\r\n");
    return inside ? back : "/";
}

static Reply choose_language(Request *rq)
{
    Reply reply = redirect_to(safe_back(query_str(rq, "back")));
    const char *lang = path_str(rq, "lang");
    if (text_is(lang, "vi") || text_known(lang, "view.language"))
        reply_cookie(&reply, rq, "lang", lang, 365 * 24 * 3600, false);
    return reply;
}

static const Param back_params[] = { { .name = "back", .type = PARAM_TEXT, .max = 2000 }, { 0 } };

static const Route routes[] = {
    { GET, "/design", show_design, "public", "Every component of pages, once" },
    { GET, "/language/{lang}", choose_language, "public", "Chooses the language of pages and goes back",
      .params = back_params },
    { 0 },
};

const Solution view_solution = { .name = "view", .routes = routes };
