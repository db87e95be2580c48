/* JSON without a schema: whole numbers of 64 bits, doubles, text, lists, dicts.
 *
 * What is read here is plain JSON in UTF-8. A payload with anything else is left to Python: text behind the value, zeros
 * before a number or with a minus, numbers that are too large, halves of surrogate pairs, and all that is no JSON. */
#include "native.h"

#include <math.h>

#define DEEPEST 100
#define KEYS 64   /* keys remembered by their place in a row */
#define TABLE 256 /* keys remembered by their bytes; a power of two */
#define LONGEST_KEY 64

typedef struct {
    PyObject *key; /* owned */
    const char *raw; /* its UTF-8, which the key itself holds: only ASCII ones are remembered */
    size_t size;
} KnownKey;

typedef struct {
    const char *at;
    const char *end; /* where the payload's final NUL is */
    int key;         /* how many keys the row has had */
    KnownKey by_place[KEYS];
    KnownKey by_bytes[TABLE];
    Buffer text; /* for text with escapes */
} Reader;

static inline void skip_blanks(Reader *from)
{
    while (*from->at == ' ' || *from->at == '\n' || *from->at == '\r' || *from->at == '\t') {
        from->at++; /* the final NUL ends it */
    }
}

static int hex_of(const char *at)
{
    int made = 0;
    for (int digit = 0; digit < 4; digit++) {
        char found = at[digit];
        int value = found >= '0' && found <= '9'   ? found - '0'
                    : found >= 'a' && found <= 'f' ? found - 'a' + 10
                    : found >= 'A' && found <= 'F' ? found - 'A' + 10
                                                   : -1;
        if (value < 0) {
            return -1; /* the final NUL, too */
        }
        made = made * 16 + value;
    }
    return made;
}

static bool put_character(Buffer *text, Py_UCS4 found)
{
    unsigned char *to = (unsigned char *)text->data + text->size;
    if (found < 0x80) {
        *to++ = (unsigned char)found;
    } else if (found < 0x800) {
        *to++ = (unsigned char)(0xC0 | found >> 6);
        *to++ = (unsigned char)(0x80 | (found & 0x3F));
    } else if (found < 0x10000) {
        *to++ = (unsigned char)(0xE0 | found >> 12);
        *to++ = (unsigned char)(0x80 | (found >> 6 & 0x3F));
        *to++ = (unsigned char)(0x80 | (found & 0x3F));
    } else {
        *to++ = (unsigned char)(0xF0 | found >> 18);
        *to++ = (unsigned char)(0x80 | (found >> 12 & 0x3F));
        *to++ = (unsigned char)(0x80 | (found >> 6 & 0x3F));
        *to++ = (unsigned char)(0x80 | (found & 0x3F));
    }
    text->size = (size_t)((char *)to - text->data);
    return true;
}

/* One escape, of which the backslash is the next character. */
static bool read_escape(Reader *from)
{
    static const char NAMES[] = "\"\\/bfnrt", MEANT[] = "\"\\/\b\f\n\r\t";
    char name = from->at[1];
    from->at += 2;
    if (name == 'u') {
        int unit = hex_of(from->at);
        Py_UCS4 found = (Py_UCS4)unit;
        if (unit < 0 || (unit >= 0xDC00 && unit < 0xE000)) {
            return false;
        }
        from->at += 4;
        if (unit >= 0xD800 && unit < 0xDC00) {
            int low = from->at[0] == '\\' && from->at[1] == 'u' ? hex_of(from->at + 2) : -1;
            if (low < 0xDC00 || low >= 0xE000) {
                return false;
            }
            from->at += 6;
            found = 0x10000 + ((Py_UCS4)(unit - 0xD800) << 10) + (Py_UCS4)(low - 0xDC00);
        }
        return put_character(&from->text, found);
    }
    const char *known = name == 0 ? NULL : strchr(NAMES, name);
    return known != NULL && put_character(&from->text, (unsigned char)MEANT[known - NAMES]);
}

/* Text with escapes, from its first character on. */
static PyObject *read_escaped(Reader *from)
{
    from->text.size = 0;
    while (*from->at != '"') {
        unsigned char found = (unsigned char)*from->at;
        if (found < 0x20 || !buffer_room(&from->text, 8)) {
            return NULL;
        }
        if (found == '\\') {
            if (!read_escape(from)) {
                return NULL;
            }
            continue;
        }
        from->text.data[from->text.size++] = *from->at++;
    }
    from->at++;
    return PyUnicode_DecodeUTF8(from->text.data, (Py_ssize_t)from->text.size, NULL);
}

#define EACH(byte) (0x0101010101010101ULL * (byte))
#define ANY_ZERO(word) (((word)-EACH(1)) & ~(word)&EACH(0x80))

/* How many of the next characters are ASCII that stands for itself. */
static inline size_t plain_run(const char *text, const char *end)
{
    const char *at = text;
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        if (((word & EACH(0x80)) | ((word - EACH(0x20)) & ~word & EACH(0x80)) | ANY_ZERO(word ^ EACH('"')) |
             ANY_ZERO(word ^ EACH('\\'))) != 0) {
            break;
        }
    }
    while ((unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' && *at != '\\') {
        at++; /* the final NUL ends it */
    }
    return (size_t)(at - text);
}

static PyObject *ascii_text(const char *data, size_t size)
{
    PyObject *made = PyUnicode_New((Py_ssize_t)size, 127);
    if (made != NULL && size != 0) {
        memcpy(PyUnicode_1BYTE_DATA(made), data, size);
    }
    return made;
}

/* Text, of which the quote was read. */
static PyObject *read_text(Reader *from)
{
    const char *start = from->at;
    size_t run = plain_run(start, from->end);
    if (start[run] == '"') {
        from->at = start + run + 1;
        return ascii_text(start, run);
    }
    while ((unsigned char)start[run] >= 0x20 && start[run] != '"' && start[run] != '\\') {
        run++;
    }
    if (start[run] != '"') {
        return read_escaped(from);
    }
    from->at = start + run + 1;
    return PyUnicode_DecodeUTF8(start, (Py_ssize_t)run, NULL);
}

static inline bool is_key(const KnownKey *known, const char *raw, size_t left)
{
    return known->key != NULL && known->size < left && raw[known->size] == '"' &&
           memcmp(known->raw, raw, known->size) == 0;
}

static void remember(KnownKey *known, PyObject *key)
{
    Py_INCREF(key);
    Py_XSETREF(known->key, key);
    known->raw = (const char *)PyUnicode_1BYTE_DATA(key);
    known->size = (size_t)PyUnicode_GET_LENGTH(key);
}

/* A key, of which the quote was read. All rows get the same object for the same key, mostly after one comparison. */
static PyObject *read_key(Reader *from)
{
    const char *raw = from->at;
    size_t left = (size_t)(from->end - raw);
    KnownKey *known = from->key < KEYS ? &from->by_place[from->key++] : NULL;
    if (known != NULL && is_key(known, raw, left)) {
        from->at = raw + known->size + 1;
        return Py_NewRef(known->key);
    }
    size_t run = plain_run(raw, from->end);
    if (raw[run] != '"' || run > LONGEST_KEY) {
        return read_text(from);
    }
    uint32_t hash = 2166136261u;
    for (size_t at = 0; at < run; at++) {
        hash = (hash ^ (unsigned char)raw[at]) * 16777619u;
    }
    KnownKey *same = &from->by_bytes[hash & (TABLE - 1)];
    if (!is_key(same, raw, left)) {
        PyObject *key = ascii_text(raw, run);
        if (key == NULL) {
            return NULL;
        }
        remember(same, key);
        Py_DECREF(key);
    }
    if (known != NULL) {
        remember(known, same->key);
    }
    from->at = raw + run + 1;
    return Py_NewRef(same->key);
}

static const double TENS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                              1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

#define MOST_DIGITS 18 /* that a 64-bit number always has room for */
#define EXACT (1ULL << 53)

static inline bool is_digit(char found)
{
    return found >= '0' && found <= '9';
}

/* A fraction: exactly, if it has few digits, else by the library; NULL for one that is none, infinite, or -0. */
static PyObject *read_fraction(const char *start, const char *end, bool negative, uint64_t digits, int count, int exponent)
{
    double made;
    if (digits == 0 && negative) {
        return NULL;
    }
    if (count <= MOST_DIGITS && digits <= EXACT && exponent >= -22 && exponent <= 22) {
        made = exponent < 0 ? (double)digits / TENS[-exponent] : (double)digits * TENS[exponent];
        return PyFloat_FromDouble(negative ? -made : made);
    }
    char *stop;
    made = PyOS_string_to_double(start, &stop, NULL);
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return NULL;
    }
    return stop != end || isinf(made) || made == 0.0 ? NULL : PyFloat_FromDouble(made);
}

static PyObject *read_number(Reader *from)
{
    const char *start = from->at, *at = start;
    bool negative = *at == '-';
    at += negative;
    const char *first = at;
    uint64_t digits = 0;
    int count = 0, places = 0, exponent = 0;
    for (; is_digit(*at); at++, count++) {
        digits = count < MOST_DIGITS ? digits * 10 + (uint64_t)(*at - '0') : 0;
    }
    if (count == 0 || (count > 1 && *first == '0')) {
        return NULL;
    }
    if (*at != '.' && *at != 'e' && *at != 'E') {
        from->at = at;
        if (count > MOST_DIGITS) {
            return NULL;
        }
        return PyLong_FromLongLong(negative ? -(int64_t)digits : (int64_t)digits);
    }
    if (*at == '.') {
        const char *point = at++;
        for (; is_digit(*at); at++, count++) {
            digits = count < MOST_DIGITS ? digits * 10 + (uint64_t)(*at - '0') : 0;
        }
        places = (int)(at - point - 1);
        if (places == 0) {
            return NULL;
        }
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        int sign = *at == '-' ? -1 : 1;
        at += *at == '-' || *at == '+';
        const char *power = at;
        for (; is_digit(*at); at++) {
            exponent = exponent < 10000 ? exponent * 10 + (*at - '0') : exponent;
        }
        if (at == power) {
            return NULL;
        }
        exponent *= sign;
    }
    from->at = at;
    return read_fraction(start, at, negative, digits, count, exponent - places);
}

static PyObject *read_value(Reader *from, int depth);

static PyObject *read_object(Reader *from, int depth)
{
    PyObject *made = PyDict_New();
    skip_blanks(from);
    if (made == NULL || *from->at == '}') {
        from->at++;
        return made;
    }
    while (*from->at == '"') {
        from->at++;
        PyObject *key = read_key(from), *value = NULL;
        if (key == NULL) {
            break;
        }
        skip_blanks(from);
        if (*from->at == ':') {
            from->at++;
            value = read_value(from, depth + 1);
        }
        int failed = value == NULL || PyDict_SetItem(made, key, value) < 0;
        Py_DECREF(key);
        Py_XDECREF(value);
        if (failed) {
            break;
        }
        skip_blanks(from);
        if (*from->at == '}') {
            from->at++;
            return made;
        }
        if (*from->at != ',') {
            break;
        }
        from->at++;
        skip_blanks(from);
    }
    Py_DECREF(made);
    return NULL;
}

static PyObject *read_array(Reader *from, int depth)
{
    PyObject *made = PyList_New(0);
    skip_blanks(from);
    if (made == NULL || *from->at == ']') {
        from->at++;
        return made;
    }
    for (;;) {
        PyObject *value = read_value(from, depth + 1);
        int failed = value == NULL || PyList_Append(made, value) < 0;
        Py_XDECREF(value);
        if (failed) {
            break;
        }
        skip_blanks(from);
        if (*from->at == ']') {
            from->at++;
            return made;
        }
        if (*from->at != ',') {
            break;
        }
        from->at++;
    }
    Py_DECREF(made);
    return NULL;
}

static PyObject *read_word(Reader *from, const char *word, size_t size, PyObject *meant)
{
    if ((size_t)(from->end - from->at) < size || memcmp(from->at, word, size) != 0) {
        return NULL;
    }
    from->at += size;
    return Py_NewRef(meant);
}

/* A value; NULL where that is not for us, or with an exception. */
static PyObject *read_value(Reader *from, int depth)
{
    skip_blanks(from);
    switch (*from->at) {
    case '"':
        from->at++;
        return read_text(from);
    case '{':
        from->at++;
        return depth < DEEPEST ? read_object(from, depth) : NULL;
    case '[':
        from->at++;
        return depth < DEEPEST ? read_array(from, depth) : NULL;
    case 't':
        return read_word(from, "true", 4, Py_True);
    case 'f':
        return read_word(from, "false", 5, Py_False);
    case 'n':
        return read_word(from, "null", 4, Py_None);
    default:
        return read_number(from);
    }
}

static PyObject *read_payload(Reader *from, PyObject *payload)
{
    from->at = PyBytes_AS_STRING(payload);
    from->end = from->at + PyBytes_GET_SIZE(payload);
    from->key = 0;
    PyObject *value = read_value(from, 0);
    if (value != NULL) {
        skip_blanks(from);
        if (from->at != from->end) {
            Py_CLEAR(value);
        }
    }
    if (value == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyErr_Clear(); /* Python says what is wrong */
    }
    return value;
}

/* json_values(payloads): the value of each, None for a null, Ellipsis for one that Python has to read; and whether there
 * is one. */
static PyObject *json_values(PyObject *Py_UNUSED(module), PyObject *payloads)
{
    if (!PyList_CheckExact(payloads)) {
        PyErr_SetString(PyExc_TypeError, "json_values(payloads)");
        return NULL;
    }
    Py_ssize_t size = PyList_GET_SIZE(payloads);
    Reader *from = PyMem_Calloc(1, sizeof(Reader));
    if (from == NULL) {
        return PyErr_NoMemory();
    }
    bool left = false;
    PyObject *values = PyList_New(size);
    for (Py_ssize_t at = 0; values != NULL && at < size; at++) {
        PyObject *payload = Py_NewRef(PyList_GET_SIZE(payloads) == size ? PyList_GET_ITEM(payloads, at) : Py_False);
        PyObject *value = payload == Py_None             ? Py_NewRef(payload)
                          : PyBytes_CheckExact(payload) ? read_payload(from, payload)
                                                         : NULL;
        Py_DECREF(payload);
        if (value == NULL) {
            if (PyErr_Occurred()) {
                Py_CLEAR(values);
                break;
            }
            left = true;
            value = Py_NewRef(Py_Ellipsis);
        }
        PyList_SET_ITEM(values, at, value);
    }
    buffer_free(&from->text);
    for (int at = 0; at < KEYS; at++) {
        Py_XDECREF(from->by_place[at].key);
    }
    for (int at = 0; at < TABLE; at++) {
        Py_XDECREF(from->by_bytes[at].key);
    }
    PyMem_Free(from);
    return values == NULL ? NULL : Py_BuildValue("(NO)", values, left ? Py_True : Py_False);
}

PyMethodDef json_read_methods[] = {
    {"json_values", (PyCFunction)json_values, METH_O, "JSON as values."},
    {NULL, NULL, 0, NULL},
};
