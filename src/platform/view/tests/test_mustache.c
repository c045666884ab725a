/* The engine against the examples of the Mustache specification (github.com/mustache/spec), and what we added
 * to it. */
#include "base/test.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/map.h"
#include "base/text.h"
#include "platform/view/inside.h"

#include <string.h>

static Map partials;

static const Template *find(const char *name, void *map)
{
    return map_get(map, name);
}

static void partial(const char *name, const char *source)
{
    map_put(&partials, name, template_compile(name, fmt("%s.html", name), source, strlen(source)));
}

static const char *render_to(const char *source, const char *json, long max_steps)
{
    Template *t = template_compile("test", "test.html", source, strlen(source));
    for (size_t i = 0; i < partials.count; i++)
        template_link(partials.entries[i].value, find, &partials);
    template_link(t, find, &partials);
    Buf out = { 0 };
    Rendering rendering = { .lang = "vi", .now = 1, .max_steps = max_steps };
    template_render(t, &rendering, json_parse_own(json, strlen(json), "model"), &out);
    partials = (Map){ 0 };
    return buf_end(&out);
}

static const char *render(const char *source, const char *json)
{
    return render_to(source, json, 0);
}

typedef struct Example {
    const char *source, *model, *wanted;
} Example;

static void check_all(const Example *examples)
{
    for (const Example *e = examples; e->source; e++)
        test_text(render(e->source, e->model), e->wanted, e->source, __FILE__, __LINE__);
}

TEST(variables_are_filled_and_escaped)
{
    check_all(
        (Example[]){ { "Hello, {{subject}}!\n", "{\"subject\":\"world\"}", "Hello, world!\n" },
                     { "{{forbidden}}", "{\"forbidden\":\"& \\\" < > '\"}", "&amp; &quot; &lt; &gt; &#39;" },
                     { "{{{forbidden}}}", "{\"forbidden\":\"& \\\" < >\"}", "& \" < >" },
                     { "{{&forbidden}}", "{\"forbidden\":\"& \\\" < >\"}", "& \" < >" },
                     { "{{& forbidden }}{{{ forbidden }}}", "{\"forbidden\":\"<\"}", "<<" },
                     { "{{mph}} miles", "{\"mph\":85}", "85 miles" },
                     { "{{power}} jiggawatts", "{\"power\":1.21}", "1.21 jiggawatts" },
                     { "I ({{cannot}}) be seen!", "{\"cannot\":null}", "I () be seen!" },
                     { "I ({{cannot}}) be seen!", "{}", "I () be seen!" },
                     { "| {{string}} |", "{\"string\":\"---\"}", "| --- |" },
                     { "  {{string}}\n", "{\"string\":\"---\"}", "  ---\n" },
                     { "|{{ string }}|", "{\"string\":\"---\"}", "|---|" },
                     { "{{n}}", "{\"n\":-9223372036854775808}", "-9223372036854775808" },
                     { "{{n}}", "{\"n\":0.1}", "0.1" },
                     { 0 } });
}

TEST(dotted_names_are_walked_and_never_fall_back)
{
    check_all((Example[]){
        { "{{person.name}} == {{#person}}{{name}}{{/person}}", "{\"person\":{\"name\":\"Joe\"}}",
          "Joe == Joe" },
        { "{{a.b.c.d.e.name}}", "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"name\":\"Phil\"}}}}}}", "Phil" },
        { "\"{{a.b.c}}\" == \"\"", "{\"a\":{}}", "\"\" == \"\"" },
        { "\"{{a.b.c.name}}\" == \"\"", "{\"a\":{\"b\":{}},\"c\":{\"name\":\"Jim\"}}", "\"\" == \"\"" },
        { "{{#a}}{{b.c}}{{/a}}", "{\"a\":{\"b\":{}},\"b\":{\"c\":\"ERROR\"}}", "" },
        { "{{#a.b.c}}Here{{/a.b.c}}", "{\"a\":{\"b\":{\"c\":true}}}", "Here" },
        { "{{^a.b.c}}Not Here{{/a.b.c}}", "{\"a\":{\"b\":{\"c\":true}}}", "" },
        { 0 } });
}

TEST(sections_repeat_push_and_vanish)
{
    check_all((Example[]){
        { "{{#boolean}}This should be rendered.{{/boolean}}", "{\"boolean\":true}",
          "This should be rendered." },
        { "{{#boolean}}ERROR{{/boolean}}", "{\"boolean\":false}", "" },
        { "{{#null}}ERROR{{/null}}{{#missing}}ERROR{{/missing}}", "{\"null\":null}", "" },
        { "{{#context}}Hi {{name}}.{{/context}}", "{\"context\":{\"name\":\"Joe\"}}", "Hi Joe." },
        { "{{#sec}}{{a}}, {{b}}, {{c.d}}{{/sec}}",
          "{\"a\":\"foo\",\"b\":\"wrong\",\"sec\":{\"b\":\"bar\"},\"c\":{\"d\":\"baz\"}}", "foo, bar, baz" },
        { "{{#foo}}{{.}} is {{foo}}{{/foo}}", "{\"foo\":\"bar\"}", "bar is bar" },
        { "{{#list}}{{item}}{{/list}}", "{\"list\":[{\"item\":1},{\"item\":2},{\"item\":3}]}", "123" },
        { "{{#list}}Yay lists!{{/list}}", "{\"list\":[]}", "" },
        { "{{#zero}}ERROR{{/zero}}{{#empty}}ERROR{{/empty}}{{#object}}ERROR{{/object}}",
          "{\"zero\":0,\"empty\":\"\",\"object\":{}}", "" },
        { "{{#bool}}\n* first\n{{/bool}}\n* {{two}}\n{{#bool}}\n* third\n{{/bool}}\n",
          "{\"bool\":true,\"two\":\"second\"}", "* first\n* second\n* third\n" },
        { "| A {{#bool}}B {{#bool}}C{{/bool}} D{{/bool}} E |", "{\"bool\":true}", "| A B C D E |" },
        { "{{#tops}}{{#middles}}{{tname.lower}}{{mname}}.{{#bottoms}}{{tname.upper}}{{mname}}{{bname}}.{{/"
          "bottoms}}{{/middles}}{{/tops}}",
          "{\"tops\":[{\"tname\":{\"upper\":\"A\",\"lower\":\"a\"},\"middles\":[{\"mname\":\"1\",\"bottoms\":"
          "[{\"bname\":\"x\"},{\"bname\":\"y\"}]}]}]}",
          "a1.A1x.A1y." },
        { 0 } });
}

TEST(implicit_iterators_stand_for_the_item)
{
    check_all((Example[]){
        { "{{#list}}({{.}}){{/list}}", "{\"list\":[\"a\",\"b\",\"c\"]}", "(a)(b)(c)" },
        { "{{#list}}({{.}}){{/list}}", "{\"list\":[1,2,3]}", "(1)(2)(3)" },
        { "{{#list}}({{.}}){{/list}}", "{\"list\":[1.1,2.2]}", "(1.1)(2.2)" },
        { "{{#list}}({{#.}}{{.}}{{/.}}){{/list}}", "{\"list\":[[1,2,3],[\"a\",\"b\"]]}", "(123)(ab)" },
        { "{{#list}}({{{.}}}{{.}}){{/list}}", "{\"list\":[\"&\"]}", "(&&amp;)" },
        { "{{#.}}({{value}}){{/.}}", "{\"value\":\"x\"}", "(x)" },
        { "{{#l.length}}{{l.length}}: {{#l}}{{.}}{{/l}}{{/l.length}}{{#e.length}}ERROR{{/e.length}}",
          "{\"l\":[7,8],\"e\":[]}", "2: 78" },
        { 0 } });
}

TEST(inverted_sections_stand_for_what_is_not_there)
{
    check_all((Example[]){
        { "{{^boolean}}This should be rendered.{{/boolean}}", "{\"boolean\":false}",
          "This should be rendered." },
        { "{{^boolean}}ERROR{{/boolean}}{{^context}}ERROR{{/context}}{{^list}}ERROR{{/list}}",
          "{\"boolean\":true,\"context\":{\"name\":\"Joe\"},\"list\":[{\"n\":1}]}", "" },
        { "{{^list}}Empty.{{/list}}{{^null}}Null.{{/null}}{{^missing}}Missing.{{/missing}}{{^zero}}Zero.{{/"
          "zero}}",
          "{\"list\":[],\"null\":null,\"zero\":0}", "Empty.Null.Missing.Zero." },
        { "| A {{^bool}}B {{^bool}}C{{/bool}} D{{/bool}} E |", "{\"bool\":false}", "| A B C D E |" },
        { 0 } });
}

TEST(tags_alone_on_a_line_take_the_line_with_them)
{
    check_all((Example[]){ { "| This Is\n{{#boolean}}\n|\n{{/boolean}}\n| A Line\n", "{\"boolean\":true}",
                             "| This Is\n|\n| A Line\n" },
                           { "| This Is\n  {{#boolean}}\n|\n  {{/boolean}}\n| A Line\n", "{\"boolean\":true}",
                             "| This Is\n|\n| A Line\n" },
                           { "|\r\n{{#boolean}}\r\n{{/boolean}}\r\n|", "{\"boolean\":true}", "|\r\n|" },
                           { "  {{#boolean}}\n#{{/boolean}}\n/", "{\"boolean\":true}", "#\n/" },
                           { "#{{#boolean}}\n/\n  {{/boolean}}", "{\"boolean\":true}", "#\n/\n" },
                           { " | {{#boolean}}\t|\t{{/boolean}} | \n", "{\"boolean\":true}", " | \t|\t | \n" },
                           { " {{#boolean}}YES{{/boolean}}\n {{#boolean}}GOOD{{/boolean}}\n",
                             "{\"boolean\":true}", " YES\n GOOD\n" },
                           { "  {{string}}  \n", "{\"string\":\"-\"}", "  -  \n" },
                           { 0 } });
}

TEST(comments_leave_nothing)
{
    check_all((Example[]){ { "12345{{! Comment Block! }}67890", "{}", "1234567890" },
                           { "12345{{!\n  multi-line\n  comment...\n}}67890\n", "{}", "1234567890\n" },
                           { "Begin.\n{{! Comment Block! }}\nEnd.\n", "{}", "Begin.\nEnd.\n" },
                           { "  {{! I'm Still Standalone }}\n!", "{}", "!" },
                           { "!\n  {{! I'm Still Standalone }}", "{}", "!\n" },
                           { "  12 {{! 34 }}\n", "{}", "  12 \n" },
                           { 0 } });
}

TEST(delimiters_can_be_set)
{
    check_all((Example[]){ { "{{=<% %>=}}(<%text%>)", "{\"text\":\"Hey!\"}", "(Hey!)" },
                           { "({{=[ ]=}}[text])", "{\"text\":\"It worked!\"}", "(It worked!)" },
                           { "[\n{{#section}}\n  {{data}}\n  |data|\n{{/section}}\n\n{{= | | "
                             "=}}\n|#section|\n  {{data}}\n  |data|\n|/section|\n]\n",
                             "{\"section\":true,\"data\":\"I got interpolated.\"}",
                             "[\n  I got interpolated.\n  |data|\n\n  {{data}}\n  I got interpolated.\n]\n" },
                           { "Begin.\n{{=@ @=}}\nEnd.\n", "{}", "Begin.\nEnd.\n" },
                           { 0 } });
}

TEST(partials_see_the_context_of_their_place)
{
    partial("text", "*{{text}}*");
    CHECK_TEXT(render("\"{{> text}}\"", "{\"text\":\"content\"}"), "\"*content*\"");
    partial("node", "{{content}}<{{#nodes}}{{>node}}{{/nodes}}>");
    CHECK_TEXT(render("{{>node}}", "{\"content\":\"X\",\"nodes\":[{\"content\":\"Y\",\"nodes\":[]}]}"),
               "X<Y<>>");
    partial("inc", "|\n");
    CHECK_TEXT(render("a\n  {{> inc }}  \nb", "{}"), "a\n|\nb");
}

TEST(partials_take_arguments)
{
    partial("chip", "<b class=\"{{.colour}}\">{{.text}}{{#.big}}!{{/.big}}{{.n}}</b>");
    CHECK_TEXT(render("{{#rows}}{{> chip text=state colour=\"green\" big=true n=-3}}{{/rows}}",
                      "{\"rows\":[{\"state\":\"<ok>\"},{\"state\":\"no\"}]}"),
               "<b class=\"green\">&lt;ok&gt;!-3</b><b class=\"green\">no!-3</b>");
    partial("chip", "[{{.text}}]");
    CHECK_TEXT(render("{{> chip\n  text=\"two words > {{x\"\n}}", "{}"), "[two words &gt; {{x]");
    partial("chip", "{{#.on}}on{{/.on}}{{^.off}}off{{/.off}}");
    CHECK_TEXT(render("{{> chip on=a.b off=missing}}", "{\"a\":{\"b\":1}}"), "onoff");
    partial("in", "[{{.value}}]");
    CHECK_TEXT(render("{{> in value=typed.n|row.n}}{{> in value=none|row.n}}",
                      "{\"typed\":{\"n\":\"\"},\"row\":{\"n\":5}}"),
               "[][5]");
}

TEST(a_name_with_a_leading_dot_is_not_looked_for_further_out)
{
    check_all((Example[]){ { "{{#item}}{{title}}{{.title}}{{^.title}}none{{/.title}}{{/item}}",
                             "{\"title\":\"page\",\"item\":{\"a\":1}}", "pagenone" },
                           { "{{#item}}{{#yes}}{{.name}}{{/yes}}{{/item}}",
                             "{\"name\":\"out\",\"item\":{\"yes\":true,\"name\":\"in\"}}", "in" },
                           { 0 } });
}

TEST(values_are_shown_through_filters)
{
    check_all((Example[]){
        { "{{money:fee}}", "{\"fee\":20000}", "20.000 đ" },
        { "{{number:n}} {{number:m}}", "{\"n\":1234.5,\"m\":1234567}", "1.234,5 1.234.567" },
        { "{{percent:r}}", "{\"r\":0.965}", "96,5 %" },
        { "{{date:at}} {{time:at}} {{datetime:at}}", "{\"at\":1795249800000}",
          "21/11/2026 15:30 15:30 21/11/2026" },
        { "{{iso:at}} {{day:at}}", "{\"at\":\"1795249800000\"}", "2026-11-21T15:30:00+07:00 2026-11-21" },
        { "{{date:d}}{{date:none}}{{date:zero}}", "{\"d\":\"2026-11-21\",\"zero\":0}", "21/11/2026" },
        { "{{date:typed}}", "{\"typed\":\"31/02/<x>\"}", "31/02/&lt;x&gt;" },
        { "[{{date:far}}{{ago:far}}{{date:farther}}]", "{\"far\":1.8e21,\"farther\":\"9223372036854775807\"}",
          "[9223372036854775807]" },
        { "{{money:much}}", "{\"much\":1e300}", "9.223.372.036.854.775.807 đ" },
        { "{{mask:pid}}", "{\"pid\":\"087199012345\"}", "087******345" },
        { "{{bytes:a}} {{bytes:b}}", "{\"a\":1536,\"b\":12}", "1,5 KB 12 B" },
        { "{{#list}}{{money:.}};{{/list}}", "{\"list\":[1000,-2500]}", "1.000 đ;-2.500 đ;" },
        { "<script type=\"application/json\">{{json:m}}</script>", "{\"m\":{\"a\":\"</script><!--\"}}",
          "<script type=\"application/json\">{\"a\":\"\\u003c/script\\u003e\\u003c!--\"}</script>" },
        { "<i data-m=\"{{m}}\">", "{\"m\":{\"a\":[1]}}", "<i data-m=\"{&quot;a&quot;:[1]}\">" },
        { "{{csrf}}", "{\"csrf_token\":\"a\\\"b\"}",
          "<input type=\"hidden\" name=\"_csrf\" value=\"a&quot;b\">" },
        { "{{csrf}}", "{}", "" },
        { "{{id:p}}", "{\"p\":\"items[2].name\"}", "f-items-2-name" },
        { 0 } });
}

/* What compiling says of a wrong template. */
static const char *complaint(const char *source)
{
    Guard guard;
    guard_enter(&guard);
    if (setjmp(guard.at) == 0) {
        Template *t = template_compile("bad", "web/views/bad.html", source, strlen(source));
        template_link(t, find, &partials);
        guard_leave(&guard);
        return "none";
    }
    CHECK_TEXT(guard.fault.code, "view.template");
    return text_copy(guard.fault.message);
}

TEST(wrong_templates_are_refused_with_file_and_line)
{
    CHECK_TEXT(complaint("a\nb {{#x}} c\n{{/y}}"),
               "web/views/bad.html:3: section \"x\" of line 2 is closed as \"y\"");
    CHECK_TEXT(complaint("{{/y}}"), "web/views/bad.html:1: section \"y\" ends without having begun");
    CHECK_TEXT(complaint("\n\n{{#open}}"), "web/views/bad.html:3: this section has no end");
    CHECK_TEXT(complaint("a {{name"), "web/views/bad.html:1: a tag is not closed");
    CHECK_TEXT(complaint("\n{{dat:x}}"), "web/views/bad.html:2: unknown filter \"dat\"");
    CHECK_TEXT(complaint("{{a..b}}"), "web/views/bad.html:1: \"a..b\" is no name");
    CHECK_TEXT(complaint("{{}}"), "web/views/bad.html:1: \"\" is no name");
    CHECK_TEXT(complaint("{{> c/missing}}"), "web/views/bad.html:1: there is no partial \"c/missing\"");
    CHECK_TEXT(complaint("{{> c/x a=}}"), "web/views/bad.html:1: \"\" is no name");
    CHECK_TEXT(complaint("{{> c/x a}}"),
               "web/views/bad.html:1: a partial's arguments are written name=value");
    CHECK_TEXT(complaint("\n{{! {{x}} }}"),
               "web/views/bad.html:2: a comment cannot hold a tag: it would end with it");
    CHECK_TEXT(complaint("{{=x=}}"), "web/views/bad.html:1: delimiters are set as {{=<% %>=}}");
}

TEST(a_partial_that_includes_itself_without_end_is_stopped)
{
    partial("loop", "x{{> loop}}");
    CHECK_FAULT(FAULT_LIMIT, render("{{> loop}}", "{}"));
    partial("twice", "{{> twice}}{{> twice}}");
    CHECK_FAULT(FAULT_LIMIT, render("{{> twice}}", "{}"));
    CHECK_FAULT(FAULT_LIMIT, render_to("{{#l}}x{{/l}}", "{\"l\":[1,2,3,4,5,6,7,8,9]}", 5));
}

TEST(the_layout_of_a_page_is_named_in_a_comment)
{
    const char *source = "{{! layout: wall }}\n<h1>x</h1>";
    CHECK_TEXT(template_compile("a", "a.html", source, strlen(source))->layout, "wall");
    CHECK(!template_compile("a", "a.html", "x", 1)->layout);
}

int main(void)
{
    return run_tests((Test[]){ TEST_CASE(variables_are_filled_and_escaped),
                               TEST_CASE(dotted_names_are_walked_and_never_fall_back),
                               TEST_CASE(sections_repeat_push_and_vanish),
                               TEST_CASE(implicit_iterators_stand_for_the_item),
                               TEST_CASE(inverted_sections_stand_for_what_is_not_there),
                               TEST_CASE(tags_alone_on_a_line_take_the_line_with_them),
                               TEST_CASE(comments_leave_nothing),
                               TEST_CASE(delimiters_can_be_set),
                               TEST_CASE(partials_see_the_context_of_their_place),
                               TEST_CASE(partials_take_arguments),
                               TEST_CASE(a_name_with_a_leading_dot_is_not_looked_for_further_out),
                               TEST_CASE(values_are_shown_through_filters),
                               TEST_CASE(wrong_templates_are_refused_with_file_and_line),
                               TEST_CASE(a_partial_that_includes_itself_without_end_is_stopped),
                               TEST_CASE(the_layout_of_a_page_is_named_in_a_comment),
                               { 0 } });
}
