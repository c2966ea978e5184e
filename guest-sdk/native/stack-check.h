/* Included before every C file of QuickJS.
 *
 * The engine leaves its stack check out where __wasi__ is defined, so that deep recursion runs off the stack instead
 * of being a RangeError. The C library's headers need that macro, QuickJS's own code does not: read the headers
 * first, then take the macro away. See docs/decisions/0002-stack-check.md.
 */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#undef __wasi__
