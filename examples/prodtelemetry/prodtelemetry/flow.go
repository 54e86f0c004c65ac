package prodtelemetry

import (
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// Flow is what is known of one flow. The duration is in milliseconds.
type Flow struct {
	Name               string  `json:"name"`
	ExecutionCount     int64   `json:"executionCount"`
	SuccessCount       int64   `json:"successCount"`
	ErrorCount         int64   `json:"errorCount"`
	AverageDuration    float64 `json:"averageDuration"`
	ParallelExecutions int64   `json:"parallelExecutions"`
	MaxDepth           int64   `json:"maxDepth"`
}

// AppendMsgpack and DecodeMsgpack make it a type that the State keeps.
func (f Flow) AppendMsgpack(b []byte) []byte {
	b = msgpack.AppendStr(msgpack.AppendStr(msgpack.AppendMap(b, 7), "name"), f.Name)
	b = msgpack.AppendInt(msgpack.AppendStr(b, "executionCount"), f.ExecutionCount)
	b = msgpack.AppendInt(msgpack.AppendStr(b, "successCount"), f.SuccessCount)
	b = msgpack.AppendInt(msgpack.AppendStr(b, "errorCount"), f.ErrorCount)
	b = msgpack.AppendFloat(msgpack.AppendStr(b, "averageDuration"), f.AverageDuration)
	b = msgpack.AppendInt(msgpack.AppendStr(b, "parallelExecutions"), f.ParallelExecutions)
	return msgpack.AppendInt(msgpack.AppendStr(b, "maxDepth"), f.MaxDepth)
}

// DecodeMsgpack reads what AppendMsgpack wrote.
func (f *Flow) DecodeMsgpack(r *msgpack.Reader) error {
	for key := range r.Fields() {
		switch key {
		case "name":
			f.Name = r.Str()
		case "executionCount":
			f.ExecutionCount = r.Int()
		case "successCount":
			f.SuccessCount = r.Int()
		case "errorCount":
			f.ErrorCount = r.Int()
		case "averageDuration":
			f.AverageDuration = r.Float()
		case "parallelExecutions":
			f.ParallelExecutions = r.Int()
		case "maxDepth":
			f.MaxDepth = r.Int()
		}
	}
	return r.Err()
}

// WrapExecute measures flows, and logs those that fail.
func (t *Telemetry) WrapExecute(x *guest.Execution, next guest.Next) (guest.Value, error) {
	if x.Flow().Name == "" {
		return next()
	}
	name, depth, parallel := x.FlowName(), int64(x.Depth()), x.IsParallel()
	start := guest.Monotonic()
	v, err := next()
	took := float64(guest.Monotonic()-start) / float64(guest.Millisecond)
	if t.profiling && guest.Rand.Float64() < t.sampling {
		_, failed := total.Add(1)
		check(failed)
		check(flows.Update(name, func(f *Flow) {
			f.Name = name
			f.AverageDuration = (f.AverageDuration*float64(f.ExecutionCount) + took) / float64(f.ExecutionCount+1)
			f.ExecutionCount++
			if err == nil {
				f.SuccessCount++
			} else {
				f.ErrorCount++
			}
			if parallel {
				f.ParallelExecutions++
			}
			f.MaxDepth = max(f.MaxDepth, depth)
		}))
	}
	if err != nil && !passedOn(err) {
		t.log(Error{Flow: name, Operation: "execute"}, err)
	}
	return v, err
}

// passedOn tells whether a flow below has failed with that error already.
func passedOn(err error) bool {
	text := guest.Code(err) + " " + truncate(err.Error(), 1000)
	before, _ := guest.As[string](guest.Root.Swap("failed", text))
	return before == text
}
