package prodtelemetry

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// Collector records single events, a part of them drawn by lot, and posts them
// every 30 seconds and when the scope ends. Its configuration, all optional:
//
//	sampleRate       the part of the events that is recorded, 0 to 1; default 1
//	metricsEndpoint  a URL; default none, and nothing is sent
//	flushInterval    in milliseconds; default 30000
//
// What could not be sent is tried again, and dropped past 256 KiB. An event may
// be sent twice, if the endpoint's answer did not come.
type Collector struct {
	sampling float64
	endpoint string
	interval int64
}

// NewCollector gives the extension.
func NewCollector() *Collector { return new(Collector) }

// What is recorded and not yet sent is in the State, as JSON with a comma
// after each event. Appending is one step, so that nothing is lost between
// operations that run at once.
const (
	buffer    = "events"
	maxBuffer = 256 << 10
)

var errTooMany = errors.New("the endpoint has not been there for so long that events were dropped")

// Event is one thing that happened.
type Event struct {
	Metric      string    `json:"metric"` // "executor.event", "executor.error", "flow.execution" or "flow.error"
	Event       string    `json:"event,omitempty"`
	Executor    string    `json:"executor,omitempty"`
	Error       string    `json:"error,omitempty"`
	Message     string    `json:"message,omitempty"`
	Timestamp   time.Time `json:"timestamp"`
	MemoryUsage int64     `json:"memoryUsage,omitempty"` // bytes of heap
	TraceID     string    `json:"traceId,omitempty"`     // of the execution that a flow is part of
	Flow        string    `json:"flowName,omitempty"`
	Parent      string    `json:"parentSpan,omitempty"` // the flow around it
	Duration    float64   `json:"duration,omitempty"`   // of a flow, in milliseconds
}

// Init reads the configuration.
func (c *Collector) Init(cfg guest.Config) error {
	var errs [3]error
	c.sampling, errs[0] = guest.Or(cfg.Get("sampleRate"), 1.0)
	c.endpoint, errs[1] = guest.Or(cfg.Get("metricsEndpoint"), "")
	c.interval, errs[2] = guest.Or(cfg.Get("flushInterval"), int64(30_000))
	if c.sampling < 0 || c.sampling > 1 || c.interval < 1 {
		errs[0] = errors.Join(errs[0], errors.New("sampleRate is 0 to 1, flushInterval is above 0"))
	}
	return errors.Join(errs[:]...)
}

// Attach asks to be told of changes and time.
func (c *Collector) Attach(s *guest.Scope) error {
	if _, err := s.OnChange(); err != nil || c.endpoint == "" {
		return err
	}
	_, err := s.Every(guest.Duration(c.interval) * guest.Millisecond)
	return err
}

// Change records that a value was made or replaced. It does not look at it.
func (c *Collector) Change(change *guest.Change) (guest.Value, error) {
	if guest.Rand.Float64() < c.sampling {
		memory, _ := guest.Invoke(processMemory, nil)
		heap, _ := guest.As[int64](memory.Get("heapUsed"))
		c.record(Event{Metric: "executor.event", Event: change.Operation(), Executor: change.Executor().NameOr("unnamed"), MemoryUsage: heap})
	}
	return guest.Pass, nil
}

// OnError records every error.
func (c *Collector) OnError(f *guest.Failure) {
	c.record(Event{Metric: "executor.error", Error: guest.Code(f.Err()), Message: truncate(f.Err().Error(), 1000)})
}

// WrapExecute records a part of the flows, and every one that fails. What they
// gave it does not look at.
func (c *Collector) WrapExecute(x *guest.Execution, next guest.Next) (guest.Value, error) {
	if x.Flow().Name == "" {
		return next()
	}
	e := Event{Metric: "flow.execution", TraceID: traceID(), Flow: x.FlowName(), Parent: x.ParentFlowName()}
	start := guest.Monotonic()
	v, err := next()
	e.Duration = float64(guest.Monotonic()-start) / float64(guest.Millisecond)
	if err != nil {
		e.Metric, e.Error, e.Message = "flow.error", guest.Code(err), truncate(err.Error(), 1000)
	}
	if err != nil || guest.Rand.Float64() < c.sampling {
		c.record(e)
	}
	return v, err
}

// traceID is the same in all of one execution: the flow that is first to ask
// leaves it at level Root.
func traceID() string {
	const key = "traceId"
	id, err := guest.As[string](guest.Root.Get(key))
	if err == guest.ErrNotFound {
		id = strconv.FormatUint(guest.Rand.Uint64(), 16)
		err = guest.Root.Set(key, id)
	}
	check(err)
	return id
}

func (c *Collector) record(e Event) {
	e.Timestamp = goTime(guest.Now())
	b, err := json.Marshal(e)
	if err == nil {
		var size int
		if size, err = guest.State.Append(buffer, append(b, ',')); size > maxBuffer {
			err = errors.Join(errTooMany, guest.State.Delete(buffer))
		}
	}
	check(err)
}

// Tick sends what is new.
func (c *Collector) Tick(*guest.Tick) error {
	check(c.flush())
	return nil
}

// Detach sends the rest. The program's end does not depend on it.
func (c *Collector) Detach(*guest.Scope) error {
	if c.endpoint != "" {
		check(c.flush())
	}
	return nil
}

func (c *Collector) flush() error {
	recorded, err := take()
	if err != nil || len(recorded) == 0 {
		return err
	}
	list := append([]byte{'['}, recorded...)
	list[len(list)-1] = ']' // for the last comma
	if err := post(c.endpoint, list); err != nil {
		_, again := guest.State.Append(buffer, recorded)
		return errors.Join(err, again)
	}
	return nil
}

// take empties the buffer, in one step with reading it.
func take() ([]byte, error) {
	for {
		recorded, err := guest.State.Get(buffer)
		if err == guest.ErrNotFound {
			return nil, nil
		}
		if err == nil {
			err = guest.State.CompareAndSwap(buffer, recorded, nil)
		}
		if err != guest.ErrConflict {
			return recorded, err
		}
	}
}
