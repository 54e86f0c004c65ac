package scope

// Compat is how a scope behaves where the documents it is built after and the
// systems that were released differ. Each switch takes one behaviour of a
// released system; the zero value is what this package documents. Choose a
// level, or switches by themselves. COMPAT.md has each behaviour with its
// level.
type Compat struct {
	// FirstOutermost puts the extension that was added first outermost. Else
	// the last one is.
	FirstOutermost bool

	// TopOnly shows wraps only what Resolve, Update and Set are called for:
	// not dependencies, accessors, or reactive re-resolutions.
	TopOnly bool

	// ReplayFailure makes a second call of next give a failed factory's error
	// again. Else it runs the factory again.
	ReplayFailure bool

	// ErrorsPerExecutor tells OnError of a failure once for each executor of
	// the chain. Else once for each error value.
	ErrorsPerExecutor bool

	// QuietWraps keeps errors that a wrap made from OnError.
	QuietWraps bool

	// DisposeTogether runs the Dispose hooks of all extensions at once. Else
	// they run one after the other, last first.
	DisposeTogether bool

	// SeparateLists has the scope's extensions wrap no executions and hear of no
	// pods, and those of an execution nothing else.
	SeparateLists bool

	// ItemsFirst begins the items of a parallel execution before its operation.
	ItemsFirst bool

	// CreateOnlyMade announces the creation of those contexts alone that
	// NewContext makes.
	CreateOnlyMade bool

	// FailingClose makes an execution fail for what extensions say against the
	// closing of its context.
	FailingClose bool

	// Gen2Codes gives errors the codes of that generation.
	Gen2Codes bool
}

// The compatibility levels.
var (
	// CompatGen1 behaves as the released system of the first generation.
	CompatGen1 = Compat{FirstOutermost: true, TopOnly: true, ReplayFailure: true, ErrorsPerExecutor: true, QuietWraps: true,
		DisposeTogether: true, SeparateLists: true}

	// CompatGen2 behaves as the released system of the second.
	CompatGen2 = Compat{FirstOutermost: true, TopOnly: true, ReplayFailure: true, ErrorsPerExecutor: true, QuietWraps: true,
		DisposeTogether: true, ItemsFirst: true, CreateOnlyMade: true, FailingClose: true, Gen2Codes: true}
)

// code gives an error's code at this level.
func (c Compat) code(code Code) Code {
	if c.Gen2Codes {
		switch code {
		case CodeFactory:
			return "F001"
		case CodeCircular:
			return "D001"
		case CodeCallback, CodeInvalidFactory, CodePreset, CodeDependencyNotFound:
			return "E001"
		}
	}
	return code
}
