// Package all has a field of every sort that aril msgpack knows.
package all

import (
	"time"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	mp "github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

//go:generate go run github.com/aril-wasm/aril/cmd/aril msgpack

// Status has another type below it.
type Status string

// Level too, a narrow one.
type Level uint8

// Part is held by All, in every way.
type Part struct {
	Name string `msg:"name"`
	Next *Part  `msg:"next,omitempty"`
}

// All has everything.
type All struct {
	Bool     bool    `json:"bool"`
	Text     string  `msg:"text" json:"other"`
	Int      int     `msg:"int"`
	Small    int8    `msg:"small"`
	Wide     int64   `msg:"wide"`
	Unsigned uint64  `msg:"unsigned"`
	Single   float32 `msg:"single"`
	Double   float64 `msg:"double"`
	Bytes    []byte  `msg:"bytes"`
	Status   Status  `msg:"status"`
	Level    Level   `msg:"level"`

	Part   Part                `msg:"part"`
	Maybe  *Part               `msg:"maybe"`
	Number *int                `msg:"number"`
	Parts  []Part              `msg:"parts"`
	Grid   [][]int             `msg:"grid"`
	By     map[string][]Status `msg:"by"`
	Ptrs   []*Part             `msg:"ptrs"`

	When    mp.Timestamp   `msg:"when"`
	At      time.Time      `msg:"at"`
	For     guest.Duration `msg:"for"`
	Thing   any            `msg:"thing"`
	Handle  guest.Opaque   `msg:"-"`
	Left    string         `msg:"-"`
	Rarely  int            `msg:"rarely,omitempty"`
	List    []string       `msg:"list,omitempty"`
	hidden  int
	NoTag   string
	A, B    bool
	Another guest.Timestamp `msg:"another,omitempty"`
}

// Own has its methods written by hand, and is left alone.
type Own struct{ N int }

// AppendMsgpack is by hand.
func (o *Own) AppendMsgpack(b []byte) []byte { return mp.AppendInt(b, int64(o.N)) }

// DecodeMsgpack is by hand.
func (o *Own) DecodeMsgpack(r *mp.Reader) error {
	o.N = int(r.Int())
	return r.Err()
}

func (a *All) use() int { return a.hidden }
