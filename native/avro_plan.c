/* Plans for Avro: trees of nodes, out of nested tuples. */
#include "avro.h"

#define CAPSULE "barnabas.avro_plan"
#define MOST_NODES 20000

static void plan_free(AvroPlan *plan)
{
    for (Py_ssize_t at = 0; at < plan->count; at++) {
        AvroNode *node = plan->nodes[at];
        for (Py_ssize_t name = 0; node->names != NULL && name < node->count; name++) {
            Py_XDECREF(node->names[name]);
        }
        Py_XDECREF(node->call);
        Py_XDECREF(node->fill);
        Py_XDECREF(node->index);
        PyMem_Free(node->names);
        PyMem_Free(node->children);
        PyMem_Free(node);
    }
    PyMem_Free(plan->nodes);
    PyMem_Free(plan);
}

static void capsule_free(PyObject *capsule)
{
    AvroPlan *plan = PyCapsule_GetPointer(capsule, CAPSULE);
    if (plan != NULL) {
        plan_free(plan);
    }
}

AvroPlan *avro_plan_of(PyObject *capsule)
{
    return PyCapsule_GetPointer(capsule, CAPSULE);
}

static AvroNode *node_new(AvroPlan *plan)
{
    if (plan->count == MOST_NODES) {
        PyErr_SetString(PyExc_ValueError, "too many nodes");
        return NULL;
    }
    if (plan->count == plan->room) {
        Py_ssize_t room = plan->room * 2 + 16;
        AvroNode **nodes = PyMem_Realloc(plan->nodes, (size_t)room * sizeof(AvroNode *));
        if (nodes == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        plan->nodes = nodes;
        plan->room = room;
    }
    AvroNode *node = PyMem_Calloc(1, sizeof(AvroNode));
    if (node == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    plan->nodes[plan->count++] = node; /* from here on it is freed with the plan */
    return node;
}

static bool symbols_index(AvroNode *node)
{
    node->index = PyDict_New();
    for (Py_ssize_t at = 0; node->index != NULL && at < node->count; at++) {
        PyObject *number = PyLong_FromSsize_t(at);
        int failed = number == NULL || PyDict_SetItem(node->index, node->names[at], number) < 0;
        Py_XDECREF(number);
        if (failed) {
            return false;
        }
    }
    return node->index != NULL;
}

static AvroNode *node_of(AvroPlan *plan, PyObject *spec);

/* Names and children; either may be missing, and each of them may be None. */
static bool parts_of(AvroPlan *plan, AvroNode *node, PyObject *names, PyObject *children)
{
    node->count = PyTuple_GET_SIZE(names) > 0 ? PyTuple_GET_SIZE(names) : PyTuple_GET_SIZE(children);
    node->names = PyMem_Calloc((size_t)node->count + 1, sizeof(PyObject *));
    node->children = PyMem_Calloc((size_t)node->count + 1, sizeof(AvroNode *));
    if (node->names == NULL || node->children == NULL) {
        PyErr_NoMemory();
        return false;
    }
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(names); at++) {
        PyObject *name = PyTuple_GET_ITEM(names, at);
        if (name != Py_None) {
            if (!PyUnicode_CheckExact(name)) {
                PyErr_SetString(PyExc_TypeError, "names have to be text");
                return false;
            }
            Py_INCREF(name);
            PyUnicode_InternInPlace(&name);
            node->names[at] = name;
        }
    }
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(children); at++) {
        PyObject *child = PyTuple_GET_ITEM(children, at);
        if (child != Py_None && (node->children[at] = node_of(plan, child)) == NULL) {
            return false;
        }
    }
    return true;
}

/* (kind, null_at, size, call, fill, names, children) */
static AvroNode *node_of(AvroPlan *plan, PyObject *spec)
{
    int kind, null_at;
    long long size;
    PyObject *call, *fill, *names, *children;
    if (!PyTuple_Check(spec) || !PyArg_ParseTuple(spec, "iiLOOO!O!", &kind, &null_at, &size, &call, &fill, &PyTuple_Type,
                                                  &names, &PyTuple_Type, &children)) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_TypeError, "a node is a tuple");
        }
        return NULL;
    }
    AvroNode *node = node_new(plan);
    if (node == NULL) {
        return NULL;
    }
    node->kind = (AvroKind)kind;
    node->null_at = null_at;
    node->size = size;
    if (call != Py_None) {
        node->call = Py_NewRef(call);
    }
    if (fill != Py_None) {
        node->fill = Py_NewRef(fill);
    }
    if (!parts_of(plan, node, names, children) || (node->kind == AVRO_ENUM && !symbols_index(node))) {
        return NULL;
    }
    return node;
}

/* avro_plan(spec, strict) -> plan */
static PyObject *avro_plan(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *spec;
    int strict;
    if (!PyArg_ParseTuple(args, "Op", &spec, &strict) || !avro_read_ready() || !avro_write_ready()) {
        return NULL;
    }
    AvroPlan *plan = PyMem_Calloc(1, sizeof(AvroPlan));
    if (plan == NULL) {
        return PyErr_NoMemory();
    }
    plan->strict = strict != 0;
    plan->root = node_of(plan, spec);
    PyObject *capsule = plan->root == NULL ? NULL : PyCapsule_New(plan, CAPSULE, capsule_free);
    if (capsule == NULL) {
        plan_free(plan);
    }
    return capsule;
}

PyMethodDef avro_plan_methods[] = {
    {"avro_plan", avro_plan, METH_VARARGS, "A plan for reading or writing columns of Avro."},
    {NULL, NULL, 0, NULL},
};
