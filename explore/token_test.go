package explore

import (
	"reflect"
	"strings"
	"testing"
)

func TestTokensComeBack(t *testing.T) {
	for _, tok := range []Token{
		{Test: "TestA"},
		{Test: "TestÄ", Seed: 1<<64 - 1, Slack: 1000, RealTime: true},
		{Test: "TestB", Seed: 7, Devs: []Dev{{0, 1}, {1, 2}, {900000, 4096}}},
	} {
		s := tok.String()
		got, err := ParseToken(" " + s + "\n")
		if err != nil || !reflect.DeepEqual(got, tok) {
			t.Errorf("%s: %+v, %v, want %+v", s, got, err, tok)
		}
	}
}

func TestADamagedTokenIsRefused(t *testing.T) {
	s := Token{Test: "TestB", Seed: 7, Devs: []Dev{{3, 1}, {5, 2}}}.String()
	for i := range s {
		for _, c := range []byte("aZ9.~") {
			if s[i] == c {
				continue
			}
			if tok, err := ParseToken(s[:i] + string(c) + s[i+1:]); err == nil {
				t.Fatalf("%s with %c at %d: %+v", s, c, i, tok)
			}
		}
		if _, err := ParseToken(s[:i]); err == nil {
			t.Errorf("%s is cut and accepted", s[:i])
		}
	}
	for in, want := range map[string]string{
		"":        "is no token",
		"hello":   "is no token",
		"w9.T.aa": "version",
		"w1.T.aa": "copy it whole",
	} {
		if _, err := ParseToken(in); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want one line with %q", in, err, want)
		}
	}
}

// Whatever is read, writing it gives a token that reads the same.
func FuzzParseToken(f *testing.F) {
	f.Add(Token{Test: "TestB", Seed: 7, Devs: []Dev{{3, 1}, {5, 2}}}.String())
	f.Add("w1.T.AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		tok, err := ParseToken(s)
		if err != nil {
			return
		}
		again, err := ParseToken(tok.String())
		if err != nil || !reflect.DeepEqual(again, tok) {
			t.Errorf("%+v, then %+v, %v", tok, again, err)
		}
	})
}
