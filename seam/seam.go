// Package seam opens the seams of Go's own runtime: it builds an ordinary,
// unchanged Go program with a few insertions in the standard library of the
// user's own Go installation, through the go command's -overlay.
//
// The parts, in the order in which a build meets them:
//
//	[Find]               the go command and its GOROOT; only Go 1.26 will do
//	[Set]                what to insert: edits of functions, files to add
//	[Toolchain.Prepare]  edited copies in the user's cache, and the overlay
//	[Overlay.Command]    go build, go test -c and so on with that overlay
//
// The project holds none of Go's code, and GOROOT is never written to. Text is
// inserted without line breaks, so that positions in the runtime's traces stay
// those of the user's GOROOT.
package seam

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// Supported is the version of Go whose runtime the insertions are made for.
const Supported = "1.26"

// platforms are those whose runtime the anchors have been checked on.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"}

// Toolchain is a go command and what it builds for.
type Toolchain struct {
	Go      string // path of the go command
	WorkDir string // where it is run; "" is the current directory
	GOROOT  string
	Version string // as "go1.26.8"
	GOOS    string // what it builds for
	GOARCH  string
}

// Find finds the go command that a build in directory dir uses. It runs the go
// command once. Its error is one line that says what to do: there is no Go
// installation, or it is not of a supported version, or builds for a system
// that weft can't open.
func Find(dir string) (*Toolchain, error) {
	path, err := exec.LookPath("go")
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return nil, fmt.Errorf("there is no go command in PATH: install Go %s from https://go.dev/dl", Supported)
	}
	cmd := exec.Command(path, "env", "-json", "GOROOT", "GOVERSION", "GOOS", "GOARCH", "GOFLAGS")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s env: %s", path, firstLine(stderr.String(), err))
	}
	var env struct{ GOROOT, GOVERSION, GOOS, GOARCH, GOFLAGS string }
	if err := json.Unmarshal(out, &env); err != nil {
		return nil, fmt.Errorf("%s env: %v", path, err)
	}
	t := &Toolchain{path, dir, env.GOROOT, env.GOVERSION, env.GOOS, env.GOARCH}
	return t, t.check(env.GOFLAGS)
}

var supportedVersion = regexp.MustCompile(`^go` + regexp.QuoteMeta(Supported) + `(\.\d+)?([ -].*)?$`)

// check refuses what the insertions are not made for.
func (t *Toolchain) check(goflags string) error {
	if !supportedVersion.MatchString(t.Version) {
		return fmt.Errorf("%s is %s, and weft opens the runtime of Go %s.x only: put the go command of a Go %s first in PATH",
			t.Go, t.Version, Supported, Supported)
	}
	platform := t.GOOS + "/" + t.GOARCH
	for _, p := range platforms {
		if p == platform {
			return t.checkOverlay(goflags)
		}
	}
	return fmt.Errorf("weft can't open Go's runtime on %s: GOOS and GOARCH must be one of %s", platform, strings.Join(platforms, ", "))
}

// checkOverlay: the go command takes one -overlay, the last one.
func (t *Toolchain) checkOverlay(goflags string) error {
	for _, f := range strings.Fields(goflags) {
		if name, _, _ := strings.Cut(strings.TrimLeft(f, "-"), "="); name == "overlay" {
			return fmt.Errorf("GOFLAGS has -overlay, which weft needs for itself: run it with GOFLAGS=%s",
				strings.TrimSpace(strings.Replace(goflags, f, "", 1)))
		}
	}
	if _, err := os.Stat(t.GOROOT); err != nil {
		return fmt.Errorf("GOROOT: %v", err)
	}
	return nil
}

// firstLine returns the first line of text, or err if there is none.
func firstLine(text string, err error) string {
	if line, _, _ := strings.Cut(strings.TrimSpace(text), "\n"); line != "" {
		return line
	}
	return err.Error()
}
