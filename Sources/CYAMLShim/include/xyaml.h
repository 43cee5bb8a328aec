/// libyaml as Swift uses it: a stream of events with their places, and a writer.
#ifndef XYAML_H
#define XYAML_H

#include <stdbool.h>
#include <stddef.h>

#pragma clang assume_nonnull begin

typedef enum {
    XYAML_END,            ///< the end of the text
    XYAML_DOCUMENT,       ///< a document begins
    XYAML_ALIAS,          ///< `*name`
    XYAML_SCALAR,
    XYAML_LIST,           ///< a list begins
    XYAML_MAP,            ///< a map begins
    XYAML_CLOSE,          ///< a list or map ends
} xyaml_kind;

/// Line and column, both from 1, the column in code points.
typedef struct {
    long line, column;
} xyaml_place;

typedef struct {
    xyaml_kind kind;
    xyaml_place place;
    const char *_Nullable text;     ///< of a scalar, `length` bytes
    size_t length;
    const char *_Nullable tag;      ///< as it is resolved: `tag:yaml.org,2002:str`
    const char *_Nullable anchor;   ///< its name, or that of an alias
    bool plain;                     ///< of a scalar: without quotes, not a block
} xyaml_event;

/// Why a text is not YAML.
typedef struct {
    const char *_Nullable problem;
    xyaml_place place;
    const char *_Nullable context;  ///< what was being read
    xyaml_place began;              ///< where that began
} xyaml_error;

typedef struct xyaml_reader xyaml_reader;

/// A reader of UTF-8; the bytes are to live as long as it. NULL where there is no memory.
xyaml_reader *_Nullable xyaml_open(const unsigned char *bytes, size_t count);
/// The next event; its texts live until the next call. Returns false for what is not YAML.
bool xyaml_next(xyaml_reader *reader, xyaml_event *event);
/// After `xyaml_next` has returned false.
void xyaml_explain(const xyaml_reader *reader, xyaml_error *error);
void xyaml_close(xyaml_reader *reader);

typedef enum { XYAML_PLAIN, XYAML_QUOTED } xyaml_style;

typedef struct xyaml_writer xyaml_writer;

xyaml_writer *_Nullable xyaml_writer_new(void);
void xyaml_write_scalar(xyaml_writer *writer, const unsigned char *text, size_t length, xyaml_style style);
void xyaml_begin_list(xyaml_writer *writer, bool on_one_line);
void xyaml_end_list(xyaml_writer *writer);
void xyaml_begin_map(xyaml_writer *writer);
void xyaml_end_map(xyaml_writer *writer);
/// Ends the document and gives its text; NULL where something could not be written. It lives as long as the
/// writer.
const unsigned char *_Nullable xyaml_finish(xyaml_writer *writer, size_t *length);
void xyaml_writer_free(xyaml_writer *writer);

#pragma clang assume_nonnull end
#endif
