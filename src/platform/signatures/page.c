#include "platform/signatures/pages.h"
const Route signatures_routes[] = { { 0 } };
