package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// A step is one request and what it is to be answered.
type step struct {
	method, path, customer, body string
	status                       int
	answer                       string // a part of it
}

// chapters are the requests of customers.
var chapters = []struct {
	title string
	steps []step
}{
	{"Requests pass through both:", []step{
		{"GET", "/orders/2", "bob", "", 200, `"total":4900`},
		{"GET", "/orders/99", "ann", "", 404, "no order 99"},
		{"POST", "/orders", "ann", `[{"sku":"pot","count":1}]`, 200, `"id":6`},
	}},
	{"audit refuses what its policy forbids, before anything is done:", []step{
		{"POST", "/orders", "mallory", `[{"sku":"tea","count":1}]`, 403, "mallory is blocked"},
		{"POST", "/orders", "bob", `[{"sku":"kettle","count":50}]`, 403, "above the limit"},
		{"GET", "/orders/7", "bob", "", 404, "no order 7"},
	}},
	{"retry hides that the supplier fails two of three requests, and gives up after three:", []step{
		{"GET", "/quotes/tea", "cem", "", 200, `"request":3`},
		{"GET", "/quotes/saffron", "cem", "", 502, "request 3"},
		{"GET", "/quotes/sofa", "cem", "", 404, "no sofa"},
	}},
}

// attacks are what hostile/main.go can do, and a part of what it must get.
var attacks = []struct{ name, answer string }{
	{"loop", "fuel"},
	{"memory", "memory"},
	{"recursion", "stack"},
	{"panic", "trap"},
	{"file", "open /etc/passwd"},
	{"environment", "0 variables"},
	{"network", "Connection refused"},
	{"forgery", "denied"},
	{"log", "hello"},
}

// A teller prints the story and keeps what did not go as told.
type teller struct {
	io.Writer
	ctx   context.Context
	base  string
	wrong []error
}

// demo sends requests to the service at base and tells w what happens. The
// error says what did not go as it should.
func demo(ctx context.Context, w io.Writer, s *service, base string) error {
	t := &teller{Writer: w, ctx: ctx, base: base}
	fmt.Fprintf(t, "A shop at %s. Around its operations: audit, and within it retry.\n", base)
	asked := 0
	for _, c := range chapters {
		fmt.Fprintf(t, "\n%s\n", c.title)
		for _, x := range c.steps {
			status, answer := t.send(x)
			fmt.Fprintf(t, "  %-8s %-4s %-16s %d %s\n", x.customer, x.method, x.path, status, answer)
			asked++
		}
	}

	fmt.Fprintf(t, "\nWhat audit recorded:\n")
	entries, err := s.audit.Call(ctx, "entries", nil)
	lines, _ := entries.([]any)
	t.check(err == nil && len(lines) == asked, "audit recorded %d operations, not %d; error: %v", len(lines), asked, err)
	for _, line := range lines {
		fmt.Fprintf(t, "  %s\n", line)
	}

	fmt.Fprintf(t, "\nWhat each used for one operation, on average:\n")
	for _, u := range s.usage.all() {
		n := u.Operations
		fmt.Fprintf(t, "  %-8s %7d fuel, self time %5d µs, waiting %5d µs, memory %5d KiB\n",
			u.Extension, u.Fuel/n, u.SelfMicros/n, u.WaitMicros/n, u.Memory>>10)
	}

	t.attack(s)
	return errors.Join(t.wrong...)
}

// attack lets the hostile extension try everything, and looks at the host
// before and after.
func (t *teller) attack(s *service) {
	fmt.Fprintf(t, "\nWhat a hostile extension tried, and what it got:\n")
	t.send(step{"POST", "/attacks/none", "", "", 200, "hello"})
	_, order := t.send(chapters[0].steps[0])
	memory, wrong := s.rt.MemoryBytes(), len(t.wrong)
	for _, a := range attacks {
		target, want := "/etc/passwd", http.StatusInternalServerError
		switch a.name {
		case "network":
			target = strings.TrimPrefix(t.base, "http://")
		case "log":
			want = http.StatusOK
		}
		path := "/attacks/" + a.name + "?target=" + url.QueryEscape(target)
		_, answer := t.send(step{"POST", path, "", "", want, a.answer})
		fmt.Fprintf(t, "  %-12s %s\n", a.name, answer)
	}
	_, again := t.send(chapters[0].steps[0])
	left := s.rt.MemoryBytes()
	t.check(again == order, "the order was %s and is %s", order, again)
	const stack = 128 << 10 // that an idle instance may keep
	t.check(left <= memory+stack, "extensions held %d bytes before and %d after", memory, left)
	harm := "nothing"
	if len(t.wrong) > wrong {
		harm = "harm"
	}
	fmt.Fprintf(t, "\nWhat it did to the host: %s.\n", harm)
	fmt.Fprintf(t, "  before  %s, memory of extensions %5d KiB\n", order, memory>>10)
	fmt.Fprintf(t, "  after   %s, memory of extensions %5d KiB\n", again, left>>10)
}

func (t *teller) check(ok bool, format string, args ...any) {
	if !ok {
		t.wrong = append(t.wrong, fmt.Errorf(format, args...))
	}
}

// send makes a request, checks its answer and gives it, an error as its text.
func (t *teller) send(x step) (status int, answer string) {
	status, answer, err := t.request(x)
	t.check(err == nil && status == x.status && strings.Contains(answer, x.answer),
		"%s %s: got %d %s %v; want %d … %s …", x.method, x.path, status, answer, err, x.status, x.answer)
	return status, answer
}

func (t *teller) request(x step) (status int, answer string, err error) {
	r, err := http.NewRequestWithContext(t.ctx, x.method, t.base+x.path, strings.NewReader(x.body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Customer", x.customer)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	var failed struct{ Error string }
	if json.Unmarshal(body, &failed) == nil && failed.Error != "" {
		return resp.StatusCode, failed.Error, err
	}
	return resp.StatusCode, strings.TrimSpace(string(body)), err
}
