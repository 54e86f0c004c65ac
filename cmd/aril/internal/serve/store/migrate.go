package store

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed migrations/*/*.sql
var migrationFiles embed.FS

// migrations are the scripts of a database, in order: the first brings an
// empty one to version 1. A script that was released is never changed.
func migrations(dialect string) ([]string, error) {
	dir := "migrations/" + dialect
	entries, err := migrationFiles.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, e := range entries { // sorted by name
		text, err := fs.ReadFile(migrationFiles, dir+"/"+e.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, string(text))
	}
	return all, nil
}

// pending are the scripts that a database of this version lacks.
func pending(scripts []string, version int) ([]string, error) {
	if version > len(scripts) {
		return nil, fmt.Errorf("its tables are of version %d and this release knows %d: run a newer release, or another database", version, len(scripts))
	}
	return scripts[version:], nil
}
