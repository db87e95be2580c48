/* Messages of librdkafka as columns, without an object for each.
 *
 * fetch(functions, queue, most, timeout_ms) waits until the queue has something, takes at most so many messages and gives
 *
 *     (values, keys, offsets, timestamps, kinds, headers, runs, errors)
 *
 * values, keys: lists of bytes and None; keys is None where no message has one. offsets, timestamps: 64-bit numbers in
 * bytes of the machine's order. kinds: a byte each, who set the timestamp. headers: a list with a list of pairs, or None,
 * for each message; None where no message has any. runs: (topic, partition, count) of neighbours. errors: what came
 * instead of messages, as (code, topic or None, partition, offset, text); they are in no column.
 *
 * The library is not linked: its functions come as a tuple of addresses. The GIL is released while it is waited for. The
 * layout of rd_kafka_message_t is part of the library's public interface.
 */
#include "native.h"

#include <string.h>

typedef struct {
    int err;
    void *rkt;
    int32_t partition;
    void *payload;
    size_t len;
    void *key;
    size_t key_len;
    int64_t offset;
    void *opaque;
} Message;

typedef struct {
    Py_ssize_t (*consume_batch_queue)(void *queue, int timeout_ms, Message **messages, size_t size);
    void (*destroy)(Message *message);
    int64_t (*timestamp)(const Message *message, int *kind);
    int (*headers)(const Message *message, void **headers);
    int (*header_get_all)(const void *headers, size_t at, const char **name, const void **value, size_t *size);
    const char *(*topic_name)(const void *topic);
    const char *(*errstr)(const Message *message);
} Library;

enum { FUNCTIONS = 7, MOST = 1 << 20 };

typedef struct {
    PyObject *values, *keys, *offsets, *timestamps, *kinds, *headers, *runs, *errors;
    Py_ssize_t count; /* messages in the columns so far */
    Py_ssize_t run;   /* where the present run began */
    const void *topic; /* the library's own object for it: the same for neighbours */
    PyObject *name;
    int32_t partition;
} Columns;

static int library_of(PyObject *addresses, Library *library)
{
    void **slots = (void **)library;
    if (!PyTuple_CheckExact(addresses) || PyTuple_GET_SIZE(addresses) != FUNCTIONS) {
        PyErr_SetString(PyExc_TypeError, "a tuple with the address of each function is needed");
        return -1;
    }
    for (Py_ssize_t at = 0; at < FUNCTIONS; at++) {
        slots[at] = PyLong_AsVoidPtr(PyTuple_GET_ITEM(addresses, at));
        if (slots[at] == NULL) {
            if (!PyErr_Occurred()) {
                PyErr_SetString(PyExc_ValueError, "a function has no address");
            }
            return -1;
        }
    }
    return 0;
}

static PyObject *bytes_of(const void *data, size_t size)
{
    if (data == NULL) {
        Py_RETURN_NONE;
    }
    return PyBytes_FromStringAndSize(data, (Py_ssize_t)size);
}

/* The pairs of one message; None where it has none. */
static PyObject *pairs_of(const Library *library, const Message *message)
{
    void *headers = NULL;
    const char *name;
    const void *value;
    size_t size;
    if (library->headers(message, &headers) != 0) {
        Py_RETURN_NONE;
    }
    PyObject *pairs = PyList_New(0);
    for (size_t at = 0; pairs != NULL && library->header_get_all(headers, at, &name, &value, &size) == 0; at++) {
        PyObject *text = PyUnicode_DecodeUTF8(name, (Py_ssize_t)strlen(name), "replace");
        PyObject *data = text == NULL ? NULL : bytes_of(value, size);
        PyObject *pair = data == NULL ? NULL : PyTuple_Pack(2, text, data);
        Py_XDECREF(text);
        Py_XDECREF(data);
        if (pair == NULL || PyList_Append(pairs, pair) < 0) {
            Py_CLEAR(pairs);
        }
        Py_XDECREF(pair);
    }
    return pairs;
}

/* A column that only some messages have something for: made, with None for those before, when the first has. Takes the
 * reference to `item`. */
static int put_rare(PyObject **column, Py_ssize_t at, Py_ssize_t room, PyObject *item)
{
    if (item == NULL) {
        return -1;
    }
    if (*column == NULL && item != Py_None) {
        *column = PyList_New(room);
        if (*column == NULL) {
            Py_DECREF(item);
            return -1;
        }
        for (Py_ssize_t before = 0; before < at; before++) {
            Py_INCREF(Py_None);
            PyList_SET_ITEM(*column, before, Py_None);
        }
    }
    if (*column == NULL) {
        Py_DECREF(item);
    } else {
        PyList_SET_ITEM(*column, at, item);
    }
    return 0;
}

static int end_run(Columns *columns)
{
    if (columns->count == columns->run) {
        return 0;
    }
    PyObject *run = Py_BuildValue("Oin", columns->name, (int)columns->partition, columns->count - columns->run);
    int result = run == NULL ? -1 : PyList_Append(columns->runs, run);
    Py_XDECREF(run);
    columns->run = columns->count;
    return result;
}

static int see_place(Columns *columns, const Library *library, const Message *message)
{
    if (columns->topic == message->rkt && columns->partition == message->partition) {
        return 0;
    }
    if (end_run(columns) < 0) {
        return -1;
    }
    if (columns->topic != message->rkt) {
        PyObject *name = PyUnicode_FromString(library->topic_name(message->rkt));
        if (name == NULL) {
            return -1;
        }
        PyUnicode_InternInPlace(&name);
        Py_XSETREF(columns->name, name);
        columns->topic = message->rkt;
    }
    columns->partition = message->partition;
    return 0;
}

static int put_error(Columns *columns, const Library *library, const Message *message)
{
    const char *topic = message->rkt == NULL ? NULL : library->topic_name(message->rkt);
    const char *text = library->errstr(message);
    PyObject *error = Py_BuildValue("iziLz", message->err, topic, (int)message->partition, (long long)message->offset, text);
    int result = error == NULL ? -1 : PyList_Append(columns->errors, error);
    Py_XDECREF(error);
    return result;
}

static int put_message(Columns *columns, const Library *library, const Message *message, Py_ssize_t room)
{
    Py_ssize_t at = columns->count;
    int kind = 0;
    if (see_place(columns, library, message) < 0) {
        return -1;
    }
    PyObject *value = bytes_of(message->payload, message->len);
    if (value == NULL) {
        return -1;
    }
    PyList_SET_ITEM(columns->values, at, value);
    if (put_rare(&columns->keys, at, room, bytes_of(message->key, message->key_len)) < 0 ||
        put_rare(&columns->headers, at, room, pairs_of(library, message)) < 0) {
        return -1;
    }
    ((int64_t *)PyBytes_AS_STRING(columns->offsets))[at] = message->offset;
    ((int64_t *)PyBytes_AS_STRING(columns->timestamps))[at] = library->timestamp(message, &kind);
    PyBytes_AS_STRING(columns->kinds)[at] = (char)kind;
    columns->count = at + 1;
    return 0;
}

static int cut_list(PyObject *list, Py_ssize_t count)
{
    Py_ssize_t room = PyList_GET_SIZE(list);
    for (Py_ssize_t at = count; at < room; at++) { /* a list must not have holes when others look at it */
        if (PyList_GET_ITEM(list, at) == NULL) {
            Py_INCREF(Py_None);
            PyList_SET_ITEM(list, at, Py_None);
        }
    }
    return PyList_SetSlice(list, count, room, NULL);
}

static PyObject *give(Columns *columns, Py_ssize_t room)
{
    Py_ssize_t count = columns->count;
    if (end_run(columns) < 0) {
        return NULL;
    }
    if (count < room) { /* errors were among them */
        if (cut_list(columns->values, count) < 0 || (columns->keys != NULL && cut_list(columns->keys, count) < 0) ||
            (columns->headers != NULL && cut_list(columns->headers, count) < 0) ||
            _PyBytes_Resize(&columns->offsets, count * (Py_ssize_t)sizeof(int64_t)) < 0 ||
            _PyBytes_Resize(&columns->timestamps, count * (Py_ssize_t)sizeof(int64_t)) < 0 ||
            _PyBytes_Resize(&columns->kinds, count) < 0) {
            return NULL;
        }
    }
    PyObject *keys = columns->keys == NULL ? Py_None : columns->keys;
    PyObject *headers = columns->headers == NULL ? Py_None : columns->headers;
    return PyTuple_Pack(8, columns->values, keys, columns->offsets, columns->timestamps, columns->kinds, headers,
                        columns->runs, columns->errors);
}

/* A list with holes is freed like any other, but must not be seen by the collector before it is full: none is while
 * nothing here runs Python code. */
static PyObject *columns_of(const Library *library, Message **messages, Py_ssize_t room)
{
    Columns columns = {0};
    PyObject *result = NULL;
    columns.values = PyList_New(room);
    columns.offsets = PyBytes_FromStringAndSize(NULL, room * (Py_ssize_t)sizeof(int64_t));
    columns.timestamps = PyBytes_FromStringAndSize(NULL, room * (Py_ssize_t)sizeof(int64_t));
    columns.kinds = PyBytes_FromStringAndSize(NULL, room);
    columns.runs = PyList_New(0);
    columns.errors = PyList_New(0);
    columns.partition = -1;
    bool good = columns.values != NULL && columns.offsets != NULL && columns.timestamps != NULL &&
                columns.kinds != NULL && columns.runs != NULL && columns.errors != NULL;
    for (Py_ssize_t at = 0; good && at < room; at++) {
        const Message *message = messages[at];
        good = (message->err != 0 ? put_error(&columns, library, message)
                                  : put_message(&columns, library, message, room)) == 0;
    }
    if (good) {
        result = give(&columns, room);
    }
    Py_XDECREF(columns.values);
    Py_XDECREF(columns.keys);
    Py_XDECREF(columns.offsets);
    Py_XDECREF(columns.timestamps);
    Py_XDECREF(columns.kinds);
    Py_XDECREF(columns.headers);
    Py_XDECREF(columns.runs);
    Py_XDECREF(columns.errors);
    Py_XDECREF(columns.name);
    return result;
}

static PyObject *fetch(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *addresses;
    unsigned long long queue;
    Py_ssize_t most;
    int timeout_ms;
    Library library;
    if (!PyArg_ParseTuple(arguments, "OKni:fetch", &addresses, &queue, &most, &timeout_ms) ||
        library_of(addresses, &library) < 0) {
        return NULL;
    }
    if (queue == 0 || most < 1 || most > MOST) {
        PyErr_SetString(PyExc_ValueError, "fetch needs a queue, and a number of messages");
        return NULL;
    }
    Message **messages = PyMem_Malloc((size_t)most * sizeof *messages);
    if (messages == NULL) {
        return PyErr_NoMemory();
    }
    Py_ssize_t room;
    Py_BEGIN_ALLOW_THREADS
    room = library.consume_batch_queue((void *)(uintptr_t)queue, timeout_ms, messages, (size_t)most);
    Py_END_ALLOW_THREADS
    PyObject *result = columns_of(&library, messages, room < 0 ? 0 : room);
    for (Py_ssize_t at = 0; at < room; at++) {
        library.destroy(messages[at]);
    }
    PyMem_Free(messages);
    return result;
}

PyMethodDef fetch_methods[] = {
    {"fetch", fetch, METH_VARARGS, "Messages of a queue of librdkafka, as columns."},
    {NULL, NULL, 0, NULL},
};
