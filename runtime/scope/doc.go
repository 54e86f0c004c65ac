// Package scope makes a program's parts from recipes, once each, in the order
// in which they need each other, and lets extensions, native or sandboxed,
// stand around that.
//
// A recipe is an [Executor]: a factory and what it depends on. Executors are
// package variables; they are immutable and hold no values:
//
//	var config = scope.Provide(loadConfig, scope.Name("config"))
//
//	var db = scope.Derive(config,
//		func(ctx context.Context, c *scope.Controller, cfg *Config) (*sql.DB, error) {
//			db, err := sql.Open("postgres", cfg.URL)
//			if err == nil {
//				c.Cleanup(func(context.Context) error { return db.Close() })
//			}
//			return db, err
//		}, scope.Name("db"))
//
// A [Scope] holds the values. [Resolve] makes one, with everything below it,
// or gives the one that is there:
//
//	s, err := scope.New(ctx, scope.Config{})
//	defer s.Dispose(ctx)
//	conn, err := scope.Resolve(ctx, s, db)
//
// A program has one scope, a test has its own, with [Executor.Preset] in place
// of what it does not want.
//
// # Dependencies
//
// [Derive], [Derive2], [Derive3] take dependencies of different types,
// [DeriveMany] any number of one type, [DeriveNamed] any number by name. A
// dependency is an executor or one of its forms: [Executor.Reactive] makes the
// dependent follow changes, [Executor.Lazy] and [Executor.Static] give an
// [Accessor]. A [Pool] has an executor for each key. A [Tag] is a dependency on
// something that the scope carries.
//
// # Change
//
// [Update] and [Set] replace a value; what depends on it reactively is
// resolved anew, each once, before they return. [Reload] runs a factory again,
// [Scope.Release] takes a value out. Cleanups run whenever a value goes.
//
// # Flows
//
// A [Flow] is business logic with a name: a handler, with dependencies if it
// has any. [Run] executes one in a new execution context; its handler executes
// others with [Exec], and functions with [Step], in contexts below that one:
//
//	var place = scope.DeriveFlow(scope.Definition{Name: "order.place"}, db,
//		func(ctx context.Context, db *sql.DB, o Order) (Receipt, error) {
//			if _, err := scope.Exec(ctx, reserve, o.Items); err != nil {
//				return Receipt{}, err
//			}
//			return scope.Step(ctx, func(ctx context.Context) (Receipt, error) { … })
//		})
//
//	receipt, err := scope.Run(ctx, s, place, order)
//
// A [Context] has data that contexts below inherit, tags, and a journal: a
// keyed step runs once in its context, and is replayed after. [Parallel] runs
// functions at once. A context that ends goes from active to closing, when it
// waits for work under way, to closed; those below it go first. [Scope.Pod]
// makes a scope for one execution, with presets of its own.
//
// # Extensions
//
// An extension is any aril.Extension. Added by [Config].Extensions or
// [Scope.UseExtension], it wraps each resolution and each update:
//
//	func (l *logging) Wrap(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
//		started := time.Now()
//		v, err := next(ctx)
//		log.Printf("%s %s: %v", op.Kind, op.Name, time.Since(started))
//		return v, err
//	}
//
// What it returns is what the resolver gets; what the scope keeps is what the
// factory made. Every resolution is wrapped: also of dependencies, through
// accessors, in reaction to an update, and of a value that is there. The
// extension that was added last is outermost. Called again, next runs a failed
// factory again, and gives the value of one that succeeded.
//
// Executions are wrapped alike, and the beginning and the end of execution
// contexts: aril.Invocation.Kind says which it is, and its Params are a
// [*ResolveOperation], [*ExecutionOperation] or [*LifecycleOperation].
//
// The other hooks are [Initer], [Starter], [ErrorHandler], [Disposer],
// [ResolveWrapper], [ExecuteWrapper], [PodIniter], [PodDisposer],
// [PodErrorHandler] and [Caller], each optional. A loaded *aril.Guest has the
// same through its exports, and reaches the scope through [Capability], which
// must be granted to it. It is told of its scope by events; what it subscribes
// to is kept by the host, since its instances come and go.
//
// # Errors
//
// A failed resolution is a [*ResolutionError], mostly a [*FactoryError] around
// what the factory returned. It is kept: the next resolver gets the same, until
// [Reload]. Dependents fail with the very error of what they depend on.
// [Scope.OnError] hears of each error once.
//
// # Where it comes from
//
// The package follows two documents of a TypeScript library, one a generation.
// Where they and the released library differ, it follows the documents;
// [CompatGen1] and [CompatGen2] choose the releases. COMPAT.md has all of it,
// statement by statement; COMING_FROM.md maps their identifiers to this
// package's.
package scope
