/* The official forms of a dossier as PDF (Circular 03/2025/TT-VPCP, annex I). */
#ifndef SEN_PROCEDURES_RECEIPTS_H
#define SEN_PROCEDURES_RECEIPTS_H

#include "solutions/procedures/dossier.h"

Handler dossier_form; /* GET /dossiers/{id}/forms/{form}: 01.pdf, 02.pdf */

#endif
