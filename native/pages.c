/* Pages of memory that forked processes share, and how they come to share them again.
 *
 * A forked process gets a copy of each page that it writes to, and CPython writes to an object whenever it looks at it:
 * its reference count goes up, and down again. The copy stays, although nothing in it is different. So the fork server
 * puts all Python objects that it has into a file in memory (share_pages) which it and its children map privately; a
 * child may then drop its copy of a page, which is to say that it sees the file's again, wherever nothing but reference
 * counts is different (return_pages).
 *
 * Reference counts may be forgotten because nobody depends on them: those of all objects that are there when the pages
 * are shared are raised so far that the objects outlive every process, and no count of what was forgotten can matter.
 *
 * What has to hold, and where it comes from:
 * - No page is written to between the look at it and its dropping. Only memory is taken that is written to by who holds
 *   the GIL, which return_pages does all along: pools of CPython's allocator for objects; what is too large for these,
 *   which gather_large puts beside each other; and CPython's own constants, classes and code, without its run-time
 *   state, which threads also use to wait for the GIL.
 * - The exception are buffers which a call without the GIL fills. An object with such a buffer was made by the child:
 *   its head differs from the file's, and so its page is kept. Where it reaches into the next page, that one is kept as
 *   well: a page is dropped only if there is nothing new either in the block that reaches into it.
 * - Objects of before the fork have no such buffers in use; the modules that the fork server imports make none.
 */
#include "native.h"

#ifdef __linux__
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

#if defined(__linux__) && defined(MFD_CLOEXEC) && defined(MADV_POPULATE_READ) && SIZEOF_VOID_P == 8 \
    && PY_VERSION_HEX < 0x030E0000 && !defined(Py_GIL_DISABLED) && !defined(PYPY_VERSION)
#define PAGES_KNOWN 1
#endif

#ifdef PAGES_KNOWN

#define PAGE ((size_t)4096)
#define POOL ((uintptr_t)16384)        /* of CPython's allocator, since 3.10 */
#define WORD sizeof(uint64_t)
#define WORDS (PAGE / WORD)
#define PRESENT (UINT64_C(1) << 63)
#define OF_FILE (UINT64_C(1) << 61)
#define FOR_EVER ((Py_ssize_t)1 << 40) /* more references than any process makes; see above */
#define MOST_REGIONS 512
#define MOST_TRIES 100000
#define LARGEST 512 /* bytes: what is larger is malloc's */
#define GATHERED ((size_t)64 << 20) /* bytes of address space for large blocks, most of it given back */
#define GATHERED_LARGEST ((size_t)64 << 10)
#define STEP ((size_t)128)
#define ELSEWHERE_BITS 18
#define ELSEWHERE ((size_t)1 << ELSEWHERE_BITS)

extern struct pyruntimestate _PyRuntime;

/* The head of a pool of CPython's allocator, since 3.10: 16 kB at a multiple of that, divided into blocks of one size. */
typedef struct {
    uint32_t used;
    uint32_t unused;
    void *free_block, *next, *before;
    uint32_t arena;
    uint32_t size_class; /* blocks are 16 bytes times this, and 16 */
    uint32_t next_offset;
    uint32_t last_offset;
} Pool;

typedef struct {
    uintptr_t start, end;
    off_t offset;      /* in the file */
    uint64_t *free;    /* a bit for each word: it may be forgotten, being the count of an object of before the fork */
    uint8_t *pools;    /* for each POOL bytes: what they are */
    bool of_library;   /* pages that were not written to yet say something, too */
} Region;

enum { UNKNOWN, A_POOL, NO_NEW_OBJECTS }; /* what POOL bytes are */

static Region regions[MOST_REGIONS];
static int region_count;
static int file = -1;

static Region *region_of(uintptr_t address)
{
    int low = 0, high = region_count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (address >= regions[middle].end) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < region_count && address >= regions[low].start ? &regions[low] : NULL;
}

/* ------------------------------------------------------------------ large blocks */

/* Blocks of equal size are given out again before share_pages, and never after it. */
typedef struct Large {
    size_t room;
    struct Large *next;
} Large;

static PyMemAllocatorEx usual;
static char *large_start, *large_end, *large_limit; /* given out is what lies between the first two */
static Large *large_free[GATHERED_LARGEST / STEP + 1];
static bool gathering;

static bool is_large(const void *block)
{
    return (const char *)block >= large_start && (const char *)block < large_end;
}

static void *large_new(size_t size)
{
    size_t step = (size + sizeof(Large) + STEP - 1) / STEP;
    if (step > GATHERED_LARGEST / STEP) {
        return NULL;
    }
    Large *block = large_free[step];
    if (block != NULL) {
        large_free[step] = block->next;
    } else if ((size_t)(large_limit - large_end) >= step * STEP) {
        block = (Large *)large_end;
        large_end += step * STEP;
        block->room = step * STEP - sizeof *block;
    }
    return block == NULL ? NULL : block + 1;
}

static void large_let_go(void *block)
{
    if (gathering) {
        Large *head = (Large *)block - 1;
        size_t step = (head->room + sizeof *head) / STEP;
        head->next = large_free[step];
        large_free[step] = head;
    }
}

static void *hook_malloc(void *context, size_t size)
{
    void *block = gathering && size > LARGEST ? large_new(size) : NULL;
    return block != NULL ? block : usual.malloc(context, size);
}

static void *hook_calloc(void *context, size_t count, size_t size)
{
    bool mine = gathering && size != 0 && count <= GATHERED_LARGEST / size && count * size > LARGEST;
    void *block = mine ? large_new(count * size) : NULL;
    return block != NULL ? memset(block, 0, count * size) : usual.calloc(context, count, size);
}

static void *hook_realloc(void *context, void *block, size_t size)
{
    if (block == NULL || !is_large(block)) {
        return usual.realloc(context, block, size);
    }
    size_t room = ((Large *)block - 1)->room;
    if (gathering && size <= room && size > room / 2) {
        return block;
    }
    void *other = hook_malloc(context, size);
    if (other != NULL) {
        memcpy(other, block, size < room ? size : room);
        large_let_go(block);
    }
    return other;
}

static void hook_free(void *context, void *block)
{
    if (block != NULL && is_large(block)) {
        large_let_go(block);
    } else {
        usual.free(context, block);
    }
}

/* gather_large() -> bool: from now on until share_pages, has blocks that are too large for pools put into a region of
 * their own: whoever has them shares them with malloc's other users otherwise.
 *
 * Called once, by a process with one thread, before it imports what its children will share. */
static PyObject *gather_large(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused))
{
    if (large_start != NULL) {
        Py_RETURN_FALSE;
    }
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    char *place = mmap(NULL, GATHERED, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (place == MAP_FAILED) {
        Py_RETURN_FALSE;
    }
    large_start = large_end = (char *)(((uintptr_t)place + POOL - 1) & ~(POOL - 1));
    large_limit = (char *)(((uintptr_t)place + GATHERED) & ~(POOL - 1));
    PyMem_GetAllocator(PYMEM_DOMAIN_RAW, &usual);
    PyMemAllocatorEx hook = {usual.ctx, hook_malloc, hook_calloc, hook_realloc, hook_free};
    gathering = true;
    PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &hook);
    Py_RETURN_TRUE;
}

/* Gives the address space back that was not needed. */
static void gathered(void)
{
    if (gathering) {
        gathering = false;
        char *end = (char *)(((uintptr_t)large_end + POOL - 1) & ~(POOL - 1));
        if (end < large_limit) {
            munmap(end, (size_t)(large_limit - end));
        }
        large_limit = end;
    }
}

/* ------------------------------------------------------------------ which regions */

/* CPython's variables begin and end where the mapping does that this class is in. */
static bool is_of_python(uintptr_t start, uintptr_t end)
{
    return (uintptr_t)&PyType_Type >= start && (uintptr_t)&PyType_Type < end;
}

/* Writable private memory without a file and a name: not the heap of malloc, and no stack. Where the kernel has joined
 * pools with other memory, all of it is shared, and only the pools are given back. False if the map cannot be read. */
static bool find_regions(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL) {
        return false;
    }
    char line[512];
    region_count = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end;
        char mode[5];
        int at = 0;
        if (sscanf(line, "%lx-%lx %4s %*s %*s %*s%n", &start, &end, mode, &at) < 3) {
            continue;
        }
        bool named = strpbrk(line + at, "/[") != NULL;
        bool of_library = is_of_python(start, end);
        if ((!named || of_library) && strcmp(mode, "rw-p") == 0 && region_count < MOST_REGIONS) {
            regions[region_count++] = (Region){.start = start, .end = end, .of_library = of_library};
        }
    }
    fclose(maps);
    return region_count > 0;
}

static size_t pools_of(const Region *region)
{
    return (region->end - (region->start & ~(POOL - 1))) / POOL + 1;
}

static size_t pool_number(const Region *region, uintptr_t address)
{
    return (address & ~(POOL - 1)) / POOL - region->start / POOL;
}

static bool is_pool(const Pool *pool)
{
    uint32_t size = (pool->size_class + 1) * 16;
    return pool->size_class < LARGEST / 16 && pool->last_offset == POOL - size && pool->used > 0
        && pool->used <= (POOL - sizeof *pool) / size;
}

static bool may_forget(const Region *region, uintptr_t word)
{
    size_t bit = (word - region->start) / WORD;
    return region->free[bit / 64] >> (bit % 64) & 1;
}

static void let_forget(const Region *region, uintptr_t word)
{
    size_t bit = (word - region->start) / WORD;
    region->free[bit / 64] |= UINT64_C(1) << (bit % 64);
}

/* An object may also stand in memory that is not the allocator's for objects: its pages are then left alone. */
static void mark_pool(Region *region, uintptr_t object)
{
    uintptr_t pool = object & ~(POOL - 1);
    if (pool >= region->start && pool + POOL <= region->end && is_pool((const Pool *)pool)) {
        region->pools[pool_number(region, object)] = A_POOL;
    }
}

/* Says of all POOL bytes that lie in a stretch, or if `touching` have a part in it, what they are. */
static void mark_stretch(uintptr_t from, uintptr_t to, bool touching, uint8_t what)
{
    Region *region = region_of(from);
    if (region == NULL) {
        return;
    }
    uintptr_t slack = touching ? 0 : POOL - 1;
    uintptr_t pool = (from + slack) & ~(POOL - 1);
    for (; touching ? pool < to : pool + POOL <= to; pool += POOL) {
        if (pool >= region->start && pool + POOL <= region->end) {
            region->pools[pool_number(region, pool)] = what;
        }
    }
}

/* What there is besides pools. */
static void mark_others(void)
{
    mark_stretch((uintptr_t)large_start, (uintptr_t)large_limit, false, NO_NEW_OBJECTS);
    Dl_info where;
    ElfW(Sym) *state = NULL;
    Region *python = region_of((uintptr_t)&PyType_Type);
    if (python != NULL && dladdr1(&_PyRuntime, &where, (void **)&state, RTLD_DL_SYMENT) != 0 && state != NULL
        && state->st_size > 0) {
        uintptr_t from = (uintptr_t)&_PyRuntime;
        mark_stretch(python->start, python->end, false, NO_NEW_OBJECTS);
        mark_stretch(from, from + state->st_size, true, UNKNOWN);
    }
}

/* ------------------------------------------------------------------ which objects */

typedef struct {
    PyObject **items;
    size_t count, room;
    uintptr_t *elsewhere; /* those outside of the regions that were seen, by their hash */
    size_t others;
    bool failed;
} Walk;

/* Whether an object outside of the regions was seen before. No Python objects are used for this: they would leave traces
 * in the memory that is about to be shared. */
static bool seen_elsewhere(Walk *walk, uintptr_t object)
{
    size_t slot = (object / 16 * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - ELSEWHERE_BITS);
    while (walk->elsewhere[slot] != 0) {
        if (walk->elsewhere[slot] == object) {
            return true;
        }
        slot = (slot + 1) % ELSEWHERE;
    }
    walk->elsewhere[slot] = object;
    walk->failed = walk->failed || ++walk->others > ELSEWHERE / 4 * 3;
    return false;
}

static int walk_push(PyObject *object, void *context)
{
    Walk *walk = context;
    if (object == NULL || walk->failed) {
        return 0;
    }
    Region *region = region_of((uintptr_t)object);
    if (region != NULL) {
        if (may_forget(region, (uintptr_t)object)) {
            return 0;
        }
        let_forget(region, (uintptr_t)object);
        mark_pool(region, (uintptr_t)object);
    } else if (seen_elsewhere(walk, (uintptr_t)object)) {
        return 0;
    }
    if (walk->count == walk->room) {
        size_t room = walk->room * 2 + 4096;
        PyObject **items = PyMem_RawRealloc(walk->items, room * sizeof *items);
        if (items == NULL) {
            walk->failed = true;
            return 0;
        }
        walk->items = items;
        walk->room = room;
    }
    walk->items[walk->count++] = object;
    return 0;
}

/* What an object refers to; also what the garbage collector need not see: keys, code, classes written in C. */
static void walk_into(Walk *walk, PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    walk_push((PyObject *)type, walk);
    if (PyDict_CheckExact(object)) {
        PyObject *key, *value;
        Py_ssize_t place = 0;
        while (PyDict_Next(object, &place, &key, &value)) {
            walk_push(key, walk);
            walk_push(value, walk);
        }
    } else if (PyCode_Check(object)) {
        PyCodeObject *code = (PyCodeObject *)object;
        PyObject *parts[] = {code->co_consts,   code->co_names,    code->co_exceptiontable, code->co_localsplusnames,
                             code->co_filename, code->co_name,     code->co_qualname,       code->co_linetable};
        for (size_t at = 0; at < sizeof parts / sizeof *parts; at++) {
            walk_push(parts[at], walk);
        }
#if PY_VERSION_HEX < 0x030C0000
        /* How often it still has to run before the interpreter looks at its instructions: beside its flags. */
        Region *region = region_of((uintptr_t)object);
        if (region != NULL) {
            let_forget(region, (uintptr_t)&code->co_warmup & ~(uintptr_t)(WORD - 1));
        }
#endif
    } else if (PyType_Check(object)) {
        PyTypeObject *described = (PyTypeObject *)object;
        walk_push(described->tp_dict, walk);
        walk_push(described->tp_mro, walk);
        walk_push(described->tp_bases, walk);
    }
    if (PyObject_IS_GC(object) && type->tp_traverse != NULL) {
        type->tp_traverse(object, walk_push, walk);
    }
}

static void keep_for_ever(PyObject *object)
{
#if PY_VERSION_HEX >= 0x030C0000
    object->ob_refcnt = _Py_IMMORTAL_REFCNT; /* nobody writes to its count from now on */
#else
    object->ob_refcnt += FOR_EVER;
#endif
}

/* All objects that the garbage collector looks after, those that were frozen excepted; NULL with an exception. */
static PyObject *known_objects(void)
{
    PyObject *collector = PyImport_ImportModule("gc");
    PyObject *objects = collector == NULL ? NULL : PyObject_CallMethod(collector, "get_objects", NULL);
    Py_XDECREF(collector);
    return objects;
}

/* Marks all objects that can be found, and has those in the regions outlive the process. */
static bool mark_objects(void)
{
    Walk walk = {.elsewhere = PyMem_RawCalloc(ELSEWHERE, sizeof(uintptr_t))};
    PyObject *roots = known_objects();
    if (walk.elsewhere == NULL || roots == NULL) {
        PyMem_RawFree(walk.elsewhere);
        Py_XDECREF(roots);
        return false;
    }
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(roots); at++) {
        walk_push(PyList_GET_ITEM(roots, at), &walk);
    }
    for (size_t at = 0; at < walk.count && !walk.failed; at++) {
        walk_into(&walk, walk.items[at]);
    }
    if (!walk.failed) {
        for (size_t at = 0; at < walk.count; at++) {
            if (region_of((uintptr_t)walk.items[at]) != NULL) {
                keep_for_ever(walk.items[at]);
            }
        }
    }
    PyMem_RawFree(walk.items);
    PyMem_RawFree(walk.elsewhere);
    Py_DECREF(roots);
    return !walk.failed;
}

/* ------------------------------------------------------------------ the file */

static bool write_all(const char *from, size_t size, off_t offset)
{
    while (size > 0) {
        ssize_t done = pwrite(file, from, size, offset);
        if (done <= 0) {
            return false;
        }
        from += done;
        offset += done;
        size -= (size_t)done;
    }
    return true;
}

/* Has the pages of a region counted as this process's, as they were before; holes in the file stay holes. */
static void look_at_pages(const Region *region)
{
    off_t end = region->offset + (off_t)(region->end - region->start);
    off_t data = lseek(file, region->offset, SEEK_DATA);
    while (data >= 0 && data < end) {
        off_t hole = lseek(file, data, SEEK_HOLE);
        hole = hole < 0 || hole > end ? end : hole;
        char *from = (char *)region->start + (data - region->offset);
        (void)madvise(from, (size_t)(hole - data), MADV_POPULATE_READ);
        data = lseek(file, hole, SEEK_DATA);
    }
}

/* Copies a region into the file, without the pages that were never used, and maps that in its place. Nothing in the
 * region may change meanwhile: no Python code runs here, there is one thread, and what is written to is on its stack or
 * a variable of this library. */
static bool move_region(const Region *region, int pagemap)
{
    uint64_t entries[512];
    size_t pages = (region->end - region->start) / PAGE;
    for (size_t done = 0; done < pages;) {
        size_t count = pages - done < 512 ? pages - done : 512;
        off_t place = (off_t)((region->start / PAGE + done) * WORD);
        if (pread(pagemap, entries, count * WORD, place) != (ssize_t)(count * WORD)) {
            return false;
        }
        for (size_t at = 0; at < count; at++) {
            size_t offset = (done + at) * PAGE;
            if (((entries[at] & PRESENT) || region->of_library)
                && !write_all((const char *)region->start + offset, PAGE, region->offset + (off_t)offset)) {
                return false;
            }
        }
        done += count;
    }
    void *where = (void *)region->start;
    size_t size = region->end - region->start;
    if (mmap(where, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, region->offset) != where) {
        return false;
    }
    look_at_pages(region);
    return true;
}

static void forget_regions(int from)
{
    for (int at = from; at < region_count; at++) {
        PyMem_RawFree(regions[at].free);
        PyMem_RawFree(regions[at].pools);
        regions[at].free = NULL;
        regions[at].pools = NULL;
    }
    region_count = from;
}

static bool make_file(size_t size)
{
    file = memfd_create("barnabas-objects", MFD_CLOEXEC);
    if (file >= 0 && ftruncate(file, (off_t)size) == 0) {
        return true;
    }
    if (file >= 0) {
        close(file);
        file = -1;
    }
    return false;
}

/* share_pages() -> bytes: has this process and those forked from it share all objects that there are.
 *
 * Called once, by a process with one thread, before its objects are frozen. None of them is ever freed from then on. 0
 * where it cannot be done. */
static PyObject *share_pages(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused))
{
    gathered();
    if (file >= 0 || sysconf(_SC_PAGESIZE) != (long)PAGE || !find_regions()) {
        return PyLong_FromLong(0);
    }
    size_t size = 0;
    bool good = true;
    for (int at = 0; at < region_count; at++) {
        Region *region = &regions[at];
        region->offset = (off_t)size;
        size += region->end - region->start;
        region->free = PyMem_RawCalloc((region->end - region->start) / WORD / 64 + 1, WORD);
        region->pools = PyMem_RawCalloc(pools_of(region), 1);
        good = good && region->free != NULL && region->pools != NULL;
    }
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (!good || pagemap < 0 || !make_file(size) || !mark_objects()) {
        forget_regions(0);
        size = 0;
    }
    mark_others();
    for (int at = 0; at < region_count; at++) {
        if (!move_region(&regions[at], pagemap)) { /* the rest stays as it is */
            forget_regions(at);
        }
    }
    if (pagemap >= 0) {
        close(pagemap);
    }
    PyErr_Clear();
    return PyLong_FromSize_t(region_count ? size : 0);
}

/* ------------------------------------------------------------------ giving copies back */

/* Whether memory says nothing but what the file says, reference counts apart; at most a page. */
static bool nothing_new(const Region *region, uintptr_t from, size_t size)
{
    uint64_t shared[WORDS];
    if (pread(file, shared, size, region->offset + (off_t)(from - region->start)) != (ssize_t)size) {
        return false;
    }
    const uint64_t *own = (const uint64_t *)from;
    for (size_t at = 0; at < size / WORD; at++) {
        if (own[at] != shared[at] && !may_forget(region, from + at * WORD)) {
            return false;
        }
    }
    return true;
}

/* Whether the block that reaches into a page of a pool from the page before is one of before the fork, or free. */
static bool old_at_edge(const Region *region, uintptr_t page)
{
    const Pool *pool = (const Pool *)(page & ~(POOL - 1));
    uintptr_t first = (uintptr_t)(pool + 1);
    size_t size = ((size_t)pool->size_class + 1) * 16;
    uintptr_t head = page < first ? page : page - (page - first) % size;
    return head == page || nothing_new(region, head, page - head);
}

static size_t return_region(const Region *region, int pagemap)
{
    uint64_t entries[POOL / PAGE];
    size_t given = 0;
    for (uintptr_t pool = region->start & ~(POOL - 1); pool < region->end; pool += POOL) {
        uint8_t what = region->pools[pool_number(region, pool)];
        if (what == UNKNOWN) {
            continue;
        }
        if (pread(pagemap, entries, sizeof entries, (off_t)(pool / PAGE * WORD)) != (ssize_t)sizeof entries) {
            return given;
        }
        for (size_t at = 0; at < POOL / PAGE; at++) {
            uintptr_t page = pool + at * PAGE;
            bool copy = (entries[at] & PRESENT) && !(entries[at] & OF_FILE);
            if (copy && nothing_new(region, page, PAGE) && (what == NO_NEW_OBJECTS || old_at_edge(region, page))
                && madvise((void *)page, PAGE, MADV_DONTNEED) == 0) {
                given += PAGE;
            }
        }
    }
    return given;
}

/* return_pages() -> bytes: gives back the copies of shared pages in which there is nothing new; takes milliseconds.
 *
 * Called by a process that was forked after share_pages, on any thread, at any time. */
static PyObject *return_pages(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused))
{
    size_t given = 0;
    int pagemap = file < 0 ? -1 : open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (pagemap >= 0) {
        for (int at = 0; at < region_count; at++) {
            given += return_region(&regions[at], pagemap);
        }
        close(pagemap);
    }
    return PyLong_FromSize_t(given);
}

/* Large blocks that are free are not given out again, and need no memory any more. */
static void forget_free_large(void)
{
    for (size_t step = 0; step < sizeof large_free / sizeof *large_free; step++) {
        Large *next;
        for (Large *block = large_free[step]; block != NULL; block = next) {
            next = block->next;
            uintptr_t from = ((uintptr_t)block + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
            uintptr_t to = ((uintptr_t)block + step * STEP) & ~(uintptr_t)(PAGE - 1);
            if (to > from) {
                (void)madvise((void *)from, to - from, MADV_DONTNEED);
            }
        }
        large_free[step] = NULL;
    }
}

/* The same for the heap of malloc, from large to small: each chunk that is not taken from its end was free inside. */
static size_t fill_heap(void)
{
    size_t taken = 0;
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    for (size_t size = (size_t)64 << 10; size >= 24; size = size / 4 * 3) {
        for (int tries = 0; tries < MOST_TRIES; tries++) {
            size_t end = mallinfo2().keepcost;
            if (mallinfo2().fordblks - end < size || malloc(size) == NULL || mallinfo2().keepcost != end) {
                break;
            }
            taken += size;
        }
    }
#endif
    return taken;
}

/* fill_pools(): takes all blocks that are free among others which are in use, so that what is made from now on is made side
 * by side in new pages, instead of here and there in pages that would otherwise never be written to.
 *
 * Called before share_pages, with CPython's own allocator for objects; the blocks are never freed. */
static PyObject *fill_pools(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused))
{
    size_t taken = fill_heap();
    forget_free_large();
    for (size_t size = 16; size <= LARGEST; size += 16) {
        for (int tries = 0; tries < MOST_TRIES; tries++) {
            void *block = PyObject_Malloc(size);
            if (block == NULL) {
                break;
            }
            const Pool *pool = (const Pool *)((uintptr_t)block & ~(POOL - 1));
            if (!is_pool(pool) || pool->used == 1) { /* a new one */
                PyObject_Free(block);
                break;
            }
            taken += size;
        }
    }
    return PyLong_FromSize_t(taken);
}

#else /* another system, or an interpreter whose objects are not known */

static PyObject *gather_large(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused))
{
    Py_RETURN_FALSE;
}

static PyObject *share_pages(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused))
{
    return PyLong_FromLong(0);
}

static PyObject *return_pages(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused))
{
    return PyLong_FromLong(0);
}

static PyObject *fill_pools(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused))
{
    return PyLong_FromLong(0);
}

#endif

PyMethodDef page_methods[] = {
    {"gather_large", gather_large, METH_NOARGS, "Have large blocks put beside each other until pages are shared."},
    {"fill_pools", fill_pools, METH_NOARGS, "Take the blocks that are free in pools in use."},
    {"share_pages", share_pages, METH_NOARGS, "Have this process and those forked from it share all objects that there are."},
    {"return_pages", return_pages, METH_NOARGS, "Give back copies of shared pages in which there is nothing new."},
    {NULL, NULL, 0, NULL},
};
