/* The module barnabas._native, and what its parts share. */
#include "native.h"

Field *fields_new(PyObject *names)
{
    Py_ssize_t count = PyTuple_GET_SIZE(names);
    Field *fields = PyMem_Calloc((size_t)count + 1, sizeof(Field));
    if (fields == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t at = 0; at < count; at++) {
        fields[at].name = PyTuple_GET_ITEM(names, at);
        if (!PyUnicode_CheckExact(fields[at].name)) {
            PyMem_Free(fields);
            PyErr_SetString(PyExc_TypeError, "names have to be text");
            return NULL;
        }
    }
    return fields;
}

void fields_free(Field *fields, Py_ssize_t count)
{
    if (fields == NULL) {
        return;
    }
    for (Py_ssize_t at = 0; at < count; at++) {
        Py_XDECREF(fields[at].seen);
    }
    PyMem_Free(fields);
}

/* Rows of one column mostly have their members at the same places, and the very same objects as keys: so that a look
 * at the place where the last row had it is enough. `place` is a position of PyDict_Next, which checks its bounds. */
#define LEARNING 8

static void learn(Field *field, PyObject *row)
{
    PyObject *key, *value;
    Py_ssize_t place = 0, next = 0;
    while (PyDict_Next(row, &next, &key, &value)) {
        if (PyUnicode_CheckExact(key) && PyUnicode_Compare(key, field->name) == 0) {
            Py_INCREF(key);
            Py_XSETREF(field->seen, key);
            field->place = place;
            return;
        }
        place = next;
    }
}

PyObject *field_of(Field *field, PyObject *row)
{
    PyObject *key, *value;
    Py_ssize_t place = field->place;
    if (field->seen != NULL && PyDict_Next(row, &place, &key, &value) && key == field->seen) {
        return value;
    }
    value = PyDict_GetItemWithError(row, field->name);
    if (value != NULL && field->learned < LEARNING) {
        field->learned++;
        learn(field, row);
    }
    return value;
}

bool buffer_grow(Buffer *buffer, size_t more)
{
    size_t room = buffer->room * 2 + more + 256;
    char *data = PyMem_Realloc(buffer->data, room);
    if (data == NULL) {
        PyErr_NoMemory();
        return false;
    }
    buffer->data = data;
    buffer->room = room;
    return true;
}

void buffer_free(Buffer *buffer)
{
    PyMem_Free(buffer->data);
    buffer->data = NULL;
    buffer->size = buffer->room = 0;
}

#define INTEGER_CLASSES 8

static PyTypeObject *integer_classes[INTEGER_CLASSES];

bool is_integer_class(PyTypeObject *type)
{
    for (int at = 0; at < INTEGER_CLASSES && integer_classes[at] != NULL; at++) {
        if (integer_classes[at] == type) {
            return true;
        }
    }
    return false;
}

/* learn_integers(types): which classes are 64-bit integers as int is; kept for the life of the process. */
static PyObject *learn_integers(PyObject *Py_UNUSED(module), PyObject *types)
{
    if (!PyTuple_CheckExact(types) || PyTuple_GET_SIZE(types) > INTEGER_CLASSES) {
        PyErr_SetString(PyExc_TypeError, "learn_integers(types)");
        return NULL;
    }
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(types); at++) {
        PyObject *type = PyTuple_GET_ITEM(types, at);
        if (!PyType_Check(type) || !PyType_IsSubtype((PyTypeObject *)type, &PyLong_Type)) {
            PyErr_SetString(PyExc_TypeError, "a class of integers is needed");
            return NULL;
        }
        Py_INCREF(type);
        Py_XSETREF(integer_classes[at], (PyTypeObject *)type);
    }
    Py_RETURN_NONE;
}

static PyMethodDef module_methods[] = {
    {"learn_integers", (PyCFunction)learn_integers, METH_O, "Which classes are 64-bit integers."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "barnabas._native",
    .m_doc = "Columns of rows, compiled: what barnabas._columns does in Python where this is missing.",
    .m_size = -1,
    .m_methods = module_methods,
};

PyMODINIT_FUNC PyInit__native(void)
{
    PyMethodDef *parts[] = {fetch_methods, row_methods,  flat_methods,       cast_methods,      header_methods,
                            json_write_methods, json_read_methods, java_text_methods,
                            avro_plan_methods, avro_read_methods, avro_write_methods,
                            page_methods};
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL) {
        return NULL;
    }
    for (size_t at = 0; at < sizeof parts / sizeof *parts; at++) {
        if (PyModule_AddFunctions(module, parts[at]) < 0) {
            Py_DECREF(module);
            return NULL;
        }
    }
    if (casts_ready() < 0 || PyModule_AddIntConstant(module, "REVISION", BARNABAS_REVISION) < 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
