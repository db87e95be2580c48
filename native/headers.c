/* Columns of headers: lists of barnabas.record.Header, or None where a record has none.
 *
 * The fields of a Header are read where its class keeps them, which its member descriptors say; an object of any other
 * class ends the fast way. */
#include "native.h"

#include <descrobject.h>
#include <structmember.h>

static PyTypeObject *header_type, *list_type;
static Py_ssize_t key_place, value_place, schema_place;

static Py_ssize_t place_of(PyObject *type, const char *name)
{
    PyObject *member = PyObject_GetAttrString(type, name);
    Py_ssize_t place = -1;
    if (member != NULL && Py_IS_TYPE(member, &PyMemberDescr_Type)) {
        PyMemberDef *about = ((PyMemberDescrObject *)member)->d_member;
        place = about->type == T_OBJECT_EX || about->type == T_OBJECT ? about->offset : -1;
    }
    Py_XDECREF(member);
    PyErr_Clear();
    return place;
}

/* learn_headers(Header, Headers): whether their layout is one that is understood. Kept for the life of the process. */
static PyObject *learn_headers(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyType_Check(args[0]) || !PyType_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "learn_headers(Header, Headers)");
        return NULL;
    }
    PyTypeObject *header = (PyTypeObject *)args[0], *list = (PyTypeObject *)args[1];
    key_place = place_of(args[0], "key");
    value_place = place_of(args[0], "value");
    schema_place = place_of(args[0], "schema");
    bool known = key_place > 0 && value_place > 0 && schema_place > 0 && !PyType_IS_GC(header) &&
                 header->tp_itemsize == 0 && PyType_IsSubtype(list, &PyList_Type) &&
                 list->tp_basicsize == PyList_Type.tp_basicsize && list->tp_init == PyList_Type.tp_init;
    if (known) {
        Py_INCREF(header);
        Py_INCREF(list);
        Py_XSETREF(header_type, header);
        Py_XSETREF(list_type, list);
    }
    return PyBool_FromLong(known);
}

#define MEMBER(header, place) (*(PyObject **)((char *)(header) + (place)))

/* The name of a header, borrowed; NULL if it is none that is understood. */
static inline PyObject *key_of(PyObject *header)
{
    if (Py_TYPE(header) != header_type) {
        return NULL;
    }
    PyObject *key = MEMBER(header, key_place);
    return key != NULL && PyUnicode_CheckExact(key) ? key : NULL;
}

/* Whether it is one of the names; -1 with an exception. */
static inline int is_in(PyObject *names, PyObject *only, PyObject *key)
{
    if (only != NULL) {
        return key == only || (PyUnicode_GET_LENGTH(key) == PyUnicode_GET_LENGTH(only) &&
                               PyUnicode_Compare(key, only) == 0);
    }
    return PySet_Contains(names, key);
}

/* The items of a record's headers: how many, or -1 where that is not for us. */
static inline Py_ssize_t items_of(PyObject *headers, PyObject ***items)
{
    if (headers == Py_None) {
        return 0;
    }
    if (Py_TYPE(headers) != list_type) {
        return -1;
    }
    *items = ((PyListObject *)headers)->ob_item;
    return PyList_GET_SIZE(headers);
}

/* header_flags(column, name): True or False for all records alike, else a list with an answer for each. */
static PyObject *header_flags(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyList_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "header_flags(column, name)");
        return NULL;
    }
    if (!PyUnicode_CheckExact(args[1])) {
        Py_RETURN_NONE;
    }
    Py_ssize_t size = PyList_GET_SIZE(args[0]), having = 0;
    char *flags = PyMem_Malloc((size_t)size + 1);
    if (flags == NULL) {
        return PyErr_NoMemory();
    }
    for (Py_ssize_t at = 0; at < size; at++) { /* runs nothing of Python's: both names are exact text */
        PyObject **items = NULL;
        Py_ssize_t length = items_of(PyList_GET_ITEM(args[0], at), &items);
        bool found = false;
        for (Py_ssize_t which = 0; which < length && !found; which++) {
            PyObject *key = key_of(items[which]);
            if (key == NULL) {
                length = -1;
                break;
            }
            found = is_in(NULL, args[1], key) == 1;
        }
        if (length < 0) {
            PyMem_Free(flags);
            Py_RETURN_NONE;
        }
        flags[at] = found;
        having += found;
    }
    PyObject *answer = NULL;
    if (having == 0 || having == size) {
        answer = PyBool_FromLong(having != 0);
    } else if ((answer = PyList_New(size)) != NULL) {
        for (Py_ssize_t at = 0; at < size; at++) {
            PyList_SET_ITEM(answer, at, PyBool_FromLong(flags[at]));
        }
    }
    PyMem_Free(flags);
    return answer;
}

/* An empty list of headers with room for some, its items to be set at once: `items` are owned by it. */
static PyObject *new_headers(Py_ssize_t size, PyObject ***items)
{
#if PY_VERSION_HEX < 0x030D0000
    PyListObject *made = (PyListObject *)list_type->tp_alloc(list_type, 0);
    if (made == NULL || size == 0) {
        return (PyObject *)made;
    }
    made->ob_item = PyMem_Calloc((size_t)size, sizeof(PyObject *));
    if (made->ob_item == NULL) {
        Py_DECREF(made);
        return PyErr_NoMemory();
    }
    made->allocated = size;
    Py_SET_SIZE(made, size);
    *items = made->ob_item;
    return (PyObject *)made;
#else
    PyObject *made = PyObject_CallNoArgs((PyObject *)list_type);
    for (Py_ssize_t at = 0; made != NULL && at < size; at++) {
        if (PyList_Append(made, Py_None) < 0) {
            Py_CLEAR(made);
        }
    }
    if (made != NULL) {
        *items = ((PyListObject *)made)->ob_item;
    }
    return made;
#endif
}

static inline void set_item(PyObject **items, Py_ssize_t at, PyObject *owned)
{
    PyObject *before = items[at];
    items[at] = owned;
    Py_XDECREF(before);
}

/* without_headers(column, names): the column without headers of these names; the very column where none has one. */
static PyObject *without_headers(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyList_CheckExact(args[0]) || !PyFrozenSet_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "without_headers(column, names)");
        return NULL;
    }
    PyObject *column = args[0], *names = args[1], *only = NULL;
    Py_ssize_t size = PyList_GET_SIZE(column), dropped = 0;
    if (PySet_GET_SIZE(names) == 1) {
        PyObject *each = PyObject_GetIter(names);
        only = each == NULL ? NULL : PyIter_Next(each);
        Py_XDECREF(each);
        if (only == NULL || !PyUnicode_CheckExact(only)) {
            Py_CLEAR(only);
        }
    }
    PyObject *made = PyErr_Occurred() ? NULL : PyList_New(size);
    for (Py_ssize_t at = 0; made != NULL && at < size; at++) {
        PyObject *headers = Py_NewRef(PyList_GET_SIZE(column) == size ? PyList_GET_ITEM(column, at) : Py_False);
        PyObject **items = NULL, **rest = NULL, *changed = NULL;
        Py_ssize_t length = items_of(headers, &items), kept = 0;
        for (Py_ssize_t which = 0; which < length; which++) {
            PyObject *key = key_of(items[which]);
            int gone = key == NULL ? -1 : is_in(names, only, key);
            if (gone < 0) {
                length = -1;
                break;
            }
            kept += !gone;
        }
        if (length >= 0 && kept == length) {
            changed = Py_NewRef(length == 0 ? Py_None : headers);
        } else if (kept == 0 && length > 0) {
            changed = Py_NewRef(Py_None);
        } else if (length > 0 && (changed = new_headers(kept, &rest)) != NULL) {
            for (Py_ssize_t which = 0, to = 0; which < length; which++) {
                if (!is_in(names, only, key_of(items[which]))) {
                    set_item(rest, to++, Py_NewRef(items[which]));
                }
            }
        }
        dropped += length > kept;
        Py_DECREF(headers);
        if (changed == NULL) {
            Py_XDECREF(only);
            GIVE_UP(made);
        }
        PyList_SET_ITEM(made, at, changed);
    }
    Py_XDECREF(only);
    if (made != NULL && dropped == 0) {
        Py_DECREF(made);
        return Py_NewRef(column);
    }
    return made;
}

/* with_header(column, size, header): lists of their own, the header behind those that are there; column may be None. */
static PyObject *with_header(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    Py_ssize_t size = count == 3 ? PyLong_AsSsize_t(args[1]) : -1;
    if (size < 0 || !(args[0] == Py_None || (PyList_CheckExact(args[0]) && PyList_GET_SIZE(args[0]) == size))) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_TypeError, "with_header(column, size, header)");
        }
        return NULL;
    }
    PyObject *column = args[0], *made = PyList_New(size);
    for (Py_ssize_t at = 0; made != NULL && at < size; at++) {
        PyObject *headers = column == Py_None ? Py_None : PyList_GET_SIZE(column) == size ? PyList_GET_ITEM(column, at) : Py_False;
        Py_INCREF(headers);
        PyObject **items = NULL, **all = NULL;
        Py_ssize_t length = items_of(headers, &items);
        PyObject *changed = length < 0 ? NULL : new_headers(length + 1, &all);
        if (changed != NULL) {
            length = items_of(headers, &items); /* making it may have run a finalizer */
            if (PyList_GET_SIZE(changed) != length + 1) {
                Py_CLEAR(changed);
            }
        }
        for (Py_ssize_t which = 0; changed != NULL && which <= length; which++) {
            set_item(all, which, Py_NewRef(which < length ? items[which] : args[2]));
        }
        Py_DECREF(headers);
        if (changed == NULL) {
            GIVE_UP(made);
        }
        PyList_SET_ITEM(made, at, changed);
    }
    return made;
}

/* A new header; steals the reference to its value. */
static PyObject *new_header(PyObject *key, PyObject *value, PyObject *schema)
{
    PyObject *made = header_type->tp_alloc(header_type, 0);
    if (made == NULL) {
        Py_DECREF(value);
        return NULL;
    }
    MEMBER(made, key_place) = Py_NewRef(key);
    MEMBER(made, value_place) = value;
    MEMBER(made, schema_place) = Py_NewRef(schema);
    return made;
}

/* headers_of(column, size, names, columns, schemas): lists of their own, behind those that are there a new header for
 * each name, with the values of its column. */
static PyObject *headers_of(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    Py_ssize_t size = count == 5 ? PyLong_AsSsize_t(args[1]) : -1;
    if (size < 0 || !(args[0] == Py_None || (PyList_CheckExact(args[0]) && PyList_GET_SIZE(args[0]) == size)) ||
        !PyTuple_CheckExact(args[2]) || !PyTuple_CheckExact(args[3]) || !PyTuple_CheckExact(args[4]) ||
        PyTuple_GET_SIZE(args[2]) != PyTuple_GET_SIZE(args[3]) || PyTuple_GET_SIZE(args[2]) != PyTuple_GET_SIZE(args[4])) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_TypeError, "headers_of(column, size, names, columns, schemas)");
        }
        return NULL;
    }
    PyObject *column = args[0], *names = args[2], *columns = args[3], *schemas = args[4];
    Py_ssize_t added = PyTuple_GET_SIZE(names);
    for (Py_ssize_t which = 0; which < added; which++) {
        PyObject *given = PyTuple_GET_ITEM(columns, which);
        if (!PyList_CheckExact(given) || PyList_GET_SIZE(given) != size) {
            PyErr_SetString(PyExc_ValueError, "a column has another length than the headers");
            return NULL;
        }
    }
    PyObject *made = PyList_New(size);
    for (Py_ssize_t at = 0; made != NULL && at < size; at++) {
        PyObject *headers = column == Py_None ? Py_None : PyList_GET_SIZE(column) == size ? PyList_GET_ITEM(column, at) : Py_False;
        Py_INCREF(headers);
        PyObject **items = NULL, **all = NULL;
        Py_ssize_t length = items_of(headers, &items);
        PyObject *changed = length < 0 ? NULL : new_headers(length + added, &all);
        if (changed != NULL) {
            length = items_of(headers, &items); /* as above */
            if (PyList_GET_SIZE(changed) != length + added) {
                Py_CLEAR(changed);
            }
        }
        for (Py_ssize_t which = 0; changed != NULL && which < length; which++) {
            set_item(all, which, Py_NewRef(items[which]));
        }
        Py_DECREF(headers);
        for (Py_ssize_t which = 0; changed != NULL && which < added; which++) {
            PyObject *given = PyTuple_GET_ITEM(columns, which);
            PyObject *value = PyList_GET_SIZE(given) == size ? Py_NewRef(PyList_GET_ITEM(given, at)) : Py_NewRef(Py_None);
            PyObject *header = new_header(PyTuple_GET_ITEM(names, which), value, PyTuple_GET_ITEM(schemas, which));
            if (header == NULL) {
                Py_CLEAR(changed);
                break;
            }
            set_item(all, length + which, header);
        }
        if (changed == NULL) {
            GIVE_UP(made);
        }
        PyList_SET_ITEM(made, at, changed);
    }
    return made;
}

#define FAST(function) (PyCFunction)(void (*)(void))function, METH_FASTCALL

PyMethodDef header_methods[] = {
    {"learn_headers", FAST(learn_headers), "Whether the layout of headers is understood."},
    {"header_flags", FAST(header_flags), "Which records have a header."},
    {"without_headers", FAST(without_headers), "Headers without those of some names."},
    {"with_header", FAST(with_header), "Headers, and one more."},
    {"headers_of", FAST(headers_of), "Headers, and new ones of columns."},
    {NULL, NULL, 0, NULL},
};
