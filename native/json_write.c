/* JSON of schemaless values, byte for byte as the JVM's converter writes it.
 *
 * Done here is what is plain: dicts with text for keys, lists, text, 64-bit integers, truth values, null, and floats
 * that are written without an exponent. A row with anything else is left to Python. */
#include "native.h"

#define DEEPEST 100

static const char HEX[] = "0123456789ABCDEF";
static const char SHORT[] = "\b\t\n\f\r\"\\";
static const char LETTERS[] = "btnfr\"\\";

static bool put_escaped(Buffer *out, unsigned char found)
{
    if (!buffer_room(out, 6)) {
        return false;
    }
    char *to = out->data + out->size;
    const char *known = found == 0 ? NULL : strchr(SHORT, found);
    *to++ = '\\';
    if (known != NULL) {
        *to = LETTERS[known - SHORT];
        out->size += 2;
        return true;
    }
    memcpy(to, "u00", 3);
    to[3] = HEX[found >> 4];
    to[4] = HEX[found & 15];
    out->size += 6;
    return true;
}

static inline bool is_plain(unsigned char found)
{
    return found >= 0x20 && found != '"' && found != '\\';
}

#define EACH(byte) (0x0101010101010101ULL * (byte))
#define ANY_ZERO(word) (((word)-EACH(1)) & ~(word)&EACH(0x80))

/* Whether one of eight ASCII characters has to be escaped. */
static inline bool odd_eight(uint64_t word)
{
    return (((word - EACH(0x20)) & ~word & EACH(0x80)) | ANY_ZERO(word ^ EACH('"')) | ANY_ZERO(word ^ EACH('\\'))) != 0;
}

/* How many characters from `at` on are written as they are. */
static size_t plain_run(const char *text, size_t at, size_t size)
{
    size_t start = at;
    uint64_t word;
    for (; size - at >= 8; at += 8) {
        memcpy(&word, text + at, 8);
        if (odd_eight(word)) {
            break;
        }
    }
    if (size - at < 8 && size >= 8) { /* the last eight, some of which were looked at already */
        memcpy(&word, text + size - 8, 8);
        if (!odd_eight(word)) {
            return size - start;
        }
    }
    while (at < size && is_plain((unsigned char)text[at])) {
        at++;
    }
    return at - start;
}

static bool put_ascii(Buffer *out, const char *text, size_t size)
{
    for (size_t at = 0; at <= size; at++) {
        size_t run = plain_run(text, at, size);
        if (!buffer_room(out, run + 8)) {
            return false;
        }
        memcpy(out->data + out->size, text + at, run);
        out->size += run;
        at += run;
        if (at < size && !put_escaped(out, (unsigned char)text[at])) {
            return false;
        }
    }
    return true;
}

static bool put_unicode(Buffer *out, PyObject *text)
{
    int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    Py_ssize_t size = PyUnicode_GET_LENGTH(text);
    for (Py_ssize_t at = 0; at < size; at++) {
        Py_UCS4 found = PyUnicode_READ(kind, data, at);
        if (found < 0x80 && !is_plain((unsigned char)found)) {
            if (!put_escaped(out, (unsigned char)found)) {
                return false;
            }
            continue;
        }
        if ((found >= 0xD800 && found < 0xE000) || !buffer_room(out, 12)) {
            return false;
        }
        char *to = out->data + out->size;
        if (found < 0x80) {
            *to++ = (char)found;
        } else if (found < 0x800) {
            *to++ = (char)(0xC0 | found >> 6);
            *to++ = (char)(0x80 | (found & 0x3F));
        } else if (found < 0x10000) {
            *to++ = (char)(0xE0 | found >> 12);
            *to++ = (char)(0x80 | (found >> 6 & 0x3F));
            *to++ = (char)(0x80 | (found & 0x3F));
        } else { /* escaped, as two halves */
            Py_UCS4 rest = found - 0x10000;
            Py_UCS4 halves[2] = {0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF)};
            for (int half = 0; half < 2; half++) {
                *to++ = '\\';
                *to++ = 'u';
                for (int shift = 12; shift >= 0; shift -= 4) {
                    *to++ = HEX[halves[half] >> shift & 15];
                }
            }
        }
        out->size = (size_t)(to - out->data);
    }
    return buffer_room(out, 2);
}

static bool put_text(Buffer *out, PyObject *text)
{
    if (!buffer_room(out, 1)) {
        return false;
    }
    out->data[out->size++] = '"';
    bool done = PyUnicode_IS_COMPACT_ASCII(text)
                    ? put_ascii(out, PyUnicode_DATA(text), (size_t)PyUnicode_GET_LENGTH(text))
                    : put_unicode(out, text);
    if (done) {
        out->data[out->size++] = '"';
    }
    return done;
}

static bool put_word(Buffer *out, const char *word, size_t size)
{
    if (!buffer_room(out, size)) {
        return false;
    }
    memcpy(out->data + out->size, word, size);
    out->size += size;
    return true;
}

/* A key as it was written in the row before, quoted, the colon behind it. */
#define KEYS 64
#define LONGEST_KEY 40

typedef struct {
    PyObject *key; /* owned: as long as it is compared with */
    size_t size;
    char text[LONGEST_KEY];
} KnownKey;

typedef struct {
    Buffer out;
    int at; /* how many keys the row has had */
    KnownKey keys[KEYS];
} Writer;

static bool put_value(Writer *to, PyObject *value, int depth);

/* A key and its colon. Rows of a column mostly have the same keys in the same order: then it is there already. */
static bool put_key(Writer *to, PyObject *key)
{
    Buffer *out = &to->out;
    KnownKey *known = to->at < KEYS ? &to->keys[to->at++] : NULL;
    if (known != NULL && known->key == key) {
        if (!buffer_room(out, LONGEST_KEY)) {
            return false;
        }
        memcpy(out->data + out->size, known->text, LONGEST_KEY);
        out->size += known->size;
        return true;
    }
    size_t start = out->size;
    if (!PyUnicode_CheckExact(key) || !put_text(out, key) || !put_word(out, ":", 1)) {
        return false;
    }
    if (known != NULL && out->size - start <= LONGEST_KEY) {
        known->size = out->size - start;
        memcpy(known->text, out->data + start, known->size);
        Py_INCREF(key);
        Py_XSETREF(known->key, key); /* exact text: letting go of it runs nothing of Python's */
    }
    return true;
}

static bool put_dict(Writer *to, PyObject *row, int depth)
{
    PyObject *key, *value;
    Py_ssize_t place = 0;
    char before = '{';
    while (PyDict_Next(row, &place, &key, &value)) {
        if (!put_word(&to->out, &before, 1) || !put_key(to, key) || !put_value(to, value, depth + 1)) {
            return false;
        }
        before = ',';
    }
    return before == '{' ? put_word(&to->out, "{}", 2) : put_word(&to->out, "}", 1);
}

static bool put_list(Writer *to, PyObject *items, int depth)
{
    Py_ssize_t size = PyList_GET_SIZE(items);
    if (!put_word(&to->out, "[", 1)) {
        return false;
    }
    for (Py_ssize_t at = 0; at < size; at++) {
        if ((at && !put_word(&to->out, ",", 1)) || !put_value(to, PyList_GET_ITEM(items, at), depth + 1)) {
            return false;
        }
    }
    return put_word(&to->out, "]", 1);
}

/* Nothing of Python runs in here, so that borrowed references are safe. */
static bool put_value(Writer *to, PyObject *value, int depth)
{
    Buffer *out = &to->out;
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyUnicode_Type) {
        return put_text(out, value);
    }
    if (type == &PyLong_Type || is_integer_class(type)) {
        int overflow;
        int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow);
        if (overflow || !buffer_room(out, 40)) {
            return false;
        }
        out->size += write_int64(out->data + out->size, number);
        return true;
    }
    if (type == &PyFloat_Type) {
        size_t size = buffer_room(out, 40) ? write_double(out->data + out->size, PyFloat_AS_DOUBLE(value), true) : 0;
        out->size += size;
        return size != 0;
    }
    if (type == &PyBool_Type) {
        return value == Py_True ? put_word(out, "true", 4) : put_word(out, "false", 5);
    }
    if (value == Py_None) {
        return put_word(out, "null", 4);
    }
    if (type == &PyDict_Type) {
        return depth < DEEPEST && put_dict(to, value, depth);
    }
    return type == &PyList_Type && depth < DEEPEST && put_list(to, value, depth);
}

/* json_texts(values, head): the text of each value, opened by `head` and closed by a brace if there is one, None for a
 * null; and whether None stands for a row that Python has to write, too. */
static PyObject *json_texts(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyList_CheckExact(args[0]) || !PyBytes_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "json_texts(values, head)");
        return NULL;
    }
    PyObject *values = args[0];
    Py_ssize_t size = PyList_GET_SIZE(values), head = PyBytes_GET_SIZE(args[1]);
    Writer *to = PyMem_Calloc(1, sizeof(Writer));
    if (to == NULL) {
        return PyErr_NoMemory();
    }
    bool left = false;
    PyObject *texts = PyList_New(size);
    for (Py_ssize_t at = 0; texts != NULL && at < size; at++) {
        PyObject *value = PyList_GET_ITEM(values, at);
        PyObject *text = Py_None;
        to->out.size = 0;
        to->at = 0;
        if (value != Py_None) {
            if (put_word(&to->out, PyBytes_AS_STRING(args[1]), (size_t)head) && put_value(to, value, 0) &&
                (head == 0 || put_word(&to->out, "}", 1))) {
                text = PyBytes_FromStringAndSize(to->out.data, (Py_ssize_t)to->out.size);
            } else {
                left = true;
            }
            if (text == NULL || PyErr_Occurred()) {
                Py_CLEAR(texts);
                break;
            }
        }
        PyList_SET_ITEM(texts, at, text == Py_None ? Py_NewRef(text) : text);
    }
    buffer_free(&to->out);
    for (int at = 0; at < KEYS; at++) {
        Py_XDECREF(to->keys[at].key);
    }
    PyMem_Free(to);
    return texts == NULL ? NULL : Py_BuildValue("(NO)", texts, left ? Py_True : Py_False);
}

PyMethodDef json_write_methods[] = {
    {"json_texts", (PyCFunction)(void (*)(void))json_texts, METH_FASTCALL, "Values as JSON."},
    {NULL, NULL, 0, NULL},
};
