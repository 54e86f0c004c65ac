// The state of the engine, and what its parts offer each other.
#ifndef ARIL_ENGINE_H
#define ARIL_ENGINE_H

#include "host.h"
#include "internal.h"
#include "value.h"

enum hook { HOOK_INIT, HOOK_WRAP, HOOK_EVENT, HOOK_CALL, HOOK_DISPOSE };

// An activation is one call of one hook. It lives on the C stack, so that
// re-entry from below next nests.
struct activation {
	struct activation *outer;
	enum hook hook;
	uint32_t nexts;           // that ran
	struct header *header;    // of the operation, event or call
	struct result *results;   // the last first
	struct result *passed;    // which one an async hook returned, unread
	JSValue promise;          // what an async hook returned
	struct list_head jobs;    // of the outer activation
	struct timer *timers;     // the next one first
	struct timer *firing;     // runs now
	const char *name;         // of the hook
	struct rejection *rejections;
};

extern JSRuntime *rt;
extern JSContext *ctx;
extern struct activation *current;

// The mailbox. Every import may overwrite it.
enum { MAILBOX = 16 << 10 };
extern uint8_t mailbox[MAILBOX];

// Copies what the host has just sent through the mailbox. NULL when there is
// no memory.
uint8_t *message_copy(uint32_t n);

// Reads a slot to memory that the caller frees. status is that of the host,
// or LIMIT where there is no memory.
uint8_t *slot_read(uint32_t slot, size_t *len, uint32_t *status);

// Throws what a status means, as an ArilError. what is the function.
JSValue throw_status(uint32_t status, const char *what);

// Throws the Error message that a host function failed with.
JSValue throw_message(const uint8_t *data, size_t len);

// Functions of the prelude.
JSValue prelude(const char *name, int argc, JSValueConst *argv);

// operation.c
int operation_begin(void);
JSValue header_object(struct activation *a, uint32_t n);
JSValue next_function(JSValueConst op);
void activation_end(struct activation *a); // what it gave is stale from here on
JSValue result_prototype(void); // for the prelude to add what needs no C
JSValue operation_prototype(void);
struct result *result_of(JSValueConst v);
uint32_t result_index(const struct result *r);
struct result *result_unchanged(struct activation *a, JSValueConst v);

// script.c
void script_begin(void);
JSValue script_evaluate(const char *source, size_t len, const char *name); // its default export

// timers.c
int timers_begin(JSValueConst global);
int timers_fire(struct activation *a); // 1: one fired; 0: there is none; -1: an exception
void timers_drop(struct activation *a);

// builtins.c
JSValue builtins(void);

// rejections.c
void rejections_begin(void);
void rejections_report(struct activation *a); // and forgets them

int64_t monotonic_ns(void);

// Ends the activation with what a script threw.
_Noreturn void panic_with(JSValueConst thrown);

#endif
