// Package names holds the constants of ABI v1: the names, numbers and bits
// that host and guest must agree on. It imports nothing and declares nothing
// but untyped constants, so that a guest SDK can use it at no cost.
//
// What each one means is in abi/ABI.md, which is normative.
package names

// Import modules. The prefix "aril_" is reserved to this project.
const (
	ModuleAril    = "aril_v1"
	ModuleLog     = "aril_log_v1"
	ModuleClock   = "aril_clock_v1"
	ModuleRandom  = "aril_random_v1"
	ModuleState   = "aril_state_v1"
	ModuleScope   = "aril_scope_v1"
	ModuleHTTP    = "aril_http_v1"
	ModuleSecrets = "aril_secrets_v1"
	ModuleDynamic = "aril_dynamic_v1"
	ModuleWASI    = "wasi_snapshot_preview1"
	ModuleEnv     = "env"

	ReservedModulePrefix = "aril_"
)

// Guest exports.
const (
	ExportMemory     = "memory"
	ExportABI        = "aril_abi_v1"
	ExportInitialize = "_initialize"
	ExportInit       = "aril_init"
	ExportResume     = "aril_resume"
	ExportWrap       = "aril_wrap"
	ExportEvent      = "aril_event"
	ExportCall       = "aril_call"
	ExportDispose    = "aril_dispose"
)

// Custom sections that the host reads.
const (
	SectionAril   = "aril"        // an extension's static facts, a Manifest
	SectionScript = "aril.script" // what a guest that is an interpreter runs

	SectionOptional = "aril.optional" // import modules that answer DENIED where they are not granted, a line each
)

// Statuses: the upper half of what every import returns.
const (
	StatusOK          = 0  // done; n is the function's own figure
	StatusFailed      = 1  // the rest of the pipeline, or a host function's work, ended with an error that can be read
	StatusNotFound    = 2  // no such key, slot or outcome
	StatusDenied      = 3  // the extension lacks a power or a grant
	StatusPhase       = 4  // not to be called from this hook
	StatusLimit       = 5  // a count or a sum is used up
	StatusTooLarge    = 6  // one value is larger than its limit
	StatusInvalid     = 7  // a pointer, length, number or message is malformed
	StatusCanceled    = 8  // the caller's context is done; finish soon
	StatusStale       = 9  // a handle of an activation that is over
	StatusConflict    = 10 // compare_and_swap found another value
	StatusUnavailable = 11 // a back end did not answer
	StatusBusy        = 12 // would have to wait for itself
)

// What a hook returns.
const (
	HookPass = 1 // wrap: the last next's outcome stands. Other hooks: nothing to say
	HookDone = 2 // the outcome given by aril_v1.outcome
)

// Flags of aril_v1.next.
const (
	NextReplace = 1 // the message at ptr replaces the input
	NextRead    = 2 // put the outcome into the mailbox at once
)

// Slots of aril_v1.read.
const (
	SlotMessage = 0 // the current message, when it did not fit the mailbox
	SlotInput   = 1 // the operation's input as this extension sees it; args of a call, data of an event
	SlotResult  = 2 // value of the last next
	SlotError   = 3 // error of the last next, an Error message
	SlotParams  = 4 // parameters of the operation
	SlotConfig  = 5 // configuration given to Load
	SlotScript  = 6 // script given to Load, for guests that are interpreters
)

// Kinds of aril_v1.outcome.
const (
	OutcomeValue = 0 // the message at ptr is the value
	OutcomeError = 1 // the message at ptr is an Error
	OutcomeNext  = 2 // ptr is i, len 0: the outcome of the i-th next of this activation, counted from 0, as it was
)

// Levels of the aril_v1.context functions.
const (
	LevelOwn   = 0 // this operation; inherited by operations below it
	LevelRoot  = 1 // the root operation of the chain
	LevelScope = 2 // the scope, or the pipeline where there is none
)

// Powers over the operation itself, as bits of the header's "powers".
const (
	PowerReadInput     = 1 << 0
	PowerReadResult    = 1 << 1
	PowerReadErrorText = 1 << 2
	PowerChangeInput   = 1 << 3
	PowerChangeResult  = 1 << 4
	PowerSkip          = 1 << 5 // end the operation without calling next
	PowerRepeat        = 1 << 6 // call next more than once
	PowersAll          = 1<<7 - 1
)

// Levels of aril_log_v1.write; the numbers are log/slog's.
const (
	LogDebug = -4
	LogInfo  = 0
	LogWarn  = 4
	LogError = 8
)

// Clocks of aril_clock_v1.now.
const (
	ClockMonotonic = 0 // since an arbitrary point
	ClockWall      = 1 // since 1970-01-01 UTC
)

// Absent, as a length in aril_state_v1.compare_and_swap, means "no value".
const Absent = 0xFFFFFFFF

// Message keys.
const (
	KeyKind      = "kind"
	KeyName      = "name"
	KeyKey       = "key"
	KeyID        = "id"
	KeyRoot      = "root"
	KeyDepth     = "depth"
	KeyMaxNext   = "max_next"
	KeyPowers    = "powers"
	KeyEntropy   = "entropy"
	KeyMeta      = "meta"
	KeyCode      = "code"
	KeyMessage   = "message"
	KeyData      = "data"
	KeyCause     = "cause"
	KeyRetryable = "retryable"
	KeyHandle    = "handle"
	KeyMethod    = "method"
	KeyEvent     = "event"
	KeyScope     = "scope"
	KeyVersion   = "version"
)

// Keys of what aril_scope_v1 and the events of a scope carry.
const (
	KeyAfter        = "after"
	KeyChange       = "change"
	KeyError        = "error"
	KeyEvery        = "every" // nanoseconds
	KeyExecutor     = "executor"
	KeyForce        = "force"
	KeyLimit        = "limit"
	KeyMissed       = "missed"
	KeyNames        = "names"
	KeyOperation    = "operation"
	KeyRegistered   = "registered"
	KeyState        = "state"
	KeySubscription = "subscription"
	KeyValue        = "value"
	KeyValues       = "values"
)

// Keys of what operations and events of executions carry.
const (
	KeyContext  = "context" // id of an execution context
	KeyCount    = "count"
	KeyFlow     = "flow"
	KeyFlowName = "flow_name"
	KeyMode     = "mode"
	KeyParallel = "parallel"
	KeyParams   = "params"
	KeyParent   = "parent" // name of the flow around
	KeyPhase    = "phase"
	KeyTags     = "tags" // of the context, by their labels
)

// States of an executor in a scope ("state").
const (
	ExecutorNone     = "none" // not resolved since the scope began or it was released
	ExecutorPending  = "pending"
	ExecutorResolved = "resolved"
	ExecutorRejected = "rejected"
)

// KindResolve is the kind of operation that resolves or updates an executor.
const KindResolve = "resolve"

// Kinds of operations of executions.
const (
	KindExecution = "execution"         // a flow, a step, or several at once
	KindLifecycle = "context-lifecycle" // an execution context begins or ends
)

// How an execution runs ("mode").
const (
	ModeSequential      = "sequential"
	ModeParallel        = "parallel"
	ModeParallelSettled = "parallel-settled"
)

// Steps in the life of an execution context ("phase").
const (
	PhaseCreate  = "create"
	PhaseClosing = "closing"
	PhaseClosed  = "closed"
)

// How an execution context closes ("mode").
const (
	CloseGraceful = "graceful" // what runs is waited for
	CloseAbort    = "abort"    // what runs is told to end
)

// What changes an executor's value: "operation" in the PARAMS of such an
// operation, "change" in the data of a change.
const (
	ChangeResolve = "resolve"
	ChangeUpdate  = "update"
)

// Codes of the errors of aril_scope_v1.
const (
	CodeNotFound        = "not_found"
	CodeNotAttached     = "not_attached"
	CodeNotResolved     = "not_resolved"
	CodeReentrant       = "reentrant"
	CodeDenied          = "denied"
	CodeLimit           = "limit"
	CodeClosed          = "closed"
	CodeInvalidArgument = "invalid_argument"
)

// Bounds of aril_scope_v1.
const (
	MaxSubscriptions = 64         // of one extension in one scope
	MinTick          = 10_000_000 // nanoseconds between two ticks
	MaxEntries       = 1000       // in one answer of entries; also the default
)

// Keys of what aril_http_v1 carries.
const (
	KeyURL       = "url"
	KeyHeaders   = "headers"
	KeyBody      = "body"
	KeyTimeoutMS = "timeout_ms"
	KeyStatus    = "status"
)

// Codes of the errors of aril_http_v1, beside CodeLimit and
// CodeInvalidArgument.
const (
	CodeInvalidRequest   = "invalid_request"
	CodeDeniedHost       = "denied_host"
	CodeDeniedAddress    = "denied_address"
	CodeUnresolved       = "unresolved"
	CodeRefused          = "refused"
	CodeTLS              = "tls"
	CodeTooLarge         = "too_large"
	CodeTooManyRedirects = "too_many_redirects"
	CodeTimeout          = "timeout"
	CodeBadResponse      = "bad_response"
)

// Kinds of Error messages ("kind"): whose error it is.
const (
	ErrorHost      = "host"      // made by the host program
	ErrorExtension = "extension" // returned by an extension
	ErrorBroken    = "broken"    // an extension broke
	ErrorCanceled  = "canceled"  // the caller gave up
)

// Types of event ("event").
const (
	EventAttach  = "attach"
	EventStart   = "start"
	EventDetach  = "detach"
	EventError   = "error"
	EventChange  = "change"
	EventRelease = "release"
	EventTick    = "tick"

	EventInitPod    = "init_pod"
	EventDisposePod = "dispose_pod"
	EventPodError   = "pod_error"
)

// ExtOpaque is the msgpack extension type of an opaque value: 16 bytes of
// handle, then the name of its Go type.
const ExtOpaque = 0x41

// Sizes.
const (
	MailboxMin  = 4096 // smallest mailbox a guest may offer, in bytes
	EntropySize = 32   // bytes of entropy in a header
	HandleSize  = 16   // bytes of a handle
)
