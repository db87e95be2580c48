/* Text of numbers as Java writes it. */
#include "native.h"

#include <math.h>

static const char PAIRS[] = "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
                            "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

static size_t write_uint64(char *out, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    while (number >= 100) {
        at -= 2;
        memcpy(digits + at, PAIRS + 2 * (number % 100), 2);
        number /= 100;
    }
    if (number >= 10) {
        at -= 2;
        memcpy(digits + at, PAIRS + 2 * number, 2);
    } else {
        digits[--at] = (char)('0' + number);
    }
    memcpy(out, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

size_t write_int64(char *out, int64_t number)
{
    if (number < 0) {
        *out = '-';
        return 1 + write_uint64(out + 1, 0 - (uint64_t)number);
    }
    return write_uint64(out, (uint64_t)number);
}

static const double TENS[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};

#define MOST_PLACES 12
#define PLAIN_FROM 1e-3
#define PLAIN_BELOW 1e7
#define SURE_FROM 0.0625 /* below, Java 17 may go wrong at the sixteenth digit */
#define SURE_LENGTH 16

/* A number of at most fifteen digits is the only one of so many digits near its double: if dividing the digits by a
 * power of ten, which rounds correctly, gives the double back, they are what every algorithm finds. */
static size_t write_few_digits(char *out, double size)
{
    for (int places = 0; places <= MOST_PLACES; places++) {
        double scaled = size * TENS[places];
        if (scaled >= 1e15) {
            return 0;
        }
        uint64_t digits = (uint64_t)(scaled + 0.5), unit = (uint64_t)TENS[places];
        if ((double)digits / TENS[places] != size) {
            continue;
        }
        size_t length = write_uint64(out, digits / unit);
        out[length++] = '.';
        uint64_t rest = digits % unit;
        int shown = places == 0 ? 1 : places;
        for (int at = shown - 1; at >= 0; at--) {
            out[length + (size_t)at] = (char)('0' + rest % 10);
            rest /= 10;
        }
        return length + (size_t)shown;
    }
    return 0;
}

size_t write_double(char *out, double number, bool shortest)
{
    double size = fabs(number);
    size_t sign = signbit(number) ? 1 : 0;
    int exponent;
    out[0] = '-';
    if (size == 0.0) {
        memcpy(out + sign, "0.0", 3);
        return sign + 3;
    }
    if (!(size >= PLAIN_FROM && size < PLAIN_BELOW)) {
        return 0;
    }
    if (!shortest && frexp(size, &exponent) == 0.5) {
        return 0;
    }
    size_t length = write_few_digits(out + sign, size);
    if (length != 0) {
        return sign + length;
    }
    char *text = PyOS_double_to_string(size, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
    if (text == NULL) {
        return 0;
    }
    length = strlen(text);
    if (!shortest && size < SURE_FROM && length > SURE_LENGTH) {
        length = 0;
    }
    memcpy(out + sign, text, length);
    PyMem_Free(text);
    return length == 0 ? 0 : sign + length;
}
