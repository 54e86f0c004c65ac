package enrich

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// LoadFS makes the definitions below files, in all *.json, those of name: what
// was loaded under that name before and is not there any more goes. A JSON
// file without a member "flow" that is known here is left out, so that
// definitions may stand among others. The rest is as for [Enricher.Publish].
//
// Mappings and references are looked for in files alone.
func (e *Enricher) LoadFS(ctx context.Context, name string, files fs.FS) ([]Issue, error) {
	if name == published {
		return nil, errors.New("LoadFS wants a name, such as the directory's")
	}
	docs, issues, err := e.collect(ctx, files)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", name, err)
	}
	if len(issues) > 0 {
		_, more := e.parseAll(ctx, docs)
		return nil, e.refused(append(issues, more...))
	}
	return e.change(ctx, name, docs, true)
}

// LoadDir is LoadFS of a directory. Symbolic links do not lead out of it.
func (e *Enricher) LoadDir(ctx context.Context, dir string) ([]Issue, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	issues, err := e.LoadFS(ctx, dir, root.FS())
	return issues, errors.Join(err, root.Close())
}

// collect finds the documents below files.
func (e *Enricher) collect(ctx context.Context, files fs.FS) (docs []Document, issues []Issue, err error) {
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if base := path.Base(name); d.IsDir() && name != "." && (strings.HasPrefix(base, ".") || base == "node_modules") {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(name) != ".json" {
			return nil
		}
		if len(docs) >= e.config.Documents {
			return fmt.Errorf("more than %d definitions", e.config.Documents)
		}
		raw, err := readFile(files, name, e.config.DocumentBytes)
		if err != nil {
			issues = append(issues, Issue{File: name, Line: 1, Message: err.Error()})
			return nil
		}
		if isDefinition(raw) {
			docs = append(docs, Document{Name: name, JSON: raw, Files: files})
		}
		return nil
	})
	return docs, issues, err
}

// isDefinition tells definitions from other JSON. What does not even parse is
// taken for one, so that its author hears of it.
func isDefinition(raw []byte) bool {
	v, err := decodeJSON(raw)
	if err != nil {
		return true
	}
	root, _ := v.(map[string]any)
	switch root["flow"] {
	case FlowExtensions, FlowTasks, FlowWorkflows, FlowViews, FlowSchemas:
		return true
	}
	return false
}

// settle is how long a directory is left alone after a change, so that an
// editor or a deployment can finish.
const settle = 100 * time.Millisecond

// Watch loads a directory and loads it again whenever something below it
// changes, or another directory takes its place (within a second or so), until
// ctx is done. A version that does not load is told of in the
// log and to report, and the last good one serves on. It returns an error when
// it cannot watch, or the context's; the first load's failure is reported like
// any other. report may be nil; it runs on Watch's goroutine.
func (e *Enricher) Watch(ctx context.Context, dir string, report func(warnings []Issue, err error)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }() // nothing is lost with it
	watched, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if err := watchAll(w, dir); err != nil {
		return err
	}
	load := func() {
		issues, err := e.LoadDir(ctx, dir)
		if report != nil && ctx.Err() == nil {
			report(issues, err)
		}
	}
	load()
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case event, ok := <-w.Events:
			if !ok {
				return nil
			}
			if event.Has(fsnotify.Create) {
				_ = watchAll(w, event.Name) // a file, or gone again: no matter
			}
			timer.Reset(settle)
		case err, ok := <-w.Errors:
			if !ok {
				return nil
			}
			// Events were lost: look at everything.
			e.config.Logger.Warn("watching definitions", "directory", dir, "error", err)
			timer.Reset(settle)
		case <-look.C:
			// Another directory may have got the name, or the link another goal.
			if now, err := os.Stat(dir); err == nil && !os.SameFile(now, watched) && watchAll(w, dir) == nil {
				watched = now
				timer.Reset(settle)
			}
		case <-timer.C:
			load()
		}
	}
}

// watchAll watches a directory and those below it.
func watchAll(w *fsnotify.Watcher, dir string) error {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return w.Add(name)
		}
		return nil
	})
}
