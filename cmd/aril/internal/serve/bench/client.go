package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A conn is one kept-alive connection with one request at a time on it. It is
// no http.Client because that costs several times as much of the processors
// that it shares with the service.
type conn struct {
	net.Conn
	r *bufio.Reader
}

func dial(address string) (*conn, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &conn{c, bufio.NewReaderSize(c, 64<<10)}, nil
}

// An answer is what is of interest of a response.
type answer struct {
	status int
	tag    string
	server time.Duration // what the service says that it took, without waiting for a place
	body   []byte        // where it was asked for
}

// do sends a whole request. With keep it reads the body into the answer.
func (c *conn) do(request []byte, keep bool) (answer, error) {
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return answer{}, err
	}
	if _, err := c.Write(request); err != nil {
		return answer{}, err
	}
	got, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return answer{}, err
	}
	defer got.Body.Close()
	a := answer{status: got.StatusCode, tag: got.Header.Get("ETag")}
	if a.server, err = serverTime(got.Header.Get("Server-Timing")); err != nil {
		return answer{}, err
	}
	if keep {
		a.body, err = io.ReadAll(got.Body)
	} else {
		_, err = io.Copy(io.Discard, got.Body)
	}
	return a, err
}

// serverTime reads `total;dur=1.234, wait;dur=0.004, …`, in milliseconds.
func serverTime(header string) (time.Duration, error) {
	took := map[string]float64{}
	for metric := range strings.SplitSeq(header, ",") {
		name, rest, _ := strings.Cut(strings.TrimSpace(metric), ";")
		for param := range strings.SplitSeq(rest, ";") {
			if value, ok := strings.CutPrefix(param, "dur="); ok {
				ms, err := strconv.ParseFloat(value, 64)
				if err != nil {
					return 0, fmt.Errorf("header Server-Timing: %w", err)
				}
				took[name] = ms
			}
		}
	}
	if _, ok := took["total"]; !ok {
		return 0, fmt.Errorf("no total in the header Server-Timing: %q", header)
	}
	return time.Duration((took["total"] - took["wait"]) * float64(time.Millisecond)), nil
}

func get(path string, headers ...string) []byte {
	b := "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
	for i := 0; i < len(headers); i += 2 {
		b += headers[i] + ": " + headers[i+1] + "\r\n"
	}
	return []byte(b + "\r\n")
}

func post(path, body string) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}
