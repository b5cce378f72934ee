package seam

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// An overlay stands in the user's cache directory, below weft/seam, in a
// directory named after a hash of all that it was made from: the version, the
// files of GOROOT that are edited, the edits and the added files. So it is never
// changed once it is there. It is written beside its place and moved into it,
// so whoever finds it finds it whole.

// cacheFormat changes when an overlay of the same content would be laid out or
// made differently.
const cacheFormat = "weft seam 1"

// Overlay is a prepared set of insertions.
type Overlay struct {
	*Toolchain
	Dir  string // where the edited copies are
	JSON string // the file for the go command's -overlay

	// Temp, if set, is where the go command makes its temporary files. The caller
	// makes it, and removes it.
	Temp string
}

// Prepare makes the overlay of set, or finds it where an earlier call has left
// it. An edit whose place is not in GOROOT as it should be is refused with an
// [MovedError].
func (t *Toolchain) Prepare(set Set) (*Overlay, error) {
	edits, err := set.forOS(t.GOOS)
	if err != nil {
		return nil, err
	}
	sources, err := t.read(edits)
	if err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("weft keeps edited copies of Go's runtime in the user's cache: %w", err)
	}
	cache = filepath.Join(cache, "weft", "seam")
	dir := filepath.Join(cache, t.key(edits, sources, set.Files))
	o := &Overlay{t, dir, filepath.Join(dir, "overlay.json"), ""}
	if _, err := os.Stat(o.JSON); err == nil {
		o.touch()
		return o, nil
	}
	files, err := t.makeFiles(edits, sources, set.Files)
	if err != nil {
		return nil, err
	}
	if err := o.write(cache, files); err != nil {
		return nil, fmt.Errorf("weft can't write its cache: %w (XDG_CACHE_HOME or HOME must name a directory that can be written)", err)
	}
	sweep(cache)
	return o, nil
}

// An overlay that nobody has asked for in unused is removed when another is made:
// each version of weft and of Go has its own. touch says that one is in use, as
// the time of its directory tells; once a day is enough.
const (
	unused = 30 * 24 * time.Hour
	day    = 24 * time.Hour
)

func (o *Overlay) touch() {
	now := time.Now()
	if info, err := os.Stat(o.Dir); err == nil && now.Sub(info.ModTime()) > day {
		os.Chtimes(o.Dir, now, now) // a cache that is read-only stays as it is
	}
}

// sweep removes what is unused, and what a weft that was killed has left half
// made. What can't be removed stays.
func sweep(cache string) {
	dirs, err := os.ReadDir(cache)
	if err != nil {
		return
	}
	for _, d := range dirs {
		limit := unused
		if strings.HasPrefix(d.Name(), "new") {
			limit = day
		}
		if info, err := d.Info(); err == nil && time.Since(info.ModTime()) > limit {
			os.RemoveAll(filepath.Join(cache, d.Name()))
		}
	}
}

// Verify finds the place of every edit of set and returns a [MovedError] with
// all that have moved. It writes nothing.
func (t *Toolchain) Verify(set Set) error {
	edits, err := set.forOS(t.GOOS)
	if err != nil {
		return err
	}
	sources, err := t.read(edits)
	if err != nil {
		return err
	}
	_, err = t.makeFiles(edits, sources, nil)
	return err
}

// read returns the text of the files in GOROOT that are edited.
func (t *Toolchain) read(edits map[string][]Edit) (map[string][]byte, error) {
	sources := make(map[string][]byte)
	for name := range edits {
		text, err := os.ReadFile(t.src(name))
		if err != nil {
			return nil, fmt.Errorf("GOROOT lacks a file of Go %s: %w: install it anew", Supported, err)
		}
		sources[name] = text
	}
	return sources, nil
}

// src returns the path of a file below GOROOT/src.
func (t *Toolchain) src(name string) string {
	return filepath.Join(t.GOROOT, "src", filepath.FromSlash(name))
}

// key is the name of the overlay's directory.
func (t *Toolchain) key(edits map[string][]Edit, sources map[string][]byte, files []File) string {
	h := sha256.New()
	fmt.Fprintln(h, cacheFormat, t.Version, t.GOROOT)
	for _, name := range slices.Sorted(maps.Keys(edits)) {
		fmt.Fprintf(h, "%s %+q %x\n", name, fmt.Sprintf("%+v", edits[name]), sha256.Sum256(sources[name]))
	}
	for _, f := range files {
		fmt.Fprintf(h, "%q %q\n", f.Path, f.Text)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// makeFiles returns the text of each file of the overlay, by its name below
// GOROOT/src.
func (t *Toolchain) makeFiles(edits map[string][]Edit, sources map[string][]byte, added []File) (map[string][]byte, error) {
	files := make(map[string][]byte)
	moved := &MovedError{Toolchain: t}
	for _, name := range slices.Sorted(maps.Keys(edits)) {
		if strings.HasSuffix(name, ".s") {
			text, anchors := renameText(name, sources[name], edits[name])
			files[name] = text
			moved.Anchors = append(moved.Anchors, anchors...)
			continue
		}
		s, err := parseSource(name, sources[name])
		if err != nil {
			return nil, fmt.Errorf("GOROOT has a file that does not parse: %w: install Go %s anew", err, Supported)
		}
		text, anchors, err := s.edit(edits[name])
		if err != nil {
			return nil, err
		}
		files[name] = text
		moved.Anchors = append(moved.Anchors, anchors...)
	}
	if moved.Anchors != nil {
		return nil, moved
	}
	for _, f := range added {
		if _, err := os.Stat(t.src(f.Path)); err == nil {
			return nil, fmt.Errorf("GOROOT already has %s, which weft wants to add: install Go %s anew", f.Path, Supported)
		}
		files[f.Path] = []byte(f.Text)
	}
	return files, nil
}

// write writes the files and the overlay's JSON into a new directory of cache,
// and moves it to o.Dir.
func (o *Overlay) write(cache string, files map[string][]byte) error {
	if err := os.MkdirAll(cache, 0o777); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(cache, "new")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) // of what was not moved
	var overlay struct{ Replace map[string]string }
	overlay.Replace = make(map[string]string)
	for name, text := range files {
		file := filepath.Join(tmp, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o666); err != nil {
			return err
		}
		overlay.Replace[o.src(name)] = filepath.Join(o.Dir, filepath.FromSlash(name))
	}
	data, err := json.MarshalIndent(overlay, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tmp, "overlay.json"), data, 0o666); err != nil {
		return err
	}
	err = os.Rename(tmp, o.Dir)
	if _, there := os.Stat(o.JSON); there == nil {
		return nil // moved, or another process was faster
	}
	return err
}

// Command returns the go command with the overlay: verb is build, test, vet or
// list; args follow its flags. The caller sets its output and runs it. What is
// wrong in the user's program is reported with the user's own positions. When ctx
// ends, the go command is interrupted, and clears away what it has made: all but
// what it makes before it heeds that, which o.Temp is for.
func (o *Overlay) Command(ctx context.Context, verb string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, o.Go, append([]string{verb, "-overlay", o.JSON}, args...)...)
	cmd.Dir = o.WorkDir
	if o.Temp != "" {
		cmd.Env = append(cmd.Environ(), "GOTMPDIR="+o.Temp)
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	return cmd
}
