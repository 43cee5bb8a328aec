#include "xyaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct xyaml_reader {
    yaml_parser_t parser;
    yaml_event_t event;
    bool has_event;
};

static xyaml_place place(yaml_mark_t mark) {
    return (xyaml_place){(long)mark.line + 1, (long)mark.column + 1};
}

xyaml_reader *xyaml_open(const unsigned char *bytes, size_t count) {
    xyaml_reader *reader = calloc(1, sizeof *reader);
    if (!reader || !yaml_parser_initialize(&reader->parser)) {
        free(reader);
        return NULL;
    }
    yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader->parser, bytes, count);
    return reader;
}

static void drop(xyaml_reader *reader) {
    if (reader->has_event) yaml_event_delete(&reader->event);
    reader->has_event = false;
}

bool xyaml_next(xyaml_reader *reader, xyaml_event *event) {
    memset(event, 0, sizeof *event);
    while (1) {
        drop(reader);
        if (!yaml_parser_parse(&reader->parser, &reader->event)) return false;
        reader->has_event = true;
        yaml_event_t *from = &reader->event;
        event->place = place(from->start_mark);
        switch (from->type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT: continue;
        case YAML_DOCUMENT_START_EVENT: event->kind = XYAML_DOCUMENT; return true;
        case YAML_ALIAS_EVENT:
            event->kind = XYAML_ALIAS;
            event->anchor = (const char *)from->data.alias.anchor;
            return true;
        case YAML_SCALAR_EVENT:
            event->kind = XYAML_SCALAR;
            event->text = (const char *)from->data.scalar.value;
            event->length = from->data.scalar.length;
            event->tag = (const char *)from->data.scalar.tag;
            event->anchor = (const char *)from->data.scalar.anchor;
            event->plain = from->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
            return true;
        case YAML_SEQUENCE_START_EVENT:
            event->kind = XYAML_LIST;
            event->tag = (const char *)from->data.sequence_start.tag;
            event->anchor = (const char *)from->data.sequence_start.anchor;
            return true;
        case YAML_MAPPING_START_EVENT:
            event->kind = XYAML_MAP;
            event->tag = (const char *)from->data.mapping_start.tag;
            event->anchor = (const char *)from->data.mapping_start.anchor;
            return true;
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT: event->kind = XYAML_CLOSE; return true;
        default: event->kind = XYAML_END; return true;
        }
    }
}

void xyaml_explain(const xyaml_reader *reader, xyaml_error *error) {
    const yaml_parser_t *parser = &reader->parser;
    error->problem = parser->error == YAML_MEMORY_ERROR ? "no memory" : parser->problem;
    error->place = place(parser->problem_mark);
    error->context = parser->context;
    error->began = place(parser->context_mark);
    // What is no UTF-8, or a control character, has an offset only.
    if (parser->error == YAML_READER_ERROR) error->place = error->began = place(parser->mark);
}

void xyaml_close(xyaml_reader *reader) {
    drop(reader);
    yaml_parser_delete(&reader->parser);
    free(reader);
}

struct xyaml_writer {
    yaml_emitter_t emitter;
    unsigned char *text;
    size_t count, capacity;
    bool failed;
};

static int keep(void *data, unsigned char *bytes, size_t count) {
    xyaml_writer *writer = data;
    if (writer->count + count > writer->capacity) {
        size_t capacity = (writer->count + count) * 2;
        unsigned char *text = realloc(writer->text, capacity);
        if (!text) return 0;
        writer->text = text;
        writer->capacity = capacity;
    }
    memcpy(writer->text + writer->count, bytes, count);
    writer->count += count;
    return 1;
}

static void emit(xyaml_writer *writer, yaml_event_t *event, int is_made) {
    if (!is_made || !yaml_emitter_emit(&writer->emitter, event)) writer->failed = true;
}

xyaml_writer *xyaml_writer_new(void) {
    xyaml_writer *writer = calloc(1, sizeof *writer);
    if (!writer || !yaml_emitter_initialize(&writer->emitter)) {
        free(writer);
        return NULL;
    }
    yaml_emitter_set_output(&writer->emitter, keep, writer);
    yaml_emitter_set_unicode(&writer->emitter, 1);
    yaml_emitter_set_width(&writer->emitter, -1);
    yaml_event_t event;
    emit(writer, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(writer, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    return writer;
}

void xyaml_write_scalar(xyaml_writer *writer, const unsigned char *text, size_t length, xyaml_style style) {
    yaml_event_t event;
    emit(writer, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (yaml_char_t *)text, (int)length, 1, 1,
                                      style == XYAML_QUOTED ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE));
}

void xyaml_begin_list(xyaml_writer *writer, bool on_one_line) {
    yaml_event_t event;
    emit(writer, &event,
         yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                              on_one_line ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE));
}

void xyaml_end_list(xyaml_writer *writer) {
    yaml_event_t event;
    emit(writer, &event, yaml_sequence_end_event_initialize(&event));
}

void xyaml_begin_map(xyaml_writer *writer) {
    yaml_event_t event;
    emit(writer, &event, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
}

void xyaml_end_map(xyaml_writer *writer) {
    yaml_event_t event;
    emit(writer, &event, yaml_mapping_end_event_initialize(&event));
}

const unsigned char *xyaml_finish(xyaml_writer *writer, size_t *length) {
    yaml_event_t event;
    emit(writer, &event, yaml_document_end_event_initialize(&event, 1));
    emit(writer, &event, yaml_stream_end_event_initialize(&event));
    if (!yaml_emitter_flush(&writer->emitter)) writer->failed = true;
    *length = writer->count;
    return writer->failed ? NULL : writer->text;
}

void xyaml_writer_free(xyaml_writer *writer) {
    yaml_emitter_delete(&writer->emitter);
    free(writer->text);
    free(writer);
}
