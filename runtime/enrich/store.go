package enrich

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// A Store keeps what Publish acknowledged over restarts. An Enricher calls it
// from one goroutine at a time.
type Store interface {
	// Load gives what the last Save kept; nothing for a new Store.
	Load(ctx context.Context) ([]Document, error)

	// Save keeps documents in the place of all that were kept. When it returns
	// nil they survive a crash; when it fails, what was kept before does.
	Save(ctx context.Context, docs []Document) error
}

// errFiles is why some documents cannot be kept.
var errFiles = errors.New("has files beside it, which Config.Store cannot keep; publish its mapping as code")

// save keeps what was published.
func (e *Enricher) save(ctx context.Context, next map[Identity]owned) error {
	var docs []Document
	for _, o := range next {
		if o.owner != published {
			continue
		}
		if o.doc.Files != nil {
			return fmt.Errorf("%s: %w", o.doc.Name, errFiles)
		}
		docs = append(docs, o.doc)
	}
	slices.SortFunc(docs, func(a, b Document) int { return strings.Compare(a.Name, b.Name) })
	return e.config.Store.Save(ctx, docs)
}

// A DirectoryStore is a Store in a directory of its own: one file for each
// document, named by its digest, and an index that says which count.
type DirectoryStore struct {
	dir string

	mu   sync.Mutex
	kept map[string]bool // digests whose files are there
}

// NewDirectoryStore makes a Store of a directory, which it makes if need be.
func NewDirectoryStore(dir string) (*DirectoryStore, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	return &DirectoryStore{dir: dir, kept: map[string]bool{}}, nil
}

// An indexEntry is one document that counts.
type indexEntry struct {
	Name   string `json:"name"`
	Digest string `json:"sha256"`
}

const indexName = "index.json"

// Load reads the documents of the index and holds them against their digests.
func (s *DirectoryStore) Load(ctx context.Context) ([]Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, err := os.ReadFile(filepath.Join(s.dir, indexName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var index []indexEntry
	if err := json.Unmarshal(raw, &index); err != nil {
		return nil, fmt.Errorf("%s: %w", indexName, err)
	}
	var docs []Document
	for _, entry := range index {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if b, err := hex.DecodeString(entry.Digest); err != nil || len(b) != sha256.Size {
			return nil, fmt.Errorf("%s: %q is no digest", indexName, entry.Digest)
		}
		text, err := os.ReadFile(filepath.Join(s.dir, entry.Digest+".json"))
		if err != nil {
			return nil, err
		}
		if digestOf(text) != entry.Digest {
			return nil, fmt.Errorf("%s: %s.json has another digest", entry.Name, entry.Digest)
		}
		s.kept[entry.Digest] = true
		docs = append(docs, Document{Name: entry.Name, JSON: text})
	}
	return docs, nil
}

// Save writes the documents that are new, then the index, then takes away what
// no longer counts.
func (s *DirectoryStore) Save(ctx context.Context, docs []Document) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	index := make([]indexEntry, len(docs))
	wanted := map[string]bool{}
	for i, d := range docs {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		index[i] = indexEntry{d.Name, digestOf(d.JSON)}
		wanted[index[i].Digest] = true
		if s.kept[index[i].Digest] {
			continue
		}
		if err := writeSafely(s.dir, index[i].Digest+".json", d.JSON); err != nil {
			return err
		}
		s.kept[index[i].Digest] = true
	}
	raw, err := json.MarshalIndent(index, "", "\t")
	if err != nil {
		return err
	}
	if err := writeSafely(s.dir, indexName, raw); err != nil {
		return err
	}
	for digest := range s.kept {
		if !wanted[digest] && os.Remove(filepath.Join(s.dir, digest+".json")) == nil {
			delete(s.kept, digest)
		}
	}
	return nil
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// writeSafely writes a file so that after a crash there is the whole of it or
// what was there before.
func writeSafely(dir, name string, content []byte) (err error) {
	f, err := os.CreateTemp(dir, "."+name+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDirectory(dir)
}

// syncDirectory makes a rename survive; some systems cannot, and need not.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}
