package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Versions of clang that are looked for by name, newest first.
const newestClang, oldestClang = 22, 14

// buildC compiles and links in two commands: given -O in one, clang runs
// whatever wasm-opt is on the PATH. --stack-first makes an overflow of the
// guest's stack a trap instead of a write over its data.
func buildC(ctx context.Context, s *source) ([]byte, error) {
	if len(s.files) == 0 {
		return nil, fmt.Errorf("%s: there is no C file", s.dir)
	}
	clang, linker := s.clang()
	if clang == "" || linker == "" {
		return nil, &MissingError{Tool: "clang with wasm-ld", Install: []string{
			"apt-get install clang-19 lld-19   (Debian, Ubuntu)",
			"dnf install clang lld   (Fedora)",
			"brew install llvm lld   (macOS)",
		}}
	}
	includes := []string{"-I."}
	for _, dir := range []string{"include", "aril"} {
		if s.exists(dir) {
			includes = append(includes, "-I"+dir)
		}
	}
	var objects []string
	for i, file := range s.files {
		object := filepath.Join(s.tmp, strconv.Itoa(i)+".o")
		args := []string{"--target=wasm32", "-mbulk-memory", "-O2", "-Wall", "-ffreestanding", "-nostdlib"}
		if s.Debug {
			args = append(args, "-g")
		}
		if bySuffix[filepath.Ext(file)] == CPP {
			args = append(args, "-std=c++20", "-fno-exceptions", "-fno-rtti")
		}
		args = append(args, includes...)
		if err := s.run(ctx, command{path: clang, args: append(args, "-c", file, "-o", object)}); err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
	out := filepath.Join(s.tmp, "out.wasm")
	link := append([]string{"--no-entry", "--stack-first", "-z", "stack-size=262144", "-o", out}, objects...)
	if !s.Debug {
		link = append(link, "--strip-debug")
	}
	if err := s.run(ctx, command{path: linker, args: link}); err != nil {
		return nil, err
	}
	return product(out)
}

// clang finds a compiler and the linker of the same version.
func (s *source) clang() (clang, linker string) {
	if cc := os.Getenv("CC"); strings.Contains(filepath.Base(cc), "clang") {
		clang = s.find(cc)
	}
	for v := newestClang; v >= oldestClang && (clang == "" || linker == ""); v-- {
		c, l := s.find(fmt.Sprintf("clang-%d", v)), s.find(fmt.Sprintf("wasm-ld-%d", v))
		if c != "" && l != "" {
			if clang == "" {
				clang = c
			}
			linker = l
		}
	}
	if clang == "" {
		clang = s.find("clang")
	}
	if l := s.find("wasm-ld"); linker == "" {
		linker = l
	}
	return clang, linker
}
