package weft_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const rows = 21

var rowTest = regexp.MustCompile("`((?:Test|Benchmark|Example)\\w+)` in ([\\w./-]+_test\\.go)")

// docs/rows.md says which test shows each row of the design and which file has
// it; here is seen to it that both exist.
func TestRowsNameTestsThatExist(t *testing.T) {
	doc, err := os.ReadFile("docs/rows.md")
	if err != nil {
		t.Fatal(err)
	}
	next := 1
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || !regexp.MustCompile(`^ \d+ $`).MatchString(cells[1]) {
			continue
		}
		n := strings.TrimSpace(cells[1])
		if want := next; n != strconv.Itoa(want) {
			t.Errorf("row %s stands where %d belongs", n, want)
		}
		next++
		checkRowTests(t, n, strings.TrimSpace(cells[3]))
		for file := range strings.SplitSeq(strings.TrimSpace(cells[4]), ", ") {
			if _, err := os.Stat(file); err != nil && file != "–" {
				t.Errorf("row %s: %v", n, err)
			}
		}
	}
	if next != rows+1 {
		t.Errorf("the table has %d rows, want %d", next-1, rows)
	}
}

func checkRowTests(t *testing.T, row, cell string) {
	t.Helper()
	found := rowTest.FindAllStringSubmatch(cell, -1)
	if cell != "–" && len(found) == 0 {
		t.Errorf("row %s: %q is not of the form `TestX` in dir/x_test.go", row, cell)
	}
	for _, f := range found {
		src, err := os.ReadFile(f[2])
		if err != nil {
			t.Errorf("row %s: %v", row, err)
		} else if !regexp.MustCompile(`(?m)^func ` + f[1] + `\(`).Match(src) {
			t.Errorf("row %s: no %s in %s", row, f[1], f[2])
		}
	}
}
