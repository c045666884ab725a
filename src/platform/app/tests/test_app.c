/* Configuration: which value wins, and what a mistake is called. */
#include "platform/app/config.h"
#include "platform/app/start.h"
#include "base/arena.h"
#include "base/fault.h"
#include "base/test.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *config_file(const char *text)
{
    char *path = text_copy("/tmp/sen-config-XXXXXX");
    int fd = mkstemp(path);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    return path;
}

TEST(flags_win_over_environment_over_file_over_default)
{
    char error[300];
    const char **rest, *file = config_file("# a comment\n\nlisten = 0.0.0.0:1\nworkers = 3\nnode = 7\n");
    char *argv[] = { "--config", (char *)file, "--listen", "127.0.0.1:9", "--demo", "extra" };
    setenv("SEN_LISTEN", "127.0.0.1:5", 1);
    setenv("SEN_WORKERS", "5", 1);
    Config *config = config_read(6, argv, &rest, error, sizeof error);
    unsetenv("SEN_LISTEN");
    unsetenv("SEN_WORKERS");
    unlink(file);
    CHECK(config != NULL);
    CHECK_TEXT(config_text(config, "listen"), "127.0.0.1:9");
    CHECK_INT(config_int(config, "workers"), 5);
    CHECK_INT(config_int(config, "node"), 7);
    CHECK_INT(config_int(config, "max-upload-mb"), 50);
    CHECK(config_bool(config, "demo"));
    CHECK_TEXT(rest[0], "extra");
    CHECK(rest[1] == NULL);
}

static void refused(const char *text, const char *wanted)
{
    char error[300];
    const char **rest, *file = config_file(text);
    char *argv[] = { "--config", (char *)file };
    CHECK(config_read(2, argv, &rest, error, sizeof error) == NULL);
    unlink(file);
    if (!strstr(error, wanted))
        CHECK_TEXT(error, wanted);
}

TEST(a_mistake_in_the_file_is_named_with_its_line)
{
    refused("listen = x\nworkers = many\n",
            ":2: workers must be a whole number from 0 to 1024, not \"many\"");
    refused("\n\nlisen = x\n", ":3: there is no setting \"lisen\"");
    refused("listen\n", ":1: expected \"name = value\"");
    refused("demo = yes\n", ":1: demo must be true or false");
}

TEST(the_template_names_every_setting_and_is_itself_readable)
{
    char error[300];
    const char **rest, *file = config_file(config_template());
    char *argv[] = { "--config", (char *)file };
    CHECK(config_read(2, argv, &rest, error, sizeof error) != NULL);
    unlink(file);
    CHECK(strstr(config_template(), "#listen = 127.0.0.1:8080") != NULL);
}

TEST(a_path_pattern_is_filled_from_values)
{
    Json values = json_set_str(json_set_str(json_new(), "id", "12"), "rest", "a/b");
    CHECK_TEXT(path_filled("/dossiers/{id}/files/{rest*}", values), "/dossiers/12/files/a/b");
    CHECK_TEXT(path_filled("/plain", values), "/plain");
}

int main(void)
{
    return run_tests((Test[]){ TEST_CASE(flags_win_over_environment_over_file_over_default),
                               TEST_CASE(a_mistake_in_the_file_is_named_with_its_line),
                               TEST_CASE(the_template_names_every_setting_and_is_itself_readable),
                               TEST_CASE(a_path_pattern_is_filled_from_values),
                               { 0 } });
}
