/* A tool in C: takes a number apart into primes.
 *
 * The functions are those of the interface `anteroom:tool/tools` of the file `wit/tool.wit` in the repository;
 * `bindings/` is generated from it (see `README.md`). What is handed over is freed by the other side.
 */
#include "bindings/tool.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SCHEMA[] =
    "{\"type\":\"object\","
    "\"properties\":{\"number\":{\"type\":\"integer\",\"minimum\":2,\"maximum\":1000000000000000}},"
    "\"required\":[\"number\"],\"additionalProperties\":false}";

void exports_anteroom_tool_tools_describe(exports_anteroom_tool_tools_list_tool_manifest_t *list) {
    list->ptr = calloc(1, sizeof *list->ptr);
    list->len = 1;
    tool_string_dup(&list->ptr->name, "factorize");
    tool_string_dup(&list->ptr->description,
                    "Takes a number up to 10^15 apart into its prime factors. Example: {\"number\": 8051}");
    tool_string_dup(&list->ptr->input_schema, SCHEMA);
    list->ptr->tier = ANTEROOM_TOOL_TYPES_TIER_READ;
    list->ptr->timeout_ms.is_some = true;
    list->ptr->timeout_ms.val = 20000;
}

/* The host has checked the arguments against the schema: there is one member, and its value is a whole number. */
static uint64_t number_of(const tool_string_t *args) {
    uint64_t number = 0;
    bool is_value = false;
    for (size_t i = 0; i < args->len; i++) {
        uint8_t c = args->ptr[i];
        if (c == ':') {
            is_value = true;
        } else if (is_value && c >= '0' && c <= '9') {
            number = number * 10 + (c - '0');
        } else if (c == '.' || c == '}') {
            break;
        }
    }
    return number;
}

static void factors_of(uint64_t number, char *text, size_t size) {
    size_t used = (size_t)snprintf(text, size, "%llu =", (unsigned long long)number);
    const char *between = " ";
    for (uint64_t factor = 2; factor * factor <= number; factor += factor == 2 ? 1 : 2) {
        while (number % factor == 0) {
            used += (size_t)snprintf(text + used, size - used, "%s%llu", between, (unsigned long long)factor);
            number /= factor;
            between = " \xc3\x97 ";
        }
    }
    if (number > 1) {
        snprintf(text + used, size - used, "%s%llu", between, (unsigned long long)number);
    }
}

bool exports_anteroom_tool_tools_call(exports_anteroom_tool_tools_call_context_t *context, tool_string_t *name,
                                      tool_string_t *args, exports_anteroom_tool_tools_output_t *output,
                                      exports_anteroom_tool_tools_tool_error_t *error) {
    /* At most 49 factors of two digits and the signs between them. */
    char text[512];
    uint64_t number = number_of(args);
    (void)context;
    (void)name;
    if (number < 2) {
        error->tag = ANTEROOM_TOOL_TYPES_TOOL_ERROR_INVALID_ARGS;
        tool_string_dup(&error->val.invalid_args, "`number` is a whole number from 2 on, written in digits");
        return false;
    }
    factors_of(number, text, sizeof text);
    output->content.ptr = calloc(1, sizeof *output->content.ptr);
    output->content.len = 1;
    output->content.ptr->tag = ANTEROOM_TOOL_TYPES_CONTENT_TEXT;
    tool_string_dup(&output->content.ptr->val.text, text);
    return true;
}
