package main

import "github.com/spf13/cobra"

// topics are help without a command.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit-codes", Short: "What the tool's exit codes mean", Long: "What the tool's exit codes mean:\n\n" + exitHelp},
		{Use: "cases", Short: "How cases for aril test are written", Long: casesHelp},
	}
}

const casesHelp = `A file of cases, in cases/*.json or *.aril.json beside the source:

  {
    "about": "what the extension does when an operation fails",
    "cases": [{
      "name": "the second attempt succeeds",
      "config": {"attempts": 2},
      "steps": [{
        "operation": {"kind": "execution", "name": "order.place"},
        "input": {"sku": "A-1"},
        "next": [{"error": {"code": "busy", "retryable": true}}, {"value": 7}],
        "expect": {"value": 7, "next": [{"sku": "A-1"}, {"sku": "A-1"}]}
      }],
      "expect": {"log": [{"level": "warn", "message": "trying again"}]}
    }]
  }

A case    name, config, isolation (fresh, pooled, single), powers, grants,
          limits, functions, state, steps, init_error, and expect: log, state.
A step    one of operation (with input, params, next), call (with args),
          event (with data); expect.
next      what the operation itself does at the first call of next, the second,
          …; the last repeats: {"value": V}, {"error": {"code": "c"}}, after
          "delay_ms"; or an "operation" within this one.
expect    one of value, error (code, message, data, cause, retryable), breaks
          ("ErrFuel", "ErrTrap", …), same: true (the very outcome of next),
          no_method, answered: false; beside it next: the inputs that reached
          the operation.

What is not written is not compared. JSON lacks some values; they are written

  {"$int": "9223372036854775807"}   {"$float": "NaN"}   {"$bytes": "AAEC"}
  {"$time": "2026-01-02T03:04:05Z"}   {"$any": true}   {"$repeat": [1000, V]}

All of it: testdata/conformance/README.md in the project.`
