package tester

import (
	"regexp"
	"strings"
)

// pattern says which tests, as -run of go test does: alternatives, each a regular expression for each level of names.
type pattern []alternative

type alternative struct {
	top  *regexp.Regexp
	rest string // for the names of subtests, with a slash before it; "" for all
}

func parsePattern(s string) (p pattern, err error) {
	for _, alt := range splitOutside(s, '|') {
		levels := splitOutside(alt, '/')
		a := alternative{}
		for i, level := range levels {
			re, err := regexp.Compile(level)
			if err != nil {
				return nil, err
			}
			if i == 0 {
				a.top, a.rest = re, alt[len(level):]
			}
		}
		p = append(p, a)
	}
	return p, nil
}

// splitOutside splits s at each sep that is not within brackets or parentheses, and not escaped.
func splitOutside(s string, sep byte) (parts []string) {
	class, depth, from := false, 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == sep && depth == 0:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

// of returns what is to be run of tests: names, or for a test of which only some subtests are meant, the pattern that says which.
func (p pattern) of(tests []string) (all []string) {
	for _, name := range tests {
		var meant []string
		for _, a := range p {
			if !a.top.MatchString(name) {
				continue
			}
			if meant = append(meant, name+a.rest); a.rest == "" {
				meant = []string{name}
				break
			}
		}
		if meant != nil {
			all = append(all, strings.Join(meant, "|"))
		}
	}
	return all
}

var plainWord = regexp.MustCompile(`^[\w./:=@%+,#-]*$`)

// quoted is s as a word for a shell.
func quoted(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
