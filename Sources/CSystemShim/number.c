#include "xsys.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

double xsys_tidy(double value) {
    char text[32];
    snprintf(text, sizeof text, "%.15g", value);
    double tidy = strtod(text, NULL);
    // Four units in the last place: more is another number.
    return fabs(tidy - value) <= fabs(value) * 0x1p-50 ? tidy : value;
}
