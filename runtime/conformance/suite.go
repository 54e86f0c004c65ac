package conformance

import (
	"fmt"
	"io/fs"
	"slices"

	cases "github.com/aril-wasm/aril/testdata/conformance"
)

// A Suite is cases that are run together, in the order of their files' names.
type Suite struct {
	Files []*File
}

// A File is the cases of one subject.
type File struct {
	Name  string // as in errors and in names of cases: "retry.json"
	About string
	Cases []*Case
}

// A Case is one extension, loaded once, and what is done with it.
type Case struct {
	File     string
	Name     string
	Role     string // the text "role" of its configuration, "" without
	Sandbox  bool   // not for extensions without a sandbox
	Measured bool   // its figures stand for its role

	setup     Setup
	state     map[string][]byte
	steps     []*Step
	initError *wantedError
	log       []wantedLine   // nil: not compared
	kept      map[string]any // in the state afterwards; nil: not compared
	dialect   *dialect
}

// ID is how a list of known failures names the case:
// "retry.json/the third attempt succeeds".
func (c *Case) ID() string { return c.File + "/" + c.Name }

// Shipped gives the cases that every SDK is run on.
func Shipped() (*Suite, error) { return Load(cases.Files) }

// Load reads the cases of a folder, its *.json. They are checked strictly: what
// the format does not know, and a folder or file without cases, is an error
// that names file and case.
func Load(folder fs.FS) (*Suite, error) {
	names, err := fs.Glob(folder, "*.json")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no cases: the folder has no *.json")
	}
	slices.Sort(names)
	s := &Suite{}
	for _, name := range names {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		f, err := ParseFile(name, text)
		if err != nil {
			return nil, err
		}
		s.Files = append(s.Files, f)
	}
	return s, nil
}

// all gives the cases of all files.
func (s *Suite) all() (all []*Case) {
	for _, f := range s.Files {
		all = append(all, f.Cases...)
	}
	return all
}
