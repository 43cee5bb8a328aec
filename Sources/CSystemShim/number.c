#include "xsys.h"

#include <stdio.h>
#include <stdlib.h>

double xsys_tidy(double value) {
    char text[32];
    snprintf(text, sizeof text, "%.15g", value);
    return strtod(text, NULL);
}
