package serve

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// filesOf says when the files of a directory were written that are no
// definitions: mappings, above all. What cannot be read is left out; who loads
// it says so.
func filesOf(dir string) map[string]time.Time {
	files := map[string]time.Time{}
	_ = fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		base := path.Base(name)
		if hidden := name != "." && strings.HasPrefix(base, ".") || base == "node_modules"; hidden && e.IsDir() {
			return fs.SkipDir
		}
		if info, err := e.Info(); err == nil && e.Type().IsRegular() && path.Ext(name) != ".json" {
			files[name] = info.ModTime()
		}
		return nil
	})
	return files
}

// changedFiles lists, sorted, those that are new, written since, or gone.
func changedFiles(was, is map[string]time.Time) []string {
	changed := map[string]bool{}
	for name, at := range is {
		if old, ok := was[name]; !ok || !old.Equal(at) {
			changed[name] = true
		}
	}
	for name := range was {
		if _, ok := is[name]; !ok {
			changed[name] = true
		}
	}
	return slices.Sorted(maps.Keys(changed))
}
