package enrich

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// A codeKind is what a mapping is written in.
type codeKind int

const (
	codeNone codeKind = iota // pass-through
	codeNative
	codeWasm
	codeJavaScript
	codeTypeScript
)

// mappingCode is what a mapping source came to.
type mappingCode struct {
	kind   codeKind
	name   string // of a native mapping, else a name for people
	digest string // of kind and bytes
	bytes  []byte
}

func newCode(kind codeKind, name string, code []byte) mappingCode {
	h := sha256.New()
	h.Write([]byte{byte(kind)})
	h.Write(code)
	return mappingCode{kind: kind, name: name, digest: hex.EncodeToString(h.Sum(nil)), bytes: code}
}

// mappingExtensions are what stands beside a C# mapping, in the order in which
// it is looked for.
var mappingExtensions = []struct {
	suffix string
	kind   codeKind
}{{".wasm", codeWasm}, {".js", codeJavaScript}, {".ts", codeTypeScript}}

const (
	nativePrefix = "native:"
	digestPrefix = "sha256:"
)

var (
	wasmMagic = []byte("\x00asm")
	// esModule tells JavaScript from the C# that a location says it is.
	esModule = regexp.MustCompile(`(?m)^\s*export\s+(default|const|let|var|function|async|class|\{)`)
)

// findCode finds the code of an extension's mapping.
func (cfg *Config) findCode(ctx context.Context, e *Extension, files fs.FS) (mappingCode, error) {
	m := &e.Mapping
	if !m.Present || m.Location == "" && m.Code == "" {
		return mappingCode{}, nil
	}
	stem := strings.TrimSuffix(path.Base(m.Location), path.Ext(m.Location))
	if m.Location == "" {
		stem = e.Key
	}
	if name, ok := strings.CutPrefix(m.Location, nativePrefix); ok {
		if cfg.Natives[name] == nil && !cfg.noRuntime {
			return mappingCode{}, fmt.Errorf("the location names the native mapping %q, which the host does not offer", name)
		}
		return mappingCode{kind: codeNative, name: name}, nil
	}
	if m.Encoding == "REF" && m.Code != "" {
		return cfg.readReference(ctx, e, m.Code, files)
	}
	code, badCode := decodeCode(m)
	suffix := path.Ext(m.Location)
	switch {
	case bytes.HasPrefix(code, wasmMagic):
		return newCode(codeWasm, stem, code), nil
	case len(code) > 0 && suffix == ".ts":
		return newCode(codeTypeScript, stem, code), nil
	case len(code) > 0 && (suffix == ".js" || esModule.Match(code)):
		return newCode(codeJavaScript, stem, code), nil
	case m.Location == "":
		if badCode != nil {
			return mappingCode{}, badCode
		}
		return mappingCode{}, errors.New("the code is neither a WebAssembly module nor an ES module, and there is no location")
	}
	found, err := cfg.readReference(ctx, e, m.Location, files)
	if err != nil && badCode != nil {
		err = fmt.Errorf("%w; %w", err, badCode)
	}
	return found, err
}

// decodeCode reads the member code; what is not code for Aril is nil.
func decodeCode(m *MappingSource) ([]byte, error) {
	if m.Code == "" || m.Encoding == "NAT" {
		return []byte(m.Code), nil
	}
	code, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(m.Code), ""))
	if err != nil {
		return nil, fmt.Errorf("the code is not base64")
	}
	return code, nil
}

// readReference reads what a digest or a location names.
func (cfg *Config) readReference(ctx context.Context, e *Extension, location string, files fs.FS) (mappingCode, error) {
	if digest, ok := strings.CutPrefix(location, digestPrefix); ok {
		if cfg.noRuntime {
			return mappingCode{}, nil
		}
		code, err := cfg.readDigest(ctx, digest)
		if err != nil {
			return mappingCode{}, err
		}
		kind := codeJavaScript
		if bytes.HasPrefix(code, wasmMagic) {
			kind = codeWasm
		}
		return newCode(kind, e.Key, code), nil
	}
	base := path.Join(path.Dir(e.file), location)
	if strings.HasPrefix(location, "/") || strings.Contains(location, `\`) || !fs.ValidPath(base) {
		return mappingCode{}, fmt.Errorf("the location %q leads out of the directory of definitions", location)
	}
	suffix := path.Ext(base)
	stem := strings.TrimSuffix(base, suffix)
	var looked []string
	for _, x := range mappingExtensions {
		if suffix != ".csx" && suffix != x.suffix {
			continue
		}
		looked = append(looked, stem+x.suffix)
		code, err := readFile(files, stem+x.suffix, cfg.DocumentBytes)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return mappingCode{}, err
		}
		return newCode(x.kind, path.Base(stem), code), nil
	}
	switch {
	case suffix == ".csx":
		return mappingCode{}, fmt.Errorf("the location %s is C#, which is not run, and no mapping is beside it: looked for %s (aril enrich port writes one to begin with)", location, strings.Join(looked, ", "))
	case looked == nil:
		return mappingCode{}, fmt.Errorf("the location %q is none of .wasm, .js, .ts and .csx", location)
	}
	return mappingCode{}, fmt.Errorf("the location names %s, which is not there, and there is no code", looked[0])
}

func (cfg *Config) readDigest(ctx context.Context, digest string) ([]byte, error) {
	if cfg.Module == nil {
		return nil, errors.New("the mapping is named by its digest, and the host has no Config.Module to look it up")
	}
	code, err := cfg.Module(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("%s%s: %w", digestPrefix, digest, err)
	}
	if sum := sha256.Sum256(code); !strings.EqualFold(hex.EncodeToString(sum[:]), digest) {
		return nil, fmt.Errorf("%s%s: what was found has another digest", digestPrefix, digest)
	}
	return code, nil
}

// readFile reads a file of at most limit bytes.
func readFile(files fs.FS, name string, limit int) ([]byte, error) {
	if files == nil {
		return nil, fs.ErrNotExist
	}
	if info, err := fs.Stat(files, name); err != nil { // to open a pipe is to wait for its writer
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", name)
	}
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	b, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && len(b) > limit {
		err = fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	return b, err
}
