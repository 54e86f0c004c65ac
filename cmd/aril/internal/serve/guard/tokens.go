package guard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Tokens says who calls. Secrets are held by their SHA-256 alone.
type Tokens struct {
	// Metrics counts failures, by reason. Set it before the first request.
	// Default: nobody counts.
	Metrics *Metrics

	file  string
	every time.Duration // between two looks of Watch
	now   func() time.Time
	set   atomic.Pointer[tokenSet]

	loading sync.Mutex
	seen    seenFile
}

// A seenFile is what the file was like when it was last read.
type seenFile struct {
	info   os.FileInfo
	at     time.Time
	digest [sha256.Size]byte
}

// LoadTokens reads a file of tokens: entries in JSON, as a list or one after
// another, such as
//
//	{"id": "ci", "sha256": "9f86d0…", "roles": ["read", "write"], "domains": ["banking"], "expires": "2027-01-31T00:00:00Z"}
//
// Ids are unique; they are in logs. Without domains a token is for all of them,
// without expires for ever. A file without a token is an error, and so is a
// member that is none of these. The error lists everything that is wrong. See
// [NewToken] for secrets and digests, [Tokens.Watch] for changes.
func LoadTokens(file string) (*Tokens, error) {
	t := &Tokens{file: file, every: time.Second, now: time.Now}
	if _, err := t.Reload(); err != nil {
		return nil, err
	}
	return t, nil
}

// Reload reads the file again, and reports whether it has changed. A file that
// is wrong changes nothing: those tokens count that did before.
func (t *Tokens) Reload() (changed bool, err error) {
	t.loading.Lock()
	defer t.loading.Unlock()
	info, err := os.Stat(t.file)
	if err != nil {
		return false, fmt.Errorf("tokens: %w", err)
	}
	// A change within the clock's grain of the last look has the same time.
	old := t.seen.info
	if old != nil && os.SameFile(old, info) && old.Size() == info.Size() && old.ModTime().Equal(info.ModTime()) && t.seen.at.Sub(info.ModTime()) > 2*time.Second {
		return false, nil
	}
	at := time.Now()
	b, err := readFile(t.file)
	if err != nil {
		return false, fmt.Errorf("tokens: %w", err)
	}
	digest := sha256.Sum256(b)
	known := old != nil && digest == t.seen.digest
	t.seen = seenFile{info, at, digest}
	if known {
		return false, nil
	}
	set, err := parseTokens(bytes.NewReader(b))
	if err != nil {
		return false, fmt.Errorf("tokens: %s: %w", t.file, err)
	}
	t.set.Store(set)
	return true, nil
}

// Warning says what is wrong with who may use the file; "" where nothing is.
// Digests give no secret away, but who can write the file makes tokens.
func (t *Tokens) Warning() string {
	info, err := os.Stat(t.file)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return ""
	}
	what := "read"
	if info.Mode().Perm()&0o022 != 0 {
		what = "changed"
	}
	return fmt.Sprintf("%s can be %s by others than its owner (mode %04o); use chmod 600", t.file, what, info.Mode().Perm())
}

// Watch looks each second whether the file has changed and reads it again, until ctx is done. What is wrong
// is logged once for each change.
func (t *Tokens) Watch(ctx context.Context, l *slog.Logger) {
	tick := time.NewTicker(t.every)
	defer tick.Stop()
	var last string
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		changed, err := t.Reload()
		if err != nil {
			if err.Error() != last {
				l.Error("tokens not read again; the ones before count", "error", err)
			}
			last = err.Error()
			continue
		}
		last = ""
		if changed {
			l.Info("tokens read again", "file", t.file, "tokens", t.set.Load().len())
			if w := t.Warning(); w != "" {
				l.Warn(w)
			}
		}
	}
}

// Middleware lets those through who have a token, as the caller that it is of.
// The others get a problem with status 401 that does not say what is wrong with
// theirs. The request goes on without the token: extensions see headers, and
// send them to other systems.
func (t *Tokens) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, w, r = begin(w, r)
		secret, wrong := bearer(r.Header["Authorization"])
		var c Caller
		if wrong == "" {
			c, wrong = t.set.Load().find(secret, t.now())
		}
		if wrong != "" {
			t.Metrics.unauthenticated(wrong)
			challenge := `Bearer realm="aril"`
			if wrong != "missing" {
				challenge += `, error="invalid_token"`
			}
			w.Header()["Www-Authenticate"] = []string{challenge}
			unauthorized.write(w, r, "A valid token is needed: Authorization: Bearer aril_….")
			return
		}
		delete(r.Header, "Authorization")
		next.ServeHTTP(w, r.WithContext(WithCaller(r.Context(), c)))
	})
}

// A tokenSet is the tokens of one state of the file, by the first bytes of
// their digests. How long a look-up takes may tell of those bytes, but they are
// of a hash of 256 random bits: nobody can choose a secret that gets closer.
type tokenSet struct{ tokens map[[8]byte][]token }

type token struct {
	digest  [sha256.Size]byte
	caller  Caller
	expires time.Time // zero: never
}

func (s *tokenSet) len() (n int) {
	for _, list := range s.tokens {
		n += len(list)
	}
	return n
}

func (s *tokenSet) find(secret string, now time.Time) (c Caller, wrong string) {
	digest := sha256.Sum256([]byte(secret))
	for _, t := range s.tokens[[8]byte(digest[:8])] {
		if subtle.ConstantTimeCompare(t.digest[:], digest[:]) == 1 {
			if !t.expires.IsZero() && !now.Before(t.expires) {
				return Caller{}, "expired"
			}
			return t.caller, ""
		}
	}
	return Caller{}, "unknown"
}
