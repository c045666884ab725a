/* The reader and its rules (spec 23 §8.1): each file of tests/refused/ breaks exactly the rule it is named
 * after; shipped processes break none. */
#include "bench.h"
#include "platform/app/app.h"
#include "platform/workflow/diagram.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_bpmn(const struct dirent *entry)
{
    return text_ends(entry->d_name, ".bpmn");
}

static const char *refused_folder(void)
{
    char folder[3000];
    if (!getcwd(folder, sizeof folder))
        raise_fault(FAULT_INTERNAL, "test.file", "no working folder");
    for (char *slash = folder + strlen(folder); slash; slash = strrchr(folder, '/')) {
        *slash = '\0';
        const char *path = fmt("%s/src/platform/workflow/tests/refused", folder);
        if (access(path, R_OK) == 0)
            return path;
    }
    raise_fault(FAULT_INTERNAL, "test.file", "tests/refused is not there");
}

/* The rules that are broken, each once, joined by a space. */
static const char *rules_of(Json problems)
{
    const char *list = "";
    json_each (problems, i, problem) {
        const char *rule = json_str(problem, "rule");
        if (!strstr(list, rule))
            list = *list ? fmt("%s %s", list, rule) : rule;
    }
    return list;
}

/* The names of the files, in the arena. */
static Vec refused_files(void)
{
    struct dirent **names;
    Vec list = { 0 };
    int count = scandir(refused_folder(), &names, is_bpmn, alphasort);
    for (int i = 0; i < count; i++) {
        vec_add(&list, text_copy(names[i]->d_name));
        free(names[i]);
    }
    free(names);
    return list;
}

TEST(each_refused_file_breaks_the_rule_it_is_named_after)
{
    Vec files = refused_files();
    CHECK(files.count >= 34);
    for (size_t i = 0; i < files.count; i++) {
        const char *name = files.items[i], *wanted = text_copy_n(name, strcspn(name, "-."));
        const char *xml = bench_file(fmt("src/platform/workflow/tests/refused/%s", name));
        const char *broken = rules_of(wf_check(xml, strlen(xml)));
        if (!text_is(broken, wanted))
            raise_fault(FAULT_INTERNAL, "test", "%s: broke %s", name, broken);
    }
}

TEST(a_large_file_is_refused)
{
    size_t size = 5 * 1024 * 1024 + 1;
    char *xml = alloc(size + 1);
    memset(xml, ' ', size);
    CHECK_TEXT(rules_of(wf_check(xml, size)), "XML_MALFORMED");
}

TEST(a_mistake_in_an_expression_is_named_with_its_place)
{
    const char *xml = bench_file("src/platform/workflow/tests/refused/FEEL_SYNTAX.bpmn");
    Json problem = json_array_get(wf_check(xml, strlen(xml)), 0);
    CHECK_TEXT(json_str(problem, "element"), "c");
    CHECK_TEXT(json_str(problem, "detail"), "line 1, column 4: expected an expression");
    CHECK_TEXT(json_str(problem, "message"), "workflow.rule.feel-syntax");
}

TEST(every_shipped_process_can_be_deployed)
{
    int count = 0;
    for (const char **name = asset_names("src/", ".bpmn"); *name; name++, count++) {
        size_t size;
        const char *xml = asset_text(*name, &size);
        Json problems = wf_check(xml, size);
        if (bpmn_has_errors(problems))
            raise_fault(FAULT_INTERNAL, "test", "%s: %s", *name, json_text(problems));
        Model *model = bpmn_read(xml, size, json_list());
        char *svg = diagram_svg(model, "x", json_set_int(json_new(), "examine", 3), NULL);
        CHECK(svg && text_starts(svg, "<svg") && text_ends(svg, "</svg>"));
    }
    CHECK(count >= 3); /* the three one-stop shapes of spec 23 §10 */
}

TEST(text_in_a_drawing_cannot_break_out)
{
    const char *xml = BPMN("<startEvent id='s' name='&lt;script>alert(1)&lt;/script>'/>");
    Model *model = bpmn_read(xml, strlen(xml), json_list());
    Shape *shape = alloc(sizeof *shape);
    *shape = (Shape){ .element_id = "s", .name = "", .width = 36, .height = 36 };
    vec_add(&model->shapes, shape);
    CHECK(!strstr(diagram_svg(model, "<b>", NULL, NULL), "<script") &&
          !strstr(diagram_svg(model, "<b>", NULL, NULL), "<b>"));
}

int main(void)
{
    return run_tests((Test[]){ TEST_CASE(each_refused_file_breaks_the_rule_it_is_named_after),
                               TEST_CASE(a_large_file_is_refused),
                               TEST_CASE(a_mistake_in_an_expression_is_named_with_its_place),
                               TEST_CASE(every_shipped_process_can_be_deployed),
                               TEST_CASE(text_in_a_drawing_cannot_break_out),
                               { 0 } });
}
