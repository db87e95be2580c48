/* Columns of rows: dicts copied with members set, of which members are taken, renamed or left out. */
#include "native.h"

/* A row that is no exact dict ends the fast way, but for a null where nulls pass. */
#define ROW_OR_NULL(made, at, row, nulls)            \
    if (!PyDict_CheckExact(row)) {                   \
        if ((row) == Py_None && (nulls)) {           \
            PyList_SET_ITEM(made, at, Py_NewRef(row)); \
            continue;                                \
        }                                            \
        goto otherwise;                              \
    }

/* column(values, name): the member of each row; all rows are dicts that have it. */
static PyObject *column(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyList_CheckExact(args[0]) || !PyUnicode_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "column(values, name)");
        return NULL;
    }
    PyObject *values = args[0];
    Field field = {.name = args[1]};
    Py_ssize_t size = PyList_GET_SIZE(values);
    PyObject *made = PyList_New(size);
    for (Py_ssize_t at = 0; made != NULL && at < size; at++) {
        PyObject *row = PyList_GET_SIZE(values) == size ? PyList_GET_ITEM(values, at) : Py_None;
        PyObject *found = NULL;
        if (PyDict_CheckExact(row)) {
            Py_INCREF(row);
            found = Py_XNewRef(field_of(&field, row));
            Py_DECREF(row);
        }
        if (found == NULL) {
            Py_XDECREF(field.seen);
            GIVE_UP(made);
        }
        PyList_SET_ITEM(made, at, found);
    }
    Py_XDECREF(field.seen);
    return made;
}

/* nested(values, path): the member at the end of a path of names; every step is a dict that has the next one. */
static PyObject *nested(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyList_CheckExact(args[0]) || !PyTuple_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "nested(values, path)");
        return NULL;
    }
    PyObject *values = args[0];
    Py_ssize_t size = PyList_GET_SIZE(values), steps = PyTuple_GET_SIZE(args[1]);
    Field *fields = fields_new(args[1]);
    PyObject *made = fields == NULL ? NULL : PyList_New(size);
    for (Py_ssize_t at = 0; made != NULL && at < size; at++) {
        PyObject *here = Py_NewRef(PyList_GET_SIZE(values) == size ? PyList_GET_ITEM(values, at) : Py_None);
        for (Py_ssize_t step = 0; step < steps; step++) {
            PyObject *found = PyDict_CheckExact(here) ? Py_XNewRef(field_of(&fields[step], here)) : NULL;
            Py_DECREF(here);
            here = found;
            if (here == NULL) {
                fields_free(fields, steps);
                GIVE_UP(made);
            }
        }
        PyList_SET_ITEM(made, at, here);
    }
    fields_free(fields, steps);
    return made;
}

/* A dict that has room for its members from the start. */
static PyObject *roomy(Py_ssize_t members)
{
#if PY_VERSION_HEX < 0x030D0000
    if (members > 5) {
        return _PyDict_NewPresized(members);
    }
#else
    (void)members;
#endif
    return PyDict_New();
}

/* select(values, sources, targets, nulls): new dicts of these members, called otherwise; all rows have all of them. */
static PyObject *select_members(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 4 || !PyList_CheckExact(args[0]) || !PyTuple_CheckExact(args[1]) || !PyTuple_CheckExact(args[2]) ||
        PyTuple_GET_SIZE(args[1]) != PyTuple_GET_SIZE(args[2])) {
        PyErr_SetString(PyExc_TypeError, "select(values, sources, targets, nulls)");
        return NULL;
    }
    PyObject *values = args[0], *targets = args[2];
    bool nulls = args[3] == Py_True;
    Py_ssize_t size = PyList_GET_SIZE(values), members = PyTuple_GET_SIZE(targets);
    Field *fields = fields_new(args[1]);
    PyObject *made = fields == NULL ? NULL : PyList_New(size);
    PyObject *row = NULL, *changed = NULL;
    if (made == NULL) {
        fields_free(fields, members);
        return NULL;
    }
    for (Py_ssize_t at = 0; at < size; at++) {
        Py_XSETREF(row, Py_NewRef(PyList_GET_SIZE(values) == size ? PyList_GET_ITEM(values, at) : Py_False));
        ROW_OR_NULL(made, at, row, nulls)
        changed = roomy(members);
        for (Py_ssize_t which = 0; which < members; which++) {
            PyObject *found = changed == NULL ? NULL : Py_XNewRef(field_of(&fields[which], row));
            int failed = found == NULL ? -1 : PyDict_SetItem(changed, PyTuple_GET_ITEM(targets, which), found);
            Py_XDECREF(found);
            if (failed) {
                goto otherwise;
            }
        }
        PyList_SET_ITEM(made, at, changed);
        changed = NULL;
    }
    Py_XDECREF(row);
    fields_free(fields, members);
    return made;
otherwise:
    Py_XDECREF(row);
    Py_XDECREF(changed);
    fields_free(fields, members);
    GIVE_UP(made);
}

/* edit(values, dropped, renamed, names, nulls): copies without some members, and others called otherwise, at the end.
 * All rows have what is dropped and renamed, and none has a new name yet. */
static PyObject *edit(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 5 || !PyList_CheckExact(args[0]) || !PyTuple_CheckExact(args[1]) || !PyTuple_CheckExact(args[2]) ||
        !PyTuple_CheckExact(args[3]) || PyTuple_GET_SIZE(args[2]) != PyTuple_GET_SIZE(args[3])) {
        PyErr_SetString(PyExc_TypeError, "edit(values, dropped, renamed, names, nulls)");
        return NULL;
    }
    PyObject *values = args[0], *dropped = args[1], *renamed = args[2], *names = args[3];
    bool nulls = args[4] == Py_True;
    Py_ssize_t size = PyList_GET_SIZE(values), gone = PyTuple_GET_SIZE(dropped), renames = PyTuple_GET_SIZE(renamed);
    PyObject *made = PyList_New(size), *row = NULL, *changed = NULL;
    if (made == NULL) {
        return NULL;
    }
    for (Py_ssize_t at = 0; at < size; at++) {
        Py_XSETREF(row, Py_NewRef(PyList_GET_SIZE(values) == size ? PyList_GET_ITEM(values, at) : Py_False));
        ROW_OR_NULL(made, at, row, nulls)
        changed = PyDict_Copy(row);
        if (changed == NULL) {
            goto otherwise;
        }
        for (Py_ssize_t which = 0; which < gone; which++) {
            if (PyDict_DelItem(changed, PyTuple_GET_ITEM(dropped, which)) < 0) {
                if (PyErr_ExceptionMatches(PyExc_KeyError)) {
                    PyErr_Clear();
                }
                goto otherwise;
            }
        }
        for (Py_ssize_t which = 0; which < renames; which++) {
            PyObject *old = PyTuple_GET_ITEM(renamed, which), *name = PyTuple_GET_ITEM(names, which);
            PyObject *found = PyDict_Contains(changed, name) ? NULL : Py_XNewRef(PyDict_GetItemWithError(changed, old));
            int failed = found == NULL || PyDict_DelItem(changed, old) < 0 || PyDict_SetItem(changed, name, found) < 0;
            Py_XDECREF(found);
            if (failed) {
                goto otherwise;
            }
        }
        PyList_SET_ITEM(made, at, changed);
        changed = NULL;
    }
    Py_XDECREF(row);
    return made;
otherwise:
    Py_XDECREF(row);
    Py_XDECREF(changed);
    GIVE_UP(made);
}

/* put(values, names, columns, skipped, nulls): copies with members set. A column is a list with an entry a row, or
 * anything else for all rows alike; where `skipped` says so, a None in it leaves the row as it is. */
static PyObject *put(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 5 || !PyList_CheckExact(args[0]) || !PyTuple_CheckExact(args[1]) || !PyTuple_CheckExact(args[2]) ||
        !PyTuple_CheckExact(args[3]) || PyTuple_GET_SIZE(args[1]) != PyTuple_GET_SIZE(args[2]) ||
        PyTuple_GET_SIZE(args[1]) != PyTuple_GET_SIZE(args[3])) {
        PyErr_SetString(PyExc_TypeError, "put(values, names, columns, skipped, nulls)");
        return NULL;
    }
    PyObject *values = args[0], *names = args[1], *columns = args[2], *skipped = args[3];
    bool nulls = args[4] == Py_True;
    Py_ssize_t size = PyList_GET_SIZE(values), members = PyTuple_GET_SIZE(names);
    for (Py_ssize_t which = 0; which < members; which++) {
        PyObject *given = PyTuple_GET_ITEM(columns, which);
        if (PyList_CheckExact(given) && PyList_GET_SIZE(given) != size) {
            PyErr_SetString(PyExc_ValueError, "a column has another length than the rows");
            return NULL;
        }
    }
    PyObject *made = PyList_New(size), *row = NULL, *changed = NULL;
    if (made == NULL) {
        return NULL;
    }
    for (Py_ssize_t at = 0; at < size; at++) {
        Py_XSETREF(row, Py_NewRef(PyList_GET_SIZE(values) == size ? PyList_GET_ITEM(values, at) : Py_False));
        ROW_OR_NULL(made, at, row, nulls)
        changed = PyDict_Copy(row);
        if (changed == NULL) {
            goto otherwise;
        }
        for (Py_ssize_t which = 0; which < members; which++) {
            PyObject *given = PyTuple_GET_ITEM(columns, which);
            if (PyList_CheckExact(given)) {
                if (PyList_GET_SIZE(given) != size) {
                    goto otherwise;
                }
                given = PyList_GET_ITEM(given, at);
            }
            if (given == Py_None && PyTuple_GET_ITEM(skipped, which) == Py_True) {
                continue;
            }
            Py_INCREF(given);
            int failed = PyDict_SetItem(changed, PyTuple_GET_ITEM(names, which), given);
            Py_DECREF(given);
            if (failed) {
                goto otherwise;
            }
        }
        PyList_SET_ITEM(made, at, changed);
        changed = NULL;
    }
    Py_XDECREF(row);
    return made;
otherwise:
    Py_XDECREF(row);
    Py_XDECREF(changed);
    GIVE_UP(made);
}

/* hoist(values, name): each value as the only member of a dict. */
static PyObject *hoist(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyList_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "hoist(values, name)");
        return NULL;
    }
    PyObject *values = args[0], *name = args[1];
    Py_ssize_t size = PyList_GET_SIZE(values);
    PyObject *made = PyList_New(size);
    for (Py_ssize_t at = 0; made != NULL && at < size; at++) {
        if (PyList_GET_SIZE(values) != size) {
            GIVE_UP(made);
        }
        PyObject *value = Py_NewRef(PyList_GET_ITEM(values, at));
        PyObject *changed = PyDict_New();
        int failed = changed == NULL || PyDict_SetItem(changed, name, value) < 0;
        Py_DECREF(value);
        if (failed) {
            Py_XDECREF(changed);
            Py_DECREF(made);
            return NULL;
        }
        PyList_SET_ITEM(made, at, changed);
    }
    return made;
}

/* all_of(values, kind): whether all are of that very class. */
static PyObject *all_of(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyList_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "all_of(values, kind)");
        return NULL;
    }
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(args[0]); at++) {
        if ((PyObject *)Py_TYPE(PyList_GET_ITEM(args[0], at)) != args[1]) {
            Py_RETURN_FALSE;
        }
    }
    Py_RETURN_TRUE;
}

/* has_null(values): whether one is None; only addresses are looked at. */
static PyObject *has_null(PyObject *Py_UNUSED(module), PyObject *values)
{
    if (!PyList_CheckExact(values)) {
        PyErr_SetString(PyExc_TypeError, "has_null(values)");
        return NULL;
    }
    PyObject **items = ((PyListObject *)values)->ob_item;
    Py_ssize_t size = PyList_GET_SIZE(values), at = 0;
    for (; size - at >= 16; at += 16) { /* so many at once, which the compiler turns into a few instructions */
        int found = 0;
        for (int of = 0; of < 16; of++) {
            found |= items[at + of] == Py_None;
        }
        if (found) {
            Py_RETURN_TRUE;
        }
    }
    for (; at < size; at++) {
        if (items[at] == Py_None) {
            Py_RETURN_TRUE;
        }
    }
    Py_RETURN_FALSE;
}

#define FAST(function) (PyCFunction)(void (*)(void))function, METH_FASTCALL

PyMethodDef row_methods[] = {
    {"column", FAST(column), "The member of each row."},
    {"nested", FAST(nested), "The member at the end of a path."},
    {"select", FAST(select_members), "New dicts of some members."},
    {"edit", FAST(edit), "Copies without some members, and with others renamed."},
    {"put", FAST(put), "Copies with members set."},
    {"hoist", FAST(hoist), "Each value as the only member of a dict."},
    {"all_of", FAST(all_of), "Whether all are of a class."},
    {"has_null", (PyCFunction)has_null, METH_O, "Whether one is None."},
    {NULL, NULL, 0, NULL},
};
