/* Columns of values into columns of Avro messages. */
#include "avro.h"

#include <datetime.h>
#include <float.h>
#include <math.h>
#include <string.h>

#define DAY_MS 86400000LL

bool avro_write_ready(void)
{
    if (PyDateTimeAPI == NULL) {
        PyDateTime_IMPORT;
    }
    return PyDateTimeAPI != NULL;
}

static inline bool put_long(Buffer *out, int64_t number)
{
    uint64_t bits = ((uint64_t)number << 1) ^ (uint64_t)(number >> 63);
    if (!buffer_room(out, 10)) {
        return false;
    }
    while (bits > 0x7f) {
        out->data[out->size++] = (char)(bits | 0x80);
        bits >>= 7;
    }
    out->data[out->size++] = (char)bits;
    return true;
}

static inline bool put_raw(Buffer *out, const void *data, size_t size)
{
    if (!buffer_room(out, size)) {
        return false;
    }
    memcpy(out->data + out->size, data, size);
    out->size += size;
    return true;
}

static inline bool put_span(Buffer *out, const void *data, Py_ssize_t size)
{
    return put_long(out, size) && put_raw(out, data, (size_t)size);
}

static bool put(AvroNode *node, PyObject *value, Buffer *out);

static bool put_integer(AvroNode *node, PyObject *value, Buffer *out)
{
    int overflow;
    if (!PyLong_CheckExact(value)) {
        return false;
    }
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0) {
        return false;
    }
    if (node->size < 64) {
        long long half = 1LL << (node->size - 1);
        if (number < -half || number >= half) {
            return false;
        }
    }
    return put_long(out, number);
}

static bool put_text(PyObject *value, Buffer *out)
{
    Py_ssize_t size;
    if (!PyUnicode_CheckExact(value)) {
        return false;
    }
    if (PyUnicode_IS_COMPACT_ASCII(value)) {
        return put_span(out, PyUnicode_DATA(value), PyUnicode_GET_LENGTH(value));
    }
    /* Not the form that the text itself would keep: a column's texts are not asked for it twice. */
    PyObject *data = PyUnicode_AsUTF8String(value);
    if (data == NULL) {
        return false;
    }
    size = PyBytes_GET_SIZE(data);
    bool done = put_span(out, PyBytes_AS_STRING(data), size);
    Py_DECREF(data);
    return done;
}

static bool put_number(AvroNode *node, PyObject *value, Buffer *out)
{
    if (!PyFloat_CheckExact(value)) {
        return false;
    }
    double number = PyFloat_AS_DOUBLE(value);
    char data[8];
    if (node->kind == AVRO_FLOAT) {
        if (isfinite(number) && fabs(number) > FLT_MAX) {
            return false;
        }
        return PyFloat_Pack4(number, data, 1) == 0 && put_raw(out, data, 4);
    }
    return PyFloat_Pack8(number, data, 1) == 0 && put_raw(out, data, 8);
}

static int64_t days_of(int year, int month, int day)
{
    int64_t years = year - (month <= 2);
    int64_t era = (years >= 0 ? years : years - 399) / 400, of_era = years - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool put_moment(AvroNode *node, PyObject *value, Buffer *out)
{
    if (node->kind == AVRO_DATE) {
        return PyDate_CheckExact(value) && put_long(out, days_of(PyDateTime_GET_YEAR(value), PyDateTime_GET_MONTH(value),
                                                                 PyDateTime_GET_DAY(value)));
    }
    if (node->kind == AVRO_TIME) {
        return PyTime_CheckExact(value) &&
               put_long(out, ((PyDateTime_TIME_GET_HOUR(value) * 60LL + PyDateTime_TIME_GET_MINUTE(value)) * 60 +
                              PyDateTime_TIME_GET_SECOND(value)) * 1000 + PyDateTime_TIME_GET_MICROSECOND(value) / 1000);
    }
    if (!PyDateTime_CheckExact(value) || PyDateTime_DATE_GET_TZINFO(value) != PyDateTime_TimeZone_UTC) {
        return false;
    }
    int64_t days = days_of(PyDateTime_GET_YEAR(value), PyDateTime_GET_MONTH(value), PyDateTime_GET_DAY(value));
    int64_t ms = ((PyDateTime_DATE_GET_HOUR(value) * 60LL + PyDateTime_DATE_GET_MINUTE(value)) * 60 +
                  PyDateTime_DATE_GET_SECOND(value)) * 1000 + PyDateTime_DATE_GET_MICROSECOND(value) / 1000;
    return put_long(out, days * DAY_MS + ms);
}

static bool put_array(AvroNode *node, PyObject *value, Buffer *out)
{
    if (!PyList_CheckExact(value)) {
        return false;
    }
    Py_ssize_t size = PyList_GET_SIZE(value);
    if (size > 0 && !put_long(out, size)) {
        return false;
    }
    for (Py_ssize_t at = 0; at < size; at++) {
        if (at >= PyList_GET_SIZE(value) || !put(node->children[0], PyList_GET_ITEM(value, at), out)) {
            return false;
        }
    }
    return put_long(out, 0);
}

static bool put_map(AvroNode *node, PyObject *value, Buffer *out)
{
    if (!PyDict_CheckExact(value)) {
        return false;
    }
    PyObject *key, *item;
    Py_ssize_t place = 0, left = PyDict_GET_SIZE(value);
    if (left > 0 && !put_long(out, left)) {
        return false;
    }
    for (; PyDict_Next(value, &place, &key, &item); left--) {
        bool done = node->kind == AVRO_MAP ? put_text(key, out) : put(node->children[0], key, out);
        if (!done || !put(node->children[node->kind != AVRO_MAP], item, out)) {
            return false;
        }
    }
    return left == 0 && put_long(out, 0);
}

static bool put_record(AvroNode *node, PyObject *value, Buffer *out)
{
    if (!PyDict_CheckExact(value)) {
        return false;
    }
    Py_ssize_t found = 0;
    for (Py_ssize_t at = 0; at < node->count; at++) {
        PyObject *item = node->names[at] == NULL ? NULL : PyDict_GetItemWithError(value, node->names[at]);
        AvroNode *child = node->children[at];
        found += item != NULL;
        if (PyErr_Occurred() || (child != NULL && !put(child, item == NULL ? Py_None : item, out))) {
            return false;
        }
    }
    return found == PyDict_GET_SIZE(value); /* else it has a field that is none */
}

static bool put_union(AvroNode *node, PyObject *value, Buffer *out)
{
    if (!PyDict_CheckExact(value)) {
        return false;
    }
    Py_ssize_t found = 0, chosen = -1;
    PyObject *held = NULL;
    for (Py_ssize_t at = 0; at < node->count; at++) {
        PyObject *item = node->names[at] == NULL ? NULL : PyDict_GetItemWithError(value, node->names[at]);
        found += item != NULL;
        if (PyErr_Occurred()) {
            return false;
        }
        if (item != NULL && item != Py_None && held == NULL) {
            held = item;
            chosen = at;
        }
    }
    return held != NULL && found == PyDict_GET_SIZE(value) && put_long(out, chosen) && put(node->children[chosen], held, out);
}

static bool put_decimal(AvroNode *node, PyObject *value, Buffer *out)
{
    PyObject *data = PyObject_CallOneArg(node->call, value);
    bool done = data != NULL && PyBytes_CheckExact(data) && put_span(out, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data));
    Py_XDECREF(data);
    return done;
}

static bool put_symbol(AvroNode *node, PyObject *value, Buffer *out)
{
    PyObject *number = PyUnicode_CheckExact(value) ? PyDict_GetItemWithError(node->index, value) : NULL;
    return number != NULL && put_long(out, PyLong_AsLongLong(number));
}

static bool put_null(AvroNode *node, Buffer *out)
{
    if (node->kind == AVRO_UNION && node->null_at < 0) {
        for (Py_ssize_t at = 0; at < node->count; at++) {
            if (node->children[at] == NULL) {
                return put_long(out, at);
            }
        }
        return false;
    }
    return node->null_at >= 0 && put_long(out, node->null_at);
}

/* False where the reference has to do it, or with an exception. */
static bool put(AvroNode *node, PyObject *value, Buffer *out)
{
    if (node->kind == AVRO_CONSTANT) {
        return PyBytes_CheckExact(node->call) &&
               put_raw(out, PyBytes_AS_STRING(node->call), (size_t)PyBytes_GET_SIZE(node->call));
    }
    if (value == Py_None) {
        if (node->fill == NULL) {
            return put_null(node, out);
        }
        value = node->fill;
    }
    if (node->null_at >= 0 && !put_long(out, 1 - node->null_at)) {
        return false;
    }
    switch (node->kind) {
    case AVRO_BOOLEAN:
        return PyBool_Check(value) && put_raw(out, value == Py_True ? "\1" : "\0", 1);
    case AVRO_INT:
        return put_integer(node, value, out);
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
        return put_number(node, value, out);
    case AVRO_BYTES:
        return PyBytes_CheckExact(value) && put_span(out, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value));
    case AVRO_STRING:
        return put_text(value, out);
    case AVRO_FIXED:
        return PyBytes_CheckExact(value) && PyBytes_GET_SIZE(value) == node->size &&
               put_raw(out, PyBytes_AS_STRING(value), (size_t)node->size);
    case AVRO_ENUM:
        return put_symbol(node, value, out);
    case AVRO_ARRAY:
        return put_array(node, value, out);
    case AVRO_MAP:
    case AVRO_ENTRIES:
        return put_map(node, value, out);
    case AVRO_RECORD:
        return put_record(node, value, out);
    case AVRO_UNION:
        return put_union(node, value, out);
    case AVRO_DATE:
    case AVRO_TIME:
    case AVRO_STAMP:
        return put_moment(node, value, out);
    case AVRO_DECIMAL:
        return put_decimal(node, value, out);
    case AVRO_CONSTANT:
        break;
    }
    return false;
}

/* One message, None for a null, or NULL. */
static PyObject *message(AvroNode *root, PyObject *value, PyObject *head, Buffer *out)
{
    if (value == Py_None && root->fill == NULL) {
        if (root->null_at < 0) {
            return NULL;
        }
        Py_RETURN_NONE;
    }
    out->size = 0;
    if (!put_raw(out, PyBytes_AS_STRING(head), (size_t)PyBytes_GET_SIZE(head)) || !put(root, value, out)) {
        return NULL;
    }
    return PyBytes_FromStringAndSize(out->data, (Py_ssize_t)out->size);
}

/* avro_write(plan, values, head) -> messages, or None where the reference has to do it; exceptions as in avro_read. */
static PyObject *avro_write(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *capsule, *values, *head;
    if (!PyArg_ParseTuple(args, "OO!S", &capsule, &PyList_Type, &values, &head)) {
        return NULL;
    }
    AvroPlan *plan = avro_plan_of(capsule);
    PyObject *made = plan == NULL ? NULL : PyList_New(PyList_GET_SIZE(values));
    if (made == NULL) {
        return NULL;
    }
    Buffer out = {NULL, 0, 0};
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(made); at++) {
        PyObject *value = at < PyList_GET_SIZE(values) ? Py_NewRef(PyList_GET_ITEM(values, at)) : NULL;
        PyObject *data = value == NULL ? NULL : message(plan->root, value, head, &out);
        Py_XDECREF(value);
        if (data == NULL) {
            buffer_free(&out);
            Py_DECREF(made);
            if (PyErr_Occurred() && (!PyErr_ExceptionMatches(PyExc_Exception) || PyErr_ExceptionMatches(PyExc_MemoryError))) {
                return NULL;
            }
            PyErr_Clear();
            Py_RETURN_NONE;
        }
        PyList_SET_ITEM(made, at, data);
    }
    buffer_free(&out);
    return made;
}

PyMethodDef avro_write_methods[] = {
    {"avro_write", avro_write, METH_VARARGS, "A column of values as messages."},
    {NULL, NULL, 0, NULL},
};
