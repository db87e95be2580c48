/* Values without a schema as Java's toString gives them: {a=1, b=[2, null]}.
 *
 * Maps are printed in their own order, or in that of a java.util.HashMap that they were put into one by one. */
#include "native.h"

#define DEEPEST 100
#define WIDEST 64 /* members of a map whose order is looked for here */
#define KEYS 64

typedef struct {
    PyObject *key; /* owned: as long as it is compared with */
    uint32_t hash; /* spread, as HashMap does it */
} KnownHash;

typedef struct {
    Buffer out;
    bool hashed;
    int at; /* how many keys the row has had */
    KnownHash known[KEYS];
} Printer;

/* UTF-8; false for half of a surrogate pair, which has none. */
static bool print_text(Buffer *out, PyObject *text)
{
    Py_ssize_t size = PyUnicode_GET_LENGTH(text);
    const void *data = PyUnicode_DATA(text);
    if (PyUnicode_IS_COMPACT_ASCII(text)) {
        if (!buffer_room(out, (size_t)size)) {
            return false;
        }
        memcpy(out->data + out->size, data, (size_t)size);
        out->size += (size_t)size;
        return true;
    }
    int kind = PyUnicode_KIND(text);
    if (!buffer_room(out, (size_t)size * 4)) {
        return false;
    }
    unsigned char *to = (unsigned char *)out->data + out->size;
    for (Py_ssize_t at = 0; at < size; at++) {
        Py_UCS4 found = PyUnicode_READ(kind, data, at);
        if (found < 0x80) {
            *to++ = (unsigned char)found;
            continue;
        }
        if (found >= 0xD800 && found < 0xE000) {
            return false;
        }
        int more = found < 0x800 ? 1 : found < 0x10000 ? 2 : 3;
        static const unsigned char LEADS[] = {0, 0xC0, 0xE0, 0xF0};
        *to++ = (unsigned char)(LEADS[more] | found >> (6 * more));
        while (more-- > 0) {
            *to++ = (unsigned char)(0x80 | (found >> (6 * more) & 0x3F));
        }
    }
    out->size = (size_t)((char *)to - out->data);
    return true;
}

static bool print_word(Buffer *out, const char *word, size_t size)
{
    if (!buffer_room(out, size)) {
        return false;
    }
    memcpy(out->data + out->size, word, size);
    out->size += size;
    return true;
}

/* String.hashCode, and HashMap's spreading of it. */
static uint32_t hash_of(PyObject *key)
{
    int kind = PyUnicode_KIND(key);
    const void *data = PyUnicode_DATA(key);
    uint32_t code = 0;
    for (Py_ssize_t at = 0; at < PyUnicode_GET_LENGTH(key); at++) {
        Py_UCS4 found = PyUnicode_READ(kind, data, at);
        if (found >= 0x10000) {
            code = code * 31 + 0xD800 + ((found - 0x10000) >> 10);
            found = 0xDC00 + ((found - 0x10000) & 0x3FF);
        }
        code = code * 31 + found;
    }
    return code ^ code >> 16;
}

static uint32_t known_hash(Printer *to, PyObject *key)
{
    KnownHash *known = to->at < KEYS ? &to->known[to->at++] : NULL;
    if (known == NULL) {
        return hash_of(key);
    }
    if (known->key != key) {
        Py_INCREF(key);
        Py_XSETREF(known->key, key);
        known->hash = hash_of(key);
    }
    return known->hash;
}

static bool print_value(Printer *to, PyObject *value, int depth);

static bool print_member(Printer *to, PyObject *key, PyObject *value, bool first, int depth)
{
    return (first || print_word(&to->out, ", ", 2)) && print_text(&to->out, key) && print_word(&to->out, "=", 1) &&
           print_value(to, value, depth + 1);
}

static bool print_hashed(Printer *to, PyObject *row, int depth)
{
    struct {
        PyObject *key, *value;
        uint32_t bucket;
    } members[WIDEST];
    PyObject *key, *value;
    Py_ssize_t place = 0, size = PyDict_GET_SIZE(row), count = 0;
    uint32_t capacity = 16;
    if (size > WIDEST) {
        return false;
    }
    while ((uint32_t)size * 4 > capacity * 3) {
        capacity *= 2;
    }
    while (PyDict_Next(row, &place, &key, &value)) {
        if (!PyUnicode_CheckExact(key)) {
            return false;
        }
        uint32_t bucket = known_hash(to, key) & (capacity - 1);
        Py_ssize_t at = count++;
        for (; at > 0 && members[at - 1].bucket > bucket; at--) {
            members[at] = members[at - 1];
        }
        members[at].key = key;
        members[at].value = value;
        members[at].bucket = bucket;
    }
    for (Py_ssize_t at = 0; at < count; at++) {
        if (!print_member(to, members[at].key, members[at].value, at == 0, depth)) {
            return false;
        }
    }
    return true;
}

static bool print_map(Printer *to, PyObject *row, int depth)
{
    PyObject *key, *value;
    Py_ssize_t place = 0;
    bool first = true;
    if (!print_word(&to->out, "{", 1)) {
        return false;
    }
    if (to->hashed) {
        return print_hashed(to, row, depth) && print_word(&to->out, "}", 1);
    }
    while (PyDict_Next(row, &place, &key, &value)) {
        if (!PyUnicode_CheckExact(key) || !print_member(to, key, value, first, depth)) {
            return false;
        }
        first = false;
    }
    return print_word(&to->out, "}", 1);
}

static bool print_list(Printer *to, PyObject *items, int depth)
{
    Py_ssize_t size = PyList_GET_SIZE(items);
    if (!print_word(&to->out, "[", 1)) {
        return false;
    }
    for (Py_ssize_t at = 0; at < size; at++) {
        if ((at && !print_word(&to->out, ", ", 2)) || !print_value(to, PyList_GET_ITEM(items, at), depth + 1)) {
            return false;
        }
    }
    return print_word(&to->out, "]", 1);
}

/* Nothing of Python runs in here, so that borrowed references are safe. */
static bool print_value(Printer *to, PyObject *value, int depth)
{
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyUnicode_Type) {
        return print_text(&to->out, value);
    }
    if (type == &PyLong_Type || is_integer_class(type)) {
        int overflow;
        int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow);
        if (overflow || !buffer_room(&to->out, 40)) {
            return false;
        }
        to->out.size += write_int64(to->out.data + to->out.size, number);
        return true;
    }
    if (type == &PyFloat_Type) {
        size_t size = 0;
        if (buffer_room(&to->out, 40)) {
            size = write_double(to->out.data + to->out.size, PyFloat_AS_DOUBLE(value), false);
        }
        to->out.size += size;
        return size != 0;
    }
    if (type == &PyBool_Type) {
        return value == Py_True ? print_word(&to->out, "true", 4) : print_word(&to->out, "false", 5);
    }
    if (value == Py_None) {
        return print_word(&to->out, "null", 4);
    }
    if (type == &PyDict_Type) {
        return depth < DEEPEST && print_map(to, value, depth);
    }
    return type == &PyList_Type && depth < DEEPEST && print_list(to, value, depth);
}

/* java_texts(values, hashed): the text of each value, None for one that Python has to print; and whether there is one. */
static PyObject *java_texts(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyList_CheckExact(args[0])) {
        PyErr_SetString(PyExc_TypeError, "java_texts(values, hashed)");
        return NULL;
    }
    PyObject *values = args[0];
    Py_ssize_t size = PyList_GET_SIZE(values);
    Printer *to = PyMem_Calloc(1, sizeof(Printer));
    if (to == NULL) {
        return PyErr_NoMemory();
    }
    to->hashed = args[1] == Py_True;
    bool left = false;
    PyObject *texts = PyList_New(size);
    for (Py_ssize_t at = 0; texts != NULL && at < size; at++) {
        PyObject *value = PyList_GET_ITEM(values, at), *text = NULL;
        to->out.size = 0;
        to->at = 0;
        if (PyUnicode_CheckExact(value)) {
            text = Py_NewRef(value);
        } else if (print_value(to, value, 0)) {
            text = PyUnicode_DecodeUTF8(to->out.data, (Py_ssize_t)to->out.size, NULL);
        } else if (!PyErr_Occurred()) {
            left = true;
            text = Py_NewRef(Py_None);
        }
        if (text == NULL) {
            Py_CLEAR(texts);
            break;
        }
        PyList_SET_ITEM(texts, at, text);
    }
    buffer_free(&to->out);
    for (int at = 0; at < KEYS; at++) {
        Py_XDECREF(to->known[at].key);
    }
    PyMem_Free(to);
    return texts == NULL ? NULL : Py_BuildValue("(NO)", texts, left ? Py_True : Py_False);
}

PyMethodDef java_text_methods[] = {
    {"java_texts", (PyCFunction)(void (*)(void))java_texts, METH_FASTCALL, "Values as Java prints them."},
    {NULL, NULL, 0, NULL},
};
