/* Columns of Avro messages into columns of values. */
#include "avro.h"

#include <datetime.h>
#include <string.h>

#define DAY_MS 86400000LL
#define FIRST_DAY (-719162LL) /* 0001-01-01 */
#define LAST_DAY 2932896LL    /* 9999-12-31 */

typedef struct {
    const unsigned char *at;
    const unsigned char *end;
    bool strict;
} Cursor;

bool avro_read_ready(void)
{
    if (PyDateTimeAPI == NULL) {
        PyDateTime_IMPORT;
    }
    return PyDateTimeAPI != NULL;
}

static inline bool get_long(Cursor *cursor, int64_t *number)
{
    uint64_t bits = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        if (cursor->at == cursor->end) {
            return false;
        }
        unsigned char byte = *cursor->at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        bits |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *number = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
            return true;
        }
    }
    return false;
}

/* A length and as many bytes. */
static inline const char *get_span(Cursor *cursor, int64_t *length)
{
    if (!get_long(cursor, length) || *length < 0 || *length > cursor->end - cursor->at) {
        return NULL;
    }
    const char *start = (const char *)cursor->at;
    cursor->at += *length;
    return start;
}

static void civil(int64_t days, int *year, int *month, int *day)
{
    days += 719468; /* eras of 400 years that begin in March of the year 0 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t months = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * months + 2) / 5 + 1);
    *month = (int)(months < 10 ? months + 3 : months - 9);
    *year = (int)(years + era * 400 + (*month <= 2));
}

static PyObject *stamp(int64_t ms)
{
    int64_t days = ms / DAY_MS - (ms % DAY_MS < 0), rest = ms - days * DAY_MS;
    if (days < FIRST_DAY || days > LAST_DAY) {
        return NULL;
    }
    int year, month, day;
    civil(days, &year, &month, &day);
    return PyDateTimeAPI->DateTime_FromDateAndTime(
        year, month, day, (int)(rest / 3600000), (int)(rest / 60000 % 60), (int)(rest / 1000 % 60),
        (int)(rest % 1000) * 1000, PyDateTime_TimeZone_UTC, PyDateTimeAPI->DateTimeType);
}

static PyObject *moment(AvroKind kind, int64_t number)
{
    if (kind == AVRO_STAMP) {
        return stamp(number);
    }
    if (kind == AVRO_DATE) {
        if (number < FIRST_DAY || number > LAST_DAY) {
            return NULL;
        }
        int year, month, day;
        civil(number, &year, &month, &day);
        return PyDate_FromDate(year, month, day);
    }
    if (number < 0 || number >= DAY_MS) {
        return NULL;
    }
    return PyTime_FromTime((int)(number / 3600000), (int)(number / 60000 % 60), (int)(number / 1000 % 60),
                           (int)(number % 1000) * 1000);
}

static PyObject *integer(AvroNode *node, int64_t number, bool strict)
{
    if (node->size < 64) {
        int64_t half = (int64_t)1 << (node->size - 1);
        if (number < -half || number >= half) {
            if (strict || node->size == 32) {
                return NULL;
            }
            number = (int64_t)(((uint64_t)number + (uint64_t)half) & ((uint64_t)half * 2 - 1)) - half;
        }
    }
    return PyLong_FromLongLong(number);
}

static PyObject *get(AvroNode *node, Cursor *cursor);

/* The next block of an array or map: how many items, 0 at the end, -1 if it is damaged. */
static int64_t block(Cursor *cursor)
{
    int64_t count, size;
    if (!get_long(cursor, &count)) {
        return -1;
    }
    if (count < 0) {
        if (count == INT64_MIN || !get_long(cursor, &size)) {
            return -1;
        }
        count = -count;
    }
    return count > cursor->end - cursor->at ? -1 : count; /* an item has a byte at least */
}

static PyObject *get_array(AvroNode *node, Cursor *cursor)
{
    PyObject *made = PyList_New(0);
    int64_t count = -1;
    while (made != NULL && (count = block(cursor)) > 0) {
        for (; count > 0; count--) {
            PyObject *item = get(node->children[0], cursor);
            if (item == NULL || PyList_Append(made, item) < 0) {
                Py_XDECREF(item);
                Py_DECREF(made);
                return NULL;
            }
            Py_DECREF(item);
        }
    }
    if (count < 0) {
        Py_CLEAR(made);
    }
    return made;
}

static PyObject *text(Cursor *cursor)
{
    int64_t length;
    const char *start = get_span(cursor, &length);
    return start == NULL ? NULL : PyUnicode_DecodeUTF8(start, (Py_ssize_t)length, cursor->strict ? NULL : "replace");
}

/* A map, or an array of entries. */
static PyObject *get_map(AvroNode *node, Cursor *cursor)
{
    PyObject *made = PyDict_New();
    int64_t count = -1;
    while (made != NULL && (count = block(cursor)) > 0) {
        for (; count > 0; count--) {
            PyObject *key = node->kind == AVRO_MAP ? text(cursor) : get(node->children[0], cursor);
            PyObject *item = key == NULL ? NULL : get(node->children[node->kind != AVRO_MAP], cursor);
            int failed = item == NULL || PyDict_SetItem(made, key, item) < 0;
            Py_XDECREF(key);
            Py_XDECREF(item);
            if (failed) {
                Py_DECREF(made);
                return NULL;
            }
        }
    }
    if (count < 0) {
        Py_CLEAR(made);
    }
    return made;
}

static PyObject *get_record(AvroNode *node, Cursor *cursor)
{
    PyObject *made = PyDict_New();
    for (Py_ssize_t at = 0; made != NULL && at < node->count; at++) {
        PyObject *value = get(node->children[at], cursor);
        if (value == NULL || PyDict_SetItem(made, node->names[at], value) < 0) {
            Py_CLEAR(made);
        }
        Py_XDECREF(value);
    }
    return made;
}

static PyObject *get_union(AvroNode *node, Cursor *cursor)
{
    int64_t branch;
    if (!get_long(cursor, &branch) || branch < 0 || branch >= node->count) {
        return NULL;
    }
    if (node->children[branch] == NULL) {
        Py_RETURN_NONE;
    }
    PyObject *made = PyDict_New(), *value = get(node->children[branch], cursor);
    if (made == NULL || value == NULL || PyDict_SetItem(made, node->names[branch], value) < 0) {
        Py_CLEAR(made);
    }
    Py_XDECREF(value);
    return made;
}

static PyObject *get_number(AvroNode *node, Cursor *cursor)
{
    int64_t number;
    if (!get_long(cursor, &number)) {
        return NULL;
    }
    if (node->kind == AVRO_INT) {
        return integer(node, number, cursor->strict);
    }
    if (node->kind == AVRO_ENUM) {
        return number < 0 || number >= node->count ? NULL : Py_NewRef(node->names[number]);
    }
    return moment(node->kind, number);
}

static PyObject *get_fixed(AvroNode *node, Cursor *cursor)
{
    const unsigned char *start = cursor->at;
    int64_t size = 1;
    if (node->kind != AVRO_BOOLEAN) {
        size = node->kind == AVRO_FIXED ? node->size : node->kind == AVRO_FLOAT ? 4 : 8;
    }
    if (cursor->end - start < size) {
        return NULL;
    }
    cursor->at += size;
    if (node->kind == AVRO_FIXED) {
        return PyBytes_FromStringAndSize((const char *)start, (Py_ssize_t)size);
    }
    if (node->kind == AVRO_FLOAT) {
        return PyFloat_FromDouble(PyFloat_Unpack4((const char *)start, 1));
    }
    if (node->kind == AVRO_DOUBLE) {
        return PyFloat_FromDouble(PyFloat_Unpack8((const char *)start, 1));
    }
    return *start > 1 ? NULL : PyBool_FromLong(*start);
}

static PyObject *get_bytes(AvroNode *node, Cursor *cursor)
{
    int64_t length = node->size;
    const char *start;
    if (node->size < 0) {
        start = get_span(cursor, &length);
    } else {
        start = cursor->end - cursor->at < length ? NULL : (const char *)cursor->at;
        cursor->at += start == NULL ? 0 : length;
    }
    PyObject *data = start == NULL ? NULL : PyBytes_FromStringAndSize(start, (Py_ssize_t)length);
    if (data == NULL || node->call == NULL) {
        return data;
    }
    PyObject *made = PyObject_CallOneArg(node->call, data);
    Py_DECREF(data);
    return made;
}

static PyObject *get(AvroNode *node, Cursor *cursor)
{
    if (node->null_at >= 0) {
        int64_t branch;
        if (!get_long(cursor, &branch)) {
            return NULL;
        }
        if (branch == node->null_at) {
            Py_RETURN_NONE;
        }
        if (branch != 1 - node->null_at) {
            return NULL;
        }
    }
    switch (node->kind) {
    case AVRO_INT:
    case AVRO_ENUM:
    case AVRO_DATE:
    case AVRO_TIME:
    case AVRO_STAMP:
        return get_number(node, cursor);
    case AVRO_STRING:
        return text(cursor);
    case AVRO_BOOLEAN:
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
    case AVRO_FIXED:
        return get_fixed(node, cursor);
    case AVRO_BYTES:
    case AVRO_DECIMAL:
        return get_bytes(node, cursor);
    case AVRO_ARRAY:
        return get_array(node, cursor);
    case AVRO_MAP:
    case AVRO_ENTRIES:
        return get_map(node, cursor);
    case AVRO_RECORD:
        return get_record(node, cursor);
    case AVRO_UNION:
        return get_union(node, cursor);
    case AVRO_CONSTANT: /* for writing only */
        break;
    }
    return NULL;
}

/* avro_read(plan, payloads, start) -> values, or None where the reference has to do it.
 *
 * An exception of a conversion ends the fast way like anything else; only what is no error of data is passed on. */
static PyObject *avro_read(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *capsule, *payloads;
    Py_ssize_t start;
    if (!PyArg_ParseTuple(args, "OO!n", &capsule, &PyList_Type, &payloads, &start)) {
        return NULL;
    }
    AvroPlan *plan = avro_plan_of(capsule);
    PyObject *made = plan == NULL ? NULL : PyList_New(PyList_GET_SIZE(payloads));
    if (made == NULL) {
        return NULL;
    }
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(made); at++) {
        PyObject *payload = at < PyList_GET_SIZE(payloads) ? PyList_GET_ITEM(payloads, at) : NULL;
        PyObject *value = NULL;
        if (payload != NULL && PyBytes_CheckExact(payload) && PyBytes_GET_SIZE(payload) >= start) {
            const unsigned char *data = (const unsigned char *)PyBytes_AS_STRING(payload);
            Cursor cursor = {data + start, data + PyBytes_GET_SIZE(payload), plan->strict};
            Py_INCREF(payload); /* a conversion may run code that lets go of it */
            value = get(plan->root, &cursor);
            Py_DECREF(payload);
        }
        if (value == NULL) {
            Py_DECREF(made);
            if (PyErr_Occurred() && (!PyErr_ExceptionMatches(PyExc_Exception) || PyErr_ExceptionMatches(PyExc_MemoryError))) {
                return NULL;
            }
            PyErr_Clear();
            Py_RETURN_NONE;
        }
        PyList_SET_ITEM(made, at, value);
    }
    return made;
}

PyMethodDef avro_read_methods[] = {
    {"avro_read", avro_read, METH_VARARGS, "A column of messages as values."},
    {NULL, NULL, 0, NULL},
};
