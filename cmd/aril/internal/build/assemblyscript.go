package build

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// buildAssemblyScript takes the entry and options from asconfig.json, and
// keeps the names of functions.
func buildAssemblyScript(ctx context.Context, s *source) ([]byte, error) {
	asc := s.find("asc")
	if asc == "" {
		return nil, &MissingError{Tool: "asc, the compiler of AssemblyScript,", Install: []string{
			"npm install   (in " + s.dir + ", where package.json asks for it)",
			"npm install -g assemblyscript@0.28",
		}}
	}
	var config struct {
		Entries []string                   `json:"entries"`
		Targets map[string]json.RawMessage `json:"targets"`
	}
	args := []string{}
	if s.exists("asconfig.json") {
		text, err := os.ReadFile(filepath.Join(s.dir, "asconfig.json"))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &config); err != nil {
			return nil, fmt.Errorf("asconfig.json: %w", err)
		}
		args = append(args, "--config", "asconfig.json")
		if _, ok := config.Targets["release"]; ok {
			args = append(args, "--target", "release")
		}
	} else {
		args = append(args, "-O3", "--runtime", "incremental", "--stackSize", "262144")
	}
	if len(config.Entries) == 0 {
		entry := "assembly/index.ts"
		if len(s.files) == 1 {
			entry = s.files[0]
		}
		if !s.exists(entry) {
			return nil, fmt.Errorf("%s: there is no %s: write it, or list what to compile in asconfig.json under \"entries\"", s.dir, entry)
		}
		args = append([]string{entry}, args...)
	}
	out := filepath.Join(s.tmp, "out.wasm")
	if err := s.run(ctx, command{path: asc, args: append(args, "--debug", "-o", out)}); err != nil {
		return nil, err
	}
	return product(out)
}
