/* See stream.c. */
#ifndef SEN_PLATFORM_APP_STREAM_H
#define SEN_PLATFORM_APP_STREAM_H

#include "net/http.h"

Handler stream;
extern const Param stream_params[];

#endif
