// Package build makes an extension of an author's source: it runs the right
// compiler for the language it finds, writes the section "aril", and asks
// admission what a host would say.
package build

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/aril-wasm/aril/abi"
	aril "github.com/aril-wasm/aril/runtime"
)

// A Request says what to build. Path alone is needed.
type Request struct {
	Path     string    // a folder, or a file
	Language Language  // default: the one that is found there
	Out      string    // default: the extension's name and .wasm, in the folder
	Config   any       // for extensions that say what they are only once they have a configuration
	Output   io.Writer // what the compiler prints, and the commands when Verbose. Default: nowhere
	Verbose  bool
	Debug    bool // keep what leads from code to lines of the sources (DWARF)
}

// A Result is what was built.
type Result struct {
	Out      string
	Language Language
	Manifest *abi.Manifest
	Report   *aril.AdmissionReport
	Needs    []string // modules that a host must grant
	Elapsed  time.Duration
	Warnings []string
}

// A source is what there is to build, once looked at.
type source struct {
	Request
	dir   string   // absolute
	files []string // relative to dir: what was named, or all that the language's files are
	tmp   string   // a folder that is removed afterwards
}

// Build builds. The error is a *MissingError where a tool is not there, a
// *CompileError where the compiler refused the source, and matches
// [aril.ErrRefused] where a host would refuse the module; then nothing is
// written.
func Build(ctx context.Context, req Request) (*Result, error) {
	start := time.Now()
	if req.Output == nil {
		req.Output = io.Discard
	}
	src, err := look(req)
	if err != nil {
		return nil, err
	}
	if src.tmp, err = os.MkdirTemp("", "aril-build-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(src.tmp)
	facts, err := readFacts(src.dir)
	if err != nil {
		return nil, err
	}
	module, err := builders[src.Language](ctx, src)
	if err != nil {
		return nil, err
	}
	res := &Result{Language: src.Language}
	if res.Manifest, res.Warnings, err = facts.complete(ctx, src, module); err != nil {
		return nil, err
	}
	packed, err := abi.PackManifest(module, res.Manifest)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", FactsFile, err)
	}
	if res.Report, res.Needs, err = admission(packed); err != nil {
		return res, err
	}
	if res.Out = req.Out; res.Out == "" {
		res.Out = filepath.Join(src.dir, res.Manifest.Name+".wasm")
	}
	if err := write(res.Out, packed); err != nil {
		return nil, err
	}
	res.Elapsed = time.Since(start)
	return res, nil
}

// write puts the file there whole or not at all.
func write(name string, b []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".aril-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(b); err != nil {
		f.Close()
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
