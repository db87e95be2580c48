/* Flatten of schemaless maps: the leaves of nested maps become members of the row, named by their paths. */
#include "native.h"

typedef struct {
    PyObject *delimiter;
    PyObject *known; /* by the path of a nested map: a dict from its keys to the names of their paths */
} Paths;

enum Kind { LEAF, NESTED, OTHER };

/* What becomes of a value. What is of a class that Kafka Connect's maps do not hold is Python's to refuse. */
static enum Kind kind_of(PyObject *value)
{
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyUnicode_Type || type == &PyLong_Type || type == &PyFloat_Type || type == &PyBool_Type ||
        value == Py_None || type == &PyList_Type || type == &PyBytes_Type) {
        return LEAF;
    }
    return type == &PyDict_Type ? NESTED : OTHER;
}

/* The names below a path, borrowed. */
static PyObject *names_below(Paths *paths, PyObject *path)
{
    PyObject *names = PyDict_GetItemWithError(paths->known, path);
    if (names != NULL || PyErr_Occurred()) {
        return names;
    }
    names = PyDict_New();
    if (names == NULL || PyDict_SetItem(paths->known, path, names) < 0) {
        Py_XDECREF(names);
        return NULL;
    }
    Py_DECREF(names);
    return names;
}

/* The name of a member's path, borrowed; all rows get the same object. */
static PyObject *name_of(Paths *paths, PyObject *names, PyObject *path, PyObject *key)
{
    PyObject *name = PyDict_GetItemWithError(names, key);
    if (name != NULL || PyErr_Occurred()) {
        return name;
    }
    name = PyUnicode_FromFormat("%U%U%U", path, paths->delimiter, key);
    if (name == NULL || PyDict_SetItem(names, key, name) < 0) {
        Py_XDECREF(name);
        return NULL;
    }
    Py_DECREF(name);
    return name;
}

/* Puts the leaves of a nested map into the flat row; how many, or -1 where that is not for us. */
static Py_ssize_t spread(Paths *paths, PyObject *made, PyObject *inner, PyObject *path, int depth)
{
    PyObject *key, *value, *names = depth < 64 ? names_below(paths, path) : NULL;
    Py_ssize_t place = 0, leaves = 0;
    while (names != NULL && PyDict_Next(inner, &place, &key, &value)) {
        enum Kind kind = kind_of(value);
        if (!PyUnicode_CheckExact(key) || kind == OTHER) {
            return -1;
        }
        Py_INCREF(key);
        Py_INCREF(value);
        PyObject *name = name_of(paths, names, path, key);
        Py_ssize_t added = -1;
        if (name != NULL && kind == NESTED) {
            added = spread(paths, made, value, name, depth + 1);
        } else if (name != NULL) {
            added = PyDict_SetItem(made, name, value) < 0 ? -1 : 1;
        }
        Py_DECREF(key);
        Py_DECREF(value);
        if (added < 0) {
            return -1;
        }
        leaves += added;
    }
    return names == NULL ? -1 : leaves;
}

#define WIDEST 256

/* A flat row; NULL where that is not for us, or two leaves have one name. */
static PyObject *flat_row(Paths *paths, PyObject *row)
{
    PyObject *keys[WIDEST], *nested[WIDEST], *key, *value;
    Py_ssize_t place = 0, leaves = 0, maps = 0;
    if (PyDict_GET_SIZE(row) > WIDEST) {
        return NULL;
    }
    while (PyDict_Next(row, &place, &key, &value)) {
        enum Kind kind = kind_of(value);
        if (!PyUnicode_CheckExact(key) || kind == OTHER) {
            return NULL;
        }
        leaves += kind == LEAF;
        if (kind == NESTED) {
            keys[maps] = key;
            nested[maps++] = value;
        }
    }
    for (Py_ssize_t at = 0; at < maps; at++) {
        Py_INCREF(keys[at]);
        Py_INCREF(nested[at]);
    }
    PyObject *made = PyDict_Copy(row);
    for (Py_ssize_t at = 0; made != NULL && at < maps; at++) {
        if (PyDict_DelItem(made, keys[at]) < 0) {
            Py_CLEAR(made);
        }
    }
    for (Py_ssize_t at = 0; at < maps; at++) {
        Py_ssize_t added = made == NULL ? -1 : spread(paths, made, nested[at], keys[at], 0); /* behind other leaves */
        leaves += added;
        if (added < 0) {
            Py_CLEAR(made);
        }
        Py_DECREF(keys[at]);
        Py_DECREF(nested[at]);
    }
    if (made != NULL && PyDict_GET_SIZE(made) != leaves) {
        Py_CLEAR(made);
    }
    return made;
}

/* flat(values, delimiter): rows made flat, nulls passed; None where a row holds something else than JSON does. */
static PyObject *flat(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyList_CheckExact(args[0]) || !PyUnicode_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "flat(values, delimiter)");
        return NULL;
    }
    PyObject *values = args[0];
    Py_ssize_t size = PyList_GET_SIZE(values);
    Paths paths = {.delimiter = args[1], .known = PyDict_New()};
    PyObject *made = paths.known == NULL ? NULL : PyList_New(size);
    for (Py_ssize_t at = 0; made != NULL && at < size; at++) {
        PyObject *row = Py_NewRef(PyList_GET_SIZE(values) == size ? PyList_GET_ITEM(values, at) : Py_False);
        PyObject *changed = PyDict_CheckExact(row) ? flat_row(&paths, row) : row == Py_None ? Py_NewRef(row) : NULL;
        Py_DECREF(row);
        if (changed == NULL) {
            Py_DECREF(paths.known);
            GIVE_UP(made);
        }
        PyList_SET_ITEM(made, at, changed);
    }
    Py_XDECREF(paths.known);
    return made;
}

PyMethodDef flat_methods[] = {
    {"flat", (PyCFunction)(void (*)(void))flat, METH_FASTCALL, "Rows made flat."},
    {NULL, NULL, 0, NULL},
};
