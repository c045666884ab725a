/* A process drawn by the server from the diagram interchange of its file. */
#ifndef SEN_PLATFORM_DIAGRAM_H
#define SEN_PLATFORM_DIAGRAM_H

#include "platform/workflow/bpmn.h"

/* Inline SVG; NULL when the file holds no drawing (a table of the steps then has to do). `active` and
 * `passed`: {element id: how many}, may be NULL. `title` is read out in place of the picture. */
char *diagram_svg(const Model *model, const char *title, Json active, Json passed);

#endif
