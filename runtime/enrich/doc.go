// Package enrich adds data to the responses of an API by extensions that JSON
// files define: which workflows and reads each one is for, the task that it
// runs, and the mapping between task and response. The definitions are those
// of the document Extension Management, as they are; the mappings, C# there,
// are WebAssembly or JavaScript in a sandbox.
//
//	e, err := enrich.New(ctx, enrich.Config{
//		HTTP: aril.HTTPConfig{Hosts: []aril.HTTPHost{{Pattern: "https://limits.example.com"}}},
//	})
//	_, err = e.LoadDir(ctx, "definitions")
//	http.Handle("/api/v1/", e.Middleware(enrich.MiddlewareConfig{})(api))
//
// Middleware wraps an API that stands. [Enricher.Enrich] does the same for any
// Go value:
//
//	got, err := e.Enrich(ctx, enrich.Request{Domain: "banking", Workflow: "transfers"}, transfer)
//	json.NewEncoder(w).Encode(map[string]any{"data": transfer, "extensions": got.Extensions})
//
// # Definitions
//
// Documents of four flows are read: sys-extensions, the sys-tasks that these
// run, sys-flows (workflows, which list extensions, by a whole version, the
// beginning of one or "latest") and sys-views. They come from a directory,
// which may be watched, or from [Enricher.Publish]. Either way all of a change
// is served or none: what is wrong is a [PublishError] with file, line and
// member of every issue, and what was there before serves on. [Schema] is the
// JSON Schema.
//
// An extension's attributes may have these members beside the document's:
//
//	responseKey      the member of the response
//	onFailure        "omit" or "fail"
//	fallback         a value that stands in for one that failed
//	timeoutSeconds   for all of the extension: mapping, task and retries
//	lazy             runs only when a request names it
//	cache            {"ttlSeconds": 60, "vary": ["instance", "caller", "header:NAME", "query:NAME", "data:PATH"]}
//
// and task, or the task's definition, an errorBoundary.
//
// # Selection
//
// Type and scope decide, see [Type], [Scope] and COMPAT.md. First run the
// extensions that need no workflow (types 1 and 2), then those that the
// workflow lists; each phase in groups by order, a group at once. Whose
// behaviour counts where the document and the released systems differ is
// Config.Compat.
//
// # Tasks
//
// HTTP (6), script (7), get-instance-data (13), get-instances (15) and state
// store (17). Texts of their configuration may have values in them:
//
//	"url": "https://limits.example.com/users/{{instance.data.userId}}"
//	"headers": {"authorization": "Bearer {{secrets.vault.limits}}"}
//
// from instance, body, headers, query, routeValues, caller and secrets. A value
// is escaped for where it stands, and can be no host.
//
// # Mappings
//
// A mapping is an extension of Aril with the methods input_handler and
// output_handler; either may be missing. The argument of the first is a map
// with task and context, that of the second the context ([ScriptContext]); the
// answer is a [ScriptResponse]. In JavaScript:
//
//	export default {
//		inputHandler({ task, context }) { return { headers: { "x-user": context.headers["user_reference"] } }; },
//		outputHandler(context) { return { data: { limits: context.body.data } }; },
//	};
//
// The definition's mapping.code is base64 of a .wasm file or of such a script
// (location *.js or *.ts), or the location is the file. Where the location is a
// .csx, C# is not run: the file beside it with the same stem is taken, .wasm
// before .js before .ts. [Port] writes scripts to begin with.
//
// # What goes wrong
//
// A failure costs the member of the extension, and is logged and counted in
// the document's words; with onFailure "fail", and at level 0.0.33, it fails
// the read with an [Error]. What a mapping can do to the host is bounded by
// Config.Limits, what a backend can by the timeouts.
package enrich
