// Package devtools is an extension that lets developers look into a running
// scope and change it. It makes the messages that are sent to them and carries
// out the commands that they send. The connections are the host's.
package devtools

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// Devtools is the extension. The host calls its methods:
//
//   - initialState gives the message for a developer who has just connected;
//   - command carries out a developer's message. Its errors have the codes
//     malformed, unknown_type, those of guest.Scope, and whatever the scope's
//     extensions refuse with.
//
// Each change of a value is given to the host's function
// acme_devtools_v1.broadcast as a message for all of them. Messages are text,
// JSON.
type Devtools struct{}

// New gives the extension.
func New() Devtools { return Devtools{} }

var attached = guest.Var[uint64]("scope")

// Attach asks to be told of changes.
func (Devtools) Attach(s *guest.Scope) error {
	if err := attached.Set(s.ID); err != nil {
		return err
	}
	_, err := s.OnChange()
	return err
}

type initialState struct {
	Type      string     `json:"type"`
	Executors []executor `json:"executors"`
}

type executor struct {
	Name     string `json:"name"`
	Resolved bool   `json:"resolved"`
	Value    any    `json:"value"`
}

type stateChange struct {
	Type      string `json:"type"`
	Event     string `json:"event"`
	Executor  string `json:"executor"`
	Value     any    `json:"value"`
	Timestamp int64  `json:"timestamp"` // milliseconds
}

type command struct {
	Type    string `json:"type"`
	Payload struct {
		Name  string `json:"name"`
		Value any    `json:"value"`
	} `json:"payload"`
}

// Change tells everybody. The change itself takes place whatever becomes of
// the message.
func (Devtools) Change(c *guest.Change) (guest.Value, error) {
	change := stateChange{
		Type: "state-change", Event: c.Operation(), Executor: c.Executor().NameOr("unnamed"),
		Timestamp: guest.Now().UnixNano() / 1e6,
	}
	if change.Event == "resolve" {
		change.Value = toJSON(c.Value())
	}
	message, err := encode(change)
	if err == nil {
		_, err = guest.Invoke(broadcast, message)
	}
	if err != nil {
		guest.Log.Warn("change not shown", "executor", change.Executor, "error", err)
	}
	return guest.Pass, nil
}

// Methods are what the host may call.
func (Devtools) Methods() guest.Methods {
	return guest.Methods{
		"initialState": func(guest.Value) (guest.Value, error) { return state() },
		"command":      guest.Func(carryOut),
	}
}

func state() (guest.Value, error) {
	id, err := attached.Get()
	if err != nil {
		return guest.Value{}, err
	}
	s := guest.Scope{ID: id}
	message := initialState{Type: "initial-state", Executors: []executor{}}
	for e, err := range s.Entries(guest.Values) {
		if err != nil {
			return guest.Value{}, err
		}
		shown := executor{Name: e.NameOr("unnamed"), Resolved: e.State == guest.Resolved}
		if shown.Resolved {
			shown.Value = toJSON(e.Value)
		}
		message.Executors = append(message.Executors, shown)
	}
	text, err := encode(message)
	return guest.Of(text), err
}

func carryOut(text string) (any, error) {
	var c command
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err := checkDepth(text)
	if err == nil {
		err = d.Decode(&c)
	}
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = guest.NewError("", "there is something after it")
		}
	}
	if err != nil {
		return nil, guest.NewError("malformed", "the command is malformed: "+err.Error())
	}
	id, err := attached.Get()
	if err != nil {
		return nil, err
	}
	s := guest.Scope{ID: id}
	switch e := s.Executor(c.Payload.Name); c.Type {
	case "update-executor":
		return nil, e.Update(fromJSON(c.Payload.Value))
	case "release-executor":
		return nil, e.Release()
	}
	return nil, guest.NewError("unknown_type", "there is no such command")
}
