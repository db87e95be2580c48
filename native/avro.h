/* Avro's binary encoding for whole columns: a plan, made once for a pair of schemas, and what reads and writes by it.
 *
 * The Python code (converters/_avro) is the reference. Whatever is not plainly right, in bytes or in values, ends the
 * fast way with None: the reference then does the column, and says what is wrong where something is.
 */
#ifndef BARNABAS_AVRO_H
#define BARNABAS_AVRO_H

#include "native.h"

/* The numbers are those of converters/_avro/native.py. */
typedef enum {
    AVRO_BOOLEAN = 1,
    AVRO_INT = 2,     /* size: bits of the Connect type; fewer than the encoding may have */
    AVRO_FLOAT = 3,
    AVRO_DOUBLE = 4,
    AVRO_BYTES = 5,
    AVRO_STRING = 6,
    AVRO_FIXED = 7,   /* size: bytes */
    AVRO_ENUM = 8,    /* names: symbols */
    AVRO_ARRAY = 9,
    AVRO_MAP = 10,
    AVRO_RECORD = 11, /* names: fields; where a child is NULL, the row may have the field and it is not written */
    AVRO_UNION = 12,  /* names: members, children: branches; both NULL for the branch that is null */
    AVRO_ENTRIES = 13, /* a map as an array of keys and values */
    AVRO_DATE = 14,
    AVRO_TIME = 15,
    AVRO_STAMP = 16,
    AVRO_DECIMAL = 17, /* call: between bytes and the value */
    AVRO_CONSTANT = 18, /* call: the bytes to write, whatever the value; in a record its name is NULL */
} AvroKind;

typedef struct AvroNode {
    AvroKind kind;
    int null_at;       /* where null stands in a union with this type; -1: it cannot be null */
    int64_t size;
    PyObject *call;    /* owned */
    PyObject *fill;    /* owned; what is written for null; NULL: null is */
    PyObject *index;   /* owned; from symbols to their numbers */
    Py_ssize_t count;
    PyObject **names;  /* owned */
    struct AvroNode **children; /* owned by the plan */
} AvroNode;

typedef struct {
    AvroNode **nodes;
    Py_ssize_t count;
    Py_ssize_t room;
    AvroNode *root;
    bool strict; /* malformed text and numbers without room end the fast way, instead of being mended as Java does */
} AvroPlan;

/* The plan in a capsule; NULL with an exception if it is none. */
AvroPlan *avro_plan_of(PyObject *capsule);
/* Load what the datetime types need, in each file that uses them; false with an exception. */
bool avro_read_ready(void);
bool avro_write_ready(void);

extern PyMethodDef avro_plan_methods[];
extern PyMethodDef avro_read_methods[];
extern PyMethodDef avro_write_methods[];

#endif
