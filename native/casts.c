/* Columns of values made values of another type: numbers, truth values, texts, points in time. Nulls stay. */
#include "native.h"

#include <datetime.h>

#define EXACT_FLOAT (1LL << 53)

static PyObject *text_true, *text_false;

int casts_ready(void)
{
    PyDateTime_IMPORT;
    text_true = PyUnicode_InternFromString("true");
    text_false = PyUnicode_InternFromString("false");
    return PyDateTimeAPI == NULL || text_true == NULL || text_false == NULL ? -1 : 0;
}

/* What is made of one value: a new reference, or NULL where it is not for us. */
typedef PyObject *(*Change)(PyObject *value, void *about);

static PyObject *changed_column(PyObject *values, Change change, void *about)
{
    Py_ssize_t size = PyList_GET_SIZE(values);
    PyObject *made = PyList_New(size);
    for (Py_ssize_t at = 0; made != NULL && at < size; at++) {
        if (PyList_GET_SIZE(values) != size) {
            GIVE_UP(made);
        }
        PyObject *value = Py_NewRef(PyList_GET_ITEM(values, at));
        PyObject *changed = value == Py_None ? Py_NewRef(value) : change(value, about);
        Py_DECREF(value);
        if (changed == NULL) {
            GIVE_UP(made);
        }
        PyList_SET_ITEM(made, at, changed);
    }
    return made;
}

/* An exact int or bool of 64 bits. */
static bool whole(PyObject *value, int64_t *number)
{
    int overflow = 0;
    if (PyBool_Check(value)) {
        *number = value == Py_True;
        return true;
    }
    if (!PyLong_CheckExact(value)) {
        return false;
    }
    *number = PyLong_AsLongLongAndOverflow(value, &overflow);
    return overflow == 0;
}

/* An int of a derived class, without going through its constructor where the layout is known. */
static PyObject *whole_of(PyTypeObject *type, PyObject *plain)
{
#if PY_VERSION_HEX < 0x030C0000
    Py_ssize_t size = Py_SIZE(plain), digits = size < 0 ? -size : size;
    if (type->tp_new == PyLong_Type.tp_new && type->tp_init == PyLong_Type.tp_init) {
        PyLongObject *made = (PyLongObject *)type->tp_alloc(type, digits);
        if (made != NULL) {
            Py_SET_SIZE(made, size);
            memcpy(made->ob_digit, ((PyLongObject *)plain)->ob_digit, (size_t)digits * sizeof(digit));
        }
        return (PyObject *)made;
    }
#endif
    return PyObject_CallOneArg((PyObject *)type, plain);
}

typedef struct {
    int bits;
    PyTypeObject *type; /* NULL: plain */
} Target;

/* Small numbers come again and again: of each width there is one object for each, as Python has it for plain ones. */
#define SMALL 1024
#define WIDTHS 3 /* 8, 16 and 32 bits */
static PyObject *small[WIDTHS][SMALL];
static PyTypeObject *small_type[WIDTHS];

static PyObject **small_of(Target *target, int64_t number)
{
    int width = target->bits / 16;
    if (number < 0 || number >= SMALL || width >= WIDTHS) {
        return NULL;
    }
    if (small_type[width] == NULL) {
        small_type[width] = (PyTypeObject *)Py_NewRef(target->type);
    }
    return small_type[width] == target->type ? &small[width][number] : NULL;
}

static PyObject *to_whole(PyObject *value, void *about)
{
    Target *target = about;
    int64_t number;
    if (!whole(value, &number)) {
        return NULL;
    }
    int unused = 64 - target->bits;
    int64_t narrow = (int64_t)((uint64_t)number << unused) >> unused; /* as Java: the upper bits are lost */
    PyObject **known = target->type == NULL ? NULL : small_of(target, narrow);
    if (known != NULL && *known != NULL) {
        return Py_NewRef(*known);
    }
    PyObject *plain = narrow == number && PyLong_CheckExact(value) ? Py_NewRef(value) : PyLong_FromLongLong(narrow);
    if (plain == NULL || target->type == NULL) {
        return plain;
    }
    PyObject *made = whole_of(target->type, plain);
    Py_DECREF(plain);
    if (known != NULL) {
        *known = Py_XNewRef(made);
    }
    return made;
}

static PyObject *to_float(PyObject *value, void *about)
{
    Target *target = about;
    int64_t number;
    double wide;
    if (PyFloat_CheckExact(value)) {
        wide = PyFloat_AS_DOUBLE(value);
        if (target->bits == 64 && target->type == NULL) {
            return Py_NewRef(value);
        }
    } else if (whole(value, &number) && (target->bits == 64 || (number >= -EXACT_FLOAT && number <= EXACT_FLOAT))) {
        wide = (double)number;
    } else {
        return NULL; /* a larger one would be rounded twice */
    }
    double made = target->bits == 32 ? (double)(float)wide : wide;
    if (target->type == NULL) {
        return PyFloat_FromDouble(made);
    }
    if (target->type->tp_new != PyFloat_Type.tp_new || target->type->tp_init != PyFloat_Type.tp_init) {
        return NULL;
    }
    PyFloatObject *exact = (PyFloatObject *)target->type->tp_alloc(target->type, 0);
    if (exact != NULL) {
        exact->ob_fval = made;
    }
    return (PyObject *)exact;
}

static PyObject *cast_numbers(PyObject *const *args, Py_ssize_t count, Change change)
{
    if (count != 3 || !PyList_CheckExact(args[0]) || !(args[2] == Py_None || PyType_Check(args[2]))) {
        PyErr_SetString(PyExc_TypeError, "(values, bits, type or None)");
        return NULL;
    }
    Target target = {(int)PyLong_AsLong(args[1]), args[2] == Py_None ? NULL : (PyTypeObject *)args[2]};
    if (PyErr_Occurred()) {
        return NULL;
    }
    return changed_column(args[0], change, &target);
}

/* to_integers(values, bits, type): ints and bools of 64 bits, their upper bits cut off. */
static PyObject *to_integers(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    return cast_numbers(args, count, to_whole);
}

/* to_floats(values, bits, type): floats, ints and bools, rounded once. */
static PyObject *to_floats(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    return cast_numbers(args, count, to_float);
}

static PyObject *to_text(PyObject *value, void *Py_UNUSED(about))
{
    char text[40];
    size_t size = 0;
    int64_t number;
    if (PyBool_Check(value)) {
        return Py_NewRef(value == Py_True ? text_true : text_false);
    }
    if (PyUnicode_CheckExact(value)) {
        return Py_NewRef(value);
    }
    if (PyFloat_CheckExact(value)) {
        size = write_double(text, PyFloat_AS_DOUBLE(value), false);
    } else if (whole(value, &number)) {
        size = write_int64(text, number);
    }
    return size == 0 ? NULL : PyUnicode_FromStringAndSize(text, (Py_ssize_t)size);
}

/* to_texts(values): bools, ints of 64 bits, doubles of a few digits, and what is text already. */
static PyObject *to_texts(PyObject *Py_UNUSED(module), PyObject *values)
{
    if (!PyList_CheckExact(values)) {
        PyErr_SetString(PyExc_TypeError, "to_texts(values)");
        return NULL;
    }
    return changed_column(values, to_text, NULL);
}

#define DAY_MS 86400000LL
#define FIRST_DAY (-719162LL) /* 0001-01-01 */
#define LAST_DAY 2932896LL    /* 9999-12-31 */

typedef struct {
    int64_t day; /* the one that year, month and date are of: rows of a column are mostly of the same day */
    int year, month, date;
} Day;

/* The proleptic Gregorian calendar, in years that begin in March. */
static void find_day(Day *day, int64_t number)
{
    int64_t shifted = number + 719468; /* from 0000-03-01 on; never negative here */
    int64_t era = shifted / 146097, of_era = shifted % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    day->day = number;
    day->date = (int)(of_year - (153 * month + 2) / 5 + 1);
    day->month = (int)(month < 10 ? month + 3 : month - 9);
    day->year = (int)(year + era * 400 + (month >= 10));
}

static PyObject *to_moment(PyObject *value, void *about)
{
    Day *known = about;
    int64_t milliseconds;
    if (!PyLong_CheckExact(value) || !whole(value, &milliseconds)) {
        return NULL;
    }
    int64_t of_day = milliseconds % DAY_MS;
    of_day += of_day < 0 ? DAY_MS : 0;
    int64_t day = (milliseconds - of_day) / DAY_MS;
    if (day < FIRST_DAY || day > LAST_DAY) {
        return NULL;
    }
    if (day != known->day) {
        find_day(known, day);
    }
    int rest = (int)of_day;
    return PyDateTimeAPI->DateTime_FromDateAndTime(known->year, known->month, known->date, rest / 3600000,
                                                   rest / 60000 % 60, rest / 1000 % 60, rest % 1000 * 1000,
                                                   PyDateTimeAPI->TimeZone_UTC, PyDateTimeAPI->DateTimeType);
}

/* to_moments(values): milliseconds as datetimes in UTC, of the years that those have. */
static PyObject *to_moments(PyObject *Py_UNUSED(module), PyObject *values)
{
    if (!PyList_CheckExact(values)) {
        PyErr_SetString(PyExc_TypeError, "to_moments(values)");
        return NULL;
    }
    Day day = {.day = 0, .year = 1970, .month = 1, .date = 1};
    return changed_column(values, to_moment, &day);
}

#define FAST(function) (PyCFunction)(void (*)(void))function, METH_FASTCALL

PyMethodDef cast_methods[] = {
    {"to_integers", FAST(to_integers), "Numbers as integers of some bits."},
    {"to_floats", FAST(to_floats), "Numbers as floats of some bits."},
    {"to_texts", (PyCFunction)to_texts, METH_O, "Values as text."},
    {"to_moments", (PyCFunction)to_moments, METH_O, "Milliseconds as datetimes."},
    {NULL, NULL, 0, NULL},
};
