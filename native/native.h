/* What the files of the compiled part share.
 *
 * Contract of all functions for columns: the GIL is held; the lists that are given stay as they are, and so does every
 * row in them, because other batches may hold it. A function returns a new list, None where the column is not for it
 * (its caller then does the work in Python, which is the reference and says what is wrong), or NULL with an exception
 * that is nobody's data: out of memory. Only exact classes are dealt with: a derived one may have methods of its own.
 */
#ifndef BARNABAS_NATIVE_H
#define BARNABAS_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

/* Bumped whenever a function changes what it takes or gives: a compiled part of other sources is not used. */
#define BARNABAS_REVISION 2

typedef struct {
    PyObject *name;  /* borrowed: the tuple of names outlives the call */
    PyObject *seen;  /* owned: the key that rows had for it, mostly one and the same object */
    Py_ssize_t place; /* where it stood in the last row */
    int learned;     /* how often the place was looked for */
} Field;

/* Names as fields; NULL with an exception if one is no exact str. Free with fields_free. */
Field *fields_new(PyObject *names);
void fields_free(Field *fields, Py_ssize_t count);
/* A member of an exact dict, borrowed; NULL without an exception if there is none. */
PyObject *field_of(Field *field, PyObject *row);

/* Gives up on a column: everything made so far is let go. */
#define GIVE_UP(made)      \
    do {                   \
        Py_XDECREF(made);  \
        if (PyErr_Occurred()) { \
            return NULL;   \
        }                  \
        Py_RETURN_NONE;    \
    } while (0)

typedef struct {
    char *data;
    size_t size;
    size_t room;
} Buffer;

/* Makes room for more bytes; false when there is no memory (an exception is set). */
bool buffer_grow(Buffer *buffer, size_t more);
static inline bool buffer_room(Buffer *buffer, size_t more)
{
    return (buffer->data != NULL && buffer->room - buffer->size >= more) || buffer_grow(buffer, more);
}
void buffer_free(Buffer *buffer);

/* Text of numbers, written to `out`, which has room for 40 bytes; the length. */
size_t write_int64(char *out, int64_t number);
/* Without an exponent, as Java does from a thousandth to ten millions: 0 for other numbers, and unless `shortest` for those
 * of which Java's digits may not be the fewest. */
size_t write_double(char *out, double number, bool shortest);

extern PyMethodDef fetch_methods[];
extern PyMethodDef row_methods[];
extern PyMethodDef flat_methods[];
extern PyMethodDef cast_methods[];
extern PyMethodDef header_methods[];
extern PyMethodDef json_write_methods[];
extern PyMethodDef json_read_methods[];
extern PyMethodDef java_text_methods[];
extern PyMethodDef page_methods[];
extern PyMethodDef avro_plan_methods[];
extern PyMethodDef avro_read_methods[];
extern PyMethodDef avro_write_methods[];
int casts_ready(void);

/* Classes of 64-bit integers besides int itself: those that say a number's width. */
bool is_integer_class(PyTypeObject *type);

#endif
