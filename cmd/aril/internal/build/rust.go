package build

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const rustTarget = "wasm32-unknown-unknown"

// buildRust runs cargo and takes the one module that it says it made.
func buildRust(ctx context.Context, s *source) ([]byte, error) {
	cargo, env := s.cargo(ctx)
	if cargo == "" {
		return nil, &MissingError{Tool: "cargo with the target " + rustTarget, Install: []string{
			"rustup target add " + rustTarget + "   (where Rust came from rustup)",
			"apt-get install rustc cargo libstd-rust-dev-wasm32 lld-14   (Debian 12)",
		}}
	}
	var messages bytes.Buffer
	args := []string{"build", "--release", "--target", rustTarget, "--message-format=json-render-diagnostics",
		"--config", `target.` + rustTarget + `.rustflags=["-Clink-arg=-zstack-size=262144","-Clink-arg=--stack-first","-Ctarget-feature=+bulk-memory"]`}
	if s.Debug {
		args = append(args, "--config", "profile.release.debug=1")
	}
	_, err := s.capture(ctx, command{path: cargo, args: args, env: env}, &messages)
	if err != nil {
		return nil, err
	}
	module := ""
	for d := json.NewDecoder(&messages); d.More(); {
		var m struct {
			Reason    string
			Filenames []string
		}
		if err := d.Decode(&m); err != nil {
			return nil, err
		}
		for _, f := range m.Filenames {
			if strings.HasSuffix(f, ".wasm") {
				module = f
			}
		}
	}
	if module == "" {
		return nil, errors.New("cargo made no module: Cargo.toml needs\n\n  [lib]\n  crate-type = [\"cdylib\"]")
	}
	return os.ReadFile(module)
}

// cargo finds one whose rustc can make modules: a rustup that comes first on
// the PATH often lacks the target that a distribution's Rust has.
func (s *source) cargo(ctx context.Context) (path string, env []string) {
	candidates := []string{s.find("cargo"), "/usr/bin/cargo"}
	for _, cargo := range candidates {
		if _, err := os.Stat(cargo); cargo == "" || err != nil {
			continue
		}
		rustc := filepath.Join(filepath.Dir(cargo), "rustc")
		sysroot, err := exec.CommandContext(ctx, rustc, "--print", "sysroot").Output()
		if err != nil {
			continue
		}
		libraries := filepath.Join(strings.TrimSpace(string(sysroot)), "lib", "rustlib", rustTarget, "lib")
		if list, err := os.ReadDir(libraries); err == nil && len(list) > 0 {
			return cargo, []string{"PATH=" + filepath.Dir(cargo) + string(os.PathListSeparator) + os.Getenv("PATH")}
		}
	}
	return "", nil
}
