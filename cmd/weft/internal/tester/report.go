package tester

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/weftgo/weft/explore"
)

// kindWords say what a kind of failure means.
var kindWords = map[string]string{
	"deadlock": "nothing can run any more, and no timer is armed",
	"cycle":    "goroutines wait in a ring, each for a lock that the next one holds",
	"leak":     "the test has ended, and goroutines are left that nothing can wake",
	"livelock": "the test has not ended within as many scheduling points as -steps says: it goes on for ever, or needs more",
	"timeout":  "the test did not end within the virtual time it has",
	"fail":     "the test failed",
	"race":     "the race detector reports a data race",
	"panic":    "the program panicked",
	"fatal":    "the runtime gave up",
	"exit":     "the program called os.Exit",
	"killed":   "the process was killed",
	"hang":     "the process did not answer: it computes or blocks without a scheduling point",
}

// site is where a goroutine stands and where it was made, from the runtime's text.
type site struct {
	at, made string
	own      bool // a call of the program's, or of a module's, is in it
}

// sites reads the stacks of all goroutines. Their numbers become those within the schedule.
func (s *symbols) sites(stacks string, base int) map[int]site {
	all := map[int]site{}
	for _, block := range strings.Split(stacks, "\n\n") {
		var id int
		if _, err := fmt.Sscanf(block, "goroutine %d ", &id); err != nil {
			continue
		}
		var st site
		lines := strings.Split(block, "\n")
		for i := 1; i+1 < len(lines); i += 2 {
			file, _, _ := strings.Cut(strings.TrimSpace(lines[i+1]), " ")
			name, line, _ := cutLast(file, ":")
			place := s.short(name) + ":" + line
			st.own = st.own || !s.std(name)
			if strings.HasPrefix(lines[i], "created by ") {
				st.made = place
			} else if st.at == "" || s.std(st.at) {
				st.at = place
				if s.std(name) {
					st.at = name // to be replaced by the program's own
				}
			}
		}
		all[id-base] = st
	}
	return all
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// writeBlocked tells of each goroutine that is left what it waits for.
func (s *symbols) writeBlocked(w io.Writer, d *Detail) {
	sites := s.sites(d.Stacks, d.base)
	// Package testing's own are left out; but a server may have the standard library's calls only, too.
	shown := slices.DeleteFunc(slices.Clone(d.Blocked), func(b Blocked) bool { return !sites[b.G].own })
	if len(shown) == 0 {
		shown = d.Blocked
	}
	for _, b := range shown {
		st := sites[b.G]
		why := "could run"
		if b.Reason != "" {
			why = "waits: " + b.Reason
		}
		if s.std(st.at) {
			st.at = s.short(st.at)
		}
		fmt.Fprintf(w, "    g%d %s at %s", b.G, why, st.at)
		if b.Owner != 0 && b.Owner != b.G {
			fmt.Fprintf(w, ", held by g%d", b.Owner)
		} else if b.Owner != 0 {
			fmt.Fprint(w, ", held by itself")
		}
		if st.made != "" {
			fmt.Fprintf(w, "; made at %s", st.made)
		}
		fmt.Fprintln(w)
	}
}

// writeOutput writes the last lines of what was printed.
func writeOutput(w io.Writer, output string, most int) {
	output = strings.TrimRight(output, "\n")
	if output == "" {
		return
	}
	lines := strings.Split(output, "\n")
	if n := len(lines) - most; n > 0 {
		fmt.Fprintf(w, "    ... %d lines ...\n", n)
		lines = lines[n:]
	}
	for _, l := range lines {
		fmt.Fprintf(w, "    %s\n", l)
	}
}

// crash cuts from what a dying program has printed all but its last words and the goroutine that they are about.
func crash(output string) string {
	from := 0
	for _, mark := range []string{"panic: ", "fatal error: "} {
		if i := strings.LastIndex("\n"+output, "\n"+mark); i > from {
			from = i
		}
	}
	output = output[from:]
	if head, rest, ok := strings.Cut(output, "\n\n"); ok {
		first, _, _ := strings.Cut(rest, "\n\n")
		return head + "\n" + first
	}
	return output
}

// writeUntamed names what was not under control.
func (s *symbols) writeUntamed(w io.Writer, all []Untamed, loaded uint64) {
	for _, u := range all {
		fmt.Fprintf(w, "  not under control: %s\n", untamedWords[u.Kind])
		for _, pc := range u.pcs {
			f := s.frame(pc, loaded)
			if f.File == "" {
				break
			}
			fmt.Fprintf(w, "      %s %s\n", f.Func, s.place(f))
			if !s.std(f.File) {
				break
			}
		}
	}
}

// lockCycle returns goroutines that wait for each other in a ring: each but the last waits for what the next holds.
func lockCycle(all []Blocked) (ring []string) {
	next := map[int]int{}
	for _, b := range all {
		if b.Reason != "" && b.Owner != 0 {
			next[b.G] = b.Owner
		}
	}
	for _, b := range all {
		g, n := next[b.G], 1
		for ; g != 0 && g != b.G && n <= len(next); n++ {
			g = next[g]
		}
		if g != b.G {
			continue
		}
		for range n + 1 {
			ring = append(ring, fmt.Sprintf("g%d", g))
			g = next[g]
		}
		return ring
	}
	return nil
}

func fewDevs(devs []explore.Dev) string {
	if len(devs) == 1 {
		return "1 deviation"
	}
	return fmt.Sprintf("%d deviations", len(devs))
}
