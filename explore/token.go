package explore

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
)

// A Token names one schedule of one test, so that it can be repeated elsewhere.
//
// As text it is "w1.NAME.CODE": the version, the name of the test, which may be followed by a pattern for its subtests, and base64
// without padding of a sequence of varints: the
// flags, the seed, the slack in microseconds, the number of deviations, for each the distance to the one before and its pick;
// three bytes of a checksum over name and sequence come last.
type Token struct {
	Test     string
	Seed     uint64 // of the random values that the program sees, and of a strategy without deviations
	Slack    uint64 // virtual time that may pass though something can run, µs
	RealTime bool
	RealNet  bool
	Devs     []Dev
}

const tokenVersion = "w1"

const (
	flagRealTime = 1 << iota
	flagRealNet
	flagsEnd
)

func (t Token) String() string {
	b := binary.AppendUvarint(nil, t.flags())
	b = binary.AppendUvarint(b, t.Seed)
	b = binary.AppendUvarint(b, t.Slack)
	b = binary.AppendUvarint(b, uint64(len(t.Devs)))
	last := uint32(0)
	for _, d := range t.Devs {
		b = binary.AppendUvarint(b, uint64(d.Step-last))
		b = binary.AppendUvarint(b, uint64(d.Pick))
		last = d.Step
	}
	b = append(b, tokenSum(t.Test, b)...)
	return tokenVersion + "." + t.Test + "." + base64.RawURLEncoding.EncodeToString(b)
}

func (t Token) flags() (f uint64) {
	if t.RealTime {
		f |= flagRealTime
	}
	if t.RealNet {
		f |= flagRealNet
	}
	return f
}

func tokenSum(test string, b []byte) []byte {
	h := crc32.NewIEEE()
	h.Write([]byte(test))
	h.Write(b)
	return h.Sum(nil)[:3]
}

var errToken = errors.New("was cut or changed: copy it whole")

// ParseToken reads what Token.String has written. Its error says what to do.
func ParseToken(s string) (Token, error) {
	s = strings.TrimSpace(s)
	version, rest, ok := strings.Cut(s, ".")
	dot := strings.LastIndexByte(rest, '.')
	switch {
	case !ok || dot < 1:
		return Token{}, fmt.Errorf("%.40q is no token: weft test prints one with each failure, it begins with %s", s, tokenVersion)
	case version != tokenVersion:
		return Token{}, fmt.Errorf("the token is of version %.10q, this weft reads %s: use the weft that printed it", version, tokenVersion)
	}
	test, code := rest[:dot], rest[dot+1:]
	b, err := base64.RawURLEncoding.DecodeString(code)
	if err != nil || len(b) < 3 || string(tokenSum(test, b[:len(b)-3])) != string(b[len(b)-3:]) {
		return Token{}, fmt.Errorf("the token %w", errToken)
	}
	t, err := parseCode(b[:len(b)-3])
	t.Test = test
	if err != nil {
		return Token{}, fmt.Errorf("the token %w", err)
	}
	return t, nil
}

func parseCode(b []byte) (t Token, err error) {
	next := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			err = errToken
			b = nil
			return 0
		}
		b = b[n:]
		return v
	}
	flags := next()
	t.RealTime, t.RealNet = flags&flagRealTime != 0, flags&flagRealNet != 0
	t.Seed, t.Slack = next(), next()
	n := next()
	if err != nil || flags >= flagsEnd || n > uint64(len(b)) { // a deviation takes at least two bytes
		return t, errToken
	}
	step := uint64(0)
	for range n {
		step += next()
		pick := next()
		if err != nil || step >= 1<<32 || pick == 0 || pick >= 1<<32 {
			return t, errToken
		}
		if k := len(t.Devs); k > 0 && uint64(t.Devs[k-1].Step) == step {
			return t, errToken
		}
		t.Devs = append(t.Devs, Dev{uint32(step), uint32(pick)})
	}
	if len(b) != 0 {
		return t, errToken
	}
	return t, nil
}
