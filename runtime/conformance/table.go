package conformance

import "time"

// A Column is what one subject adds to the table of all SDKs.
type Column struct {
	OK      bool                     `json:"ok"`
	Cases   map[string]int           `json:"cases"`   // by status
	Figures map[string]ColumnFigures `json:"figures"` // by role
}

// ColumnFigures are the Figures of one role.
type ColumnFigures struct {
	Fuel   int64 `json:"fuel"`
	Bytes  int64 `json:"bytes"`
	Median int64 `json:"median_us"` // microseconds, rounded
}

// Column sums a report up, with the figures of each role.
func (r *Report) Column() *Column {
	c := &Column{OK: r.OK(), Cases: map[string]int{}, Figures: map[string]ColumnFigures{}}
	for _, result := range r.Results {
		c.Cases[result.Status.String()]++
		if f := result.Figures; f != nil {
			c.Figures[result.Case.Role] = ColumnFigures{f.Fuel, f.Bytes, f.Median.Round(time.Microsecond).Microseconds()}
		}
	}
	return c
}
