package guard

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"time"
)

// tokenFileBytes caps the file of tokens.
const tokenFileBytes = 4 << 20

// A TokenEntry is one entry of the file of tokens.
type TokenEntry struct {
	ID      string     `json:"id"`
	SHA256  string     `json:"sha256"`
	Roles   []string   `json:"roles"`
	Domains []string   `json:"domains,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
}

var (
	idForm     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)
	roleForm   = regexp.MustCompile(`^[!-~]{1,100}$`)
	domainForm = regexp.MustCompile(`^[a-z0-9-]{1,50}$`)
)

// readFile reads a file of bounded size.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, tokenFileBytes+1))
	if err == nil && len(b) > tokenFileBytes {
		err = fmt.Errorf("%s is larger than %d bytes", name, tokenFileBytes)
	}
	return b, err
}

func parseTokens(r io.Reader) (*tokenSet, error) {
	entries, err := decodeEntries(r)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, errors.New("there is no token; make one with `aril serve token`")
	}
	var errs []error
	set := &tokenSet{map[[8]byte][]token{}}
	ids, digests := map[string]bool{}, map[[sha256.Size]byte]string{}
	for i, e := range entries {
		t, err := e.token()
		if err == nil && ids[e.ID] {
			err = errors.New("another token has this id")
		}
		if other, ok := digests[t.digest]; err == nil && ok {
			err = fmt.Errorf("token %s has this secret as well", other)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("token %d %q: %w", i+1, e.ID, err))
			continue
		}
		ids[e.ID], digests[t.digest] = true, e.ID
		head := [8]byte(t.digest[:8])
		set.tokens[head] = append(set.tokens[head], t)
	}
	return set, errors.Join(errs...)
}

// decodeEntries takes lists and entries alike, so that a line can be appended.
func decodeEntries(r io.Reader) ([]TokenEntry, error) {
	var entries []TokenEntry
	d := json.NewDecoder(r)
	for {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if err == io.EOF {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("byte %d: %w", d.InputOffset(), err)
		}
		var list []TokenEntry
		if raw[0] == '[' {
			err = strictly(raw, &list)
		} else {
			list = make([]TokenEntry, 1)
			err = strictly(raw, &list[0])
		}
		if err != nil {
			return nil, fmt.Errorf("after token %d: %w", len(entries), err)
		}
		entries = append(entries, list...)
	}
}

// strictly refuses members that nobody reads: a misspelt "domains" would open
// every domain.
func strictly(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// Check says what is wrong with an entry.
func (e TokenEntry) Check() error {
	_, err := e.token()
	return err
}

func (e TokenEntry) token() (token, error) {
	t := token{caller: Caller{ID: e.ID, Roles: slices.Clone(e.Roles), Domains: slices.Clone(e.Domains)}}
	var errs []error
	if !idForm.MatchString(e.ID) {
		errs = append(errs, errors.New("id is letters, digits and . _ @ -, at most 64"))
	}
	if e.ID == anonymous {
		errs = append(errs, errors.New("this id is for callers without a token"))
	}
	if n, err := hex.Decode(t.digest[:], []byte(e.SHA256[:min(len(e.SHA256), 2*sha256.Size)])); err != nil || n != sha256.Size || len(e.SHA256) != 2*sha256.Size {
		errs = append(errs, errors.New("sha256 is 64 hexadecimal digits"))
	}
	for _, role := range e.Roles {
		if !roleForm.MatchString(role) {
			errs = append(errs, fmt.Errorf("role %q is no word of at most 100 characters", role))
		}
	}
	if len(e.Roles) == 0 {
		errs = append(errs, errors.New("roles is empty: it may do nothing"))
	}
	for _, domain := range e.Domains {
		if !domainForm.MatchString(domain) {
			errs = append(errs, fmt.Errorf("domain %q is no small letters, digits and -, at most 50", domain))
		}
	}
	if e.Domains != nil && len(e.Domains) == 0 {
		errs = append(errs, errors.New("domains is empty; leave it out for all of them"))
	}
	if e.Expires != nil {
		t.expires = *e.Expires
		if t.expires.IsZero() {
			errs = append(errs, errors.New("expires is no time"))
		}
	}
	return t, errors.Join(errs...)
}
