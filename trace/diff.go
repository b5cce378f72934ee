package trace

import (
	"fmt"
	"io"
)

// Difference is where two recordings of the same program first decide otherwise,
// and the story of the first of them.
type Difference struct {
	Same  bool    `json:"same"`
	First *Parted `json:"first"` // nil when Same
	Story []Told  `json:"story"` // of the first recording
	More  int     `json:"more"`  // sentences that were left out
}

// Parted is the first difference: an event of each recording. One that has ended
// there has the number of its events.
type Parted struct {
	A    Moment `json:"a"`
	B    Moment `json:"b"`
	Text Words  `json:"text"`
}

// Moment is an event of a recording.
type Moment struct {
	I int64 `json:"i"`
	T int64 `json:"t"`
}

// Told is a sentence of a story.
type Told struct {
	I    int64  `json:"i"`
	T    int64  `json:"t"`
	G    uint64 `json:"g"`
	Text Words  `json:"text"`
}

const maxStory = 4000 // sentences

// Compare reads two recordings to their ends and compares what they decide: who
// is created, runs, parks, is readied and ends, in which order and for what.
// Times, addresses, Ms and Ps may differ. Of a damaged recording what comes
// before the damage counts.
func Compare(a, b *Reader) (*Difference, error) {
	d := &Difference{Same: true, Story: []Told{}}
	left, right := newTeller(a), newTeller(b)
	for {
		x, errA := left.next()
		if err := failed(errA); err != nil {
			return nil, err
		}
		if errA == nil {
			d.tell(left, x)
		}
		if !d.Same {
			if errA != nil {
				return d, nil
			}
			continue
		}
		y, errB := right.next()
		if err := failed(errB); err != nil {
			return nil, err
		}
		if errA != nil && errB != nil {
			return d, nil
		}
		if errA != nil || errB != nil || x.key != y.key {
			d.Same = false
			d.First = &Parted{left.moment(errA), right.moment(errB), parted(x, y, errA, errB)}
			if errA != nil {
				return d, nil
			}
		}
	}
}

// failed returns err if it is not the end of a recording, nor damage to it.
func failed(err error) error {
	if _, damaged := err.(*FormatError); damaged || err == io.EOF {
		return nil
	}
	return err
}

func parted(x, y decision, errA, errB error) Words {
	switch {
	case errA != nil:
		return Words{"The first ends here; the second goes on: " + y.text.EN, "第一个到此结束；第二个继续：" + y.text.ZH}
	case errB != nil:
		return Words{"The second ends here; the first goes on: " + x.text.EN, "第二个到此结束；第一个继续：" + x.text.ZH}
	}
	return Words{x.text.EN + " — in the other: " + y.text.EN, x.text.ZH + " —— 另一个：" + y.text.ZH}
}

func (d *Difference) tell(t *teller, x decision) {
	if x.silent {
		return
	}
	if len(d.Story) == maxStory {
		d.More++
		return
	}
	d.Story = append(d.Story, Told{t.at.I, t.at.T, x.g, x.text})
}

// decision is an event that is compared: key is what must be the same.
type decision struct {
	key    string
	g      uint64
	text   Words
	silent bool // it is compared but not told: a choice that is the default
}

// teller reads a recording as decisions.
type teller struct {
	r      *Reader
	en, zh narrator
	gs     map[uint64]int // coroutines and objects, numbered as they appear
	objs   map[uint64]int
	i      int64
	at     Moment
	end    Moment
}

func newTeller(r *Reader) *teller {
	t := &teller{r: r, en: newNarrator(r.Symbol), zh: newNarrator(r.Symbol), gs: make(map[uint64]int), objs: make(map[uint64]int)}
	t.zh.lang = languages["zh"]
	return t
}

// next returns the next decision. at is where it stands.
func (t *teller) next() (decision, error) {
	for {
		e, err := t.r.Next()
		if err != nil {
			t.end.I = t.i
			return decision{}, err
		}
		t.i++
		t.end.T = e.Time
		if key, ok := t.key(&e); ok {
			t.at = Moment{t.i - 1, e.Time}
			who := where(&e) + " "
			return decision{key, e.G, Words{who + t.en.describe(&e), who + t.zh.describe(&e)}, e.Kind == KChoose && e.Sub == 0}, nil
		}
	}
}

func (t *teller) moment(err error) Moment {
	if err != nil {
		return t.end
	}
	return t.at
}

// key returns what is compared of e; false: nothing.
func (t *teller) key(e *Event) (string, bool) {
	number := func(m map[uint64]int, id uint64) int {
		if id == 0 {
			return 0
		}
		if m[id] == 0 {
			m[id] = len(m) + 1
		}
		return m[id]
	}
	g := number(t.gs, e.G)
	switch e.Kind {
	case KGoCreate:
		entry, site := t.r.Symbol(e.B), t.r.Symbol(e.C)
		return fmt.Sprint(e.Kind, g, number(t.gs, e.A), entry.Func, site.File, site.Line), true
	case KGoPark:
		obj := 0
		if !Reason(e.Sub).outside() {
			obj = number(t.objs, e.A)
		}
		site := t.r.Symbol(e.B)
		return fmt.Sprint(e.Kind, g, e.Sub, obj, site.File, site.Line), true
	case KGoReady:
		return fmt.Sprint(e.Kind, g, number(t.gs, e.A), e.C), true
	case KChoose:
		return fmt.Sprint(e.Kind, number(t.gs, e.B), e.C), true
	case KGoStart, KGoYield, KGoExit, KGoBlock, KGoUnblock, KPanic, KDeadlock:
		return fmt.Sprint(e.Kind, g), true
	}
	return "", false
}
