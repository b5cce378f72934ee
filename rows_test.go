package weft_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const rows = 21

// A test's name, or the title of one of the page's, and its file.
var rowTest = regexp.MustCompile("`([^`]+)` in ([\\w./-]+(?:_test\\.go|\\.test\\.ts))")

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

// The same of what the page does, and weft run and weft test.
func TestOtherRowsNameTestsThatExist(t *testing.T) {
	for _, name := range []string{"docs/page-rows.md", "docs/seam-rows.md"} {
		checkRows(t, name)
	}
}

func checkRows(t *testing.T, name string) {
	t.Helper()
	doc, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 || cells[1] == "---" || cells[1] == " what " {
			continue
		}
		checkRowTests(t, strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]))
		found++
	}
	if found == 0 {
		t.Errorf("%s has no rows", name)
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
		} else if !hasTest(string(src), f[1]) {
			t.Errorf("row %s: no %s in %s", row, f[1], f[2])
		}
	}
}

func hasTest(src, name string) bool {
	return strings.Contains(src, "\nfunc "+name+"(") || strings.Contains(src, `test("`+name+`"`) || strings.Contains(src, "test(`"+name+"`")
}
