package weft_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestReadmeProgramCompiles(t *testing.T) {
	_, rest, ok := strings.Cut(readme(t), "```go\n")
	program, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("README.md has no Go program")
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "vet", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestReadmeLinksLeadSomewhere(t *testing.T) {
	for _, link := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(readme(t), -1) {
		if _, err := os.Stat(link[1]); err != nil && !strings.Contains(link[1], "://") {
			t.Error(err)
		}
	}
}

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// README.zh-CN.md says what README.md says: the same headings in the same order
// (the Chinese in parentheses behind them), the same commands and programs, the
// same figures, the same links. Comments may be in Chinese.
func TestChineseReadmeKeepsStep(t *testing.T) {
	if testing.Short() {
		t.Skip("the translation may be a change behind while one is made")
	}
	zh, err := os.ReadFile("README.zh-CN.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct {
		name string
		of   func(string) []string
	}{{"heading", headings}, {"line of code or output", codeLines}, {"link", links}} {
		want, got := part.of(readme(t)), part.of(string(zh))
		for i := range max(len(want), len(got)) {
			a, b := at(want, i), at(got, i)
			if a != b {
				t.Errorf("%s %d is %q in README.md, %q in README.zh-CN.md", part.name, i+1, a, b)
				break
			}
		}
	}
	if !strings.Contains(string(zh), "](README.md)") || !strings.Contains(readme(t), "](README.zh-CN.md)") {
		t.Error("the two don't link to each other")
	}
}

func at(s []string, i int) string {
	if i < len(s) {
		return s[i]
	}
	return "(nothing)"
}

func headings(text string) (all []string) {
	for _, m := range regexp.MustCompile(`(?m)^(#+ [^\n（]+)`).FindAllStringSubmatch(withoutCode(text), -1) {
		all = append(all, strings.TrimSpace(m[1]))
	}
	return all
}

var codeBlock = regexp.MustCompile("(?ms)^```(.*?)^```")

func withoutCode(text string) string { return codeBlock.ReplaceAllString(text, "") }

// codeLines returns the lines of code blocks without their comments.
func codeLines(text string) (all []string) {
	comment := regexp.MustCompile(`\s+(#|//) .*$`)
	for _, m := range codeBlock.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(m[1]) {
			all = append(all, strings.TrimRight(comment.ReplaceAllString(strings.TrimSpace(line), ""), " "))
		}
	}
	return all
}

func links(text string) (all []string) {
	pictures := regexp.MustCompile(`!\[[^]]*\]\([^)]*\)`) // which may show the page in either language
	for _, m := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(pictures.ReplaceAllString(text, ""), -1) {
		if !strings.HasPrefix(m[1], "README") {
			all = append(all, m[1])
		}
	}
	return all
}
