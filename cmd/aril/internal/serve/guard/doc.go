// Package guard stands between a listener and the API: it says who calls, how
// many may at once and how long anything takes, and it tells of every request.
//
//	m := guard.NewMetrics(guard.MetricsConfig{})
//	tokens, err := guard.LoadTokens("tokens.json")
//	handler, err := guard.New(guard.Config{Tokens: tokens, Routes: routes, Metrics: m, Logger: logger}, api)
//	server := guard.NewServer(guard.ServerConfig{}, handler)
//	err = server.Serve(listener)
//
// New puts the parts in this order, the outermost first; each can be used alone:
//
//	Trace       a trace id for problems, logs and the response; Server-Timing
//	Log         one line a request
//	Metrics     counts, durations
//	Recover     a panic is a problem with status 500
//	LocalOnly   without tokens: no page in a browser gets through
//	Tokens      who calls
//	Admission   the body is read, a place taken, the answer kept and the place
//	            given back before anything is sent
package guard
